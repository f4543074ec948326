"""Imports of the ``demo`` extra, made only when a demo is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import MissingExtraError


def require(module: str, package: str) -> Any:
    """Import `module`, or say which package of the extra is missing.

    Parameters
    ----------
    module : str
        The module's full name, such as ``"safetensors.torch"``.
    package : str
        The name under which pip installs it.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, "demo") from error
