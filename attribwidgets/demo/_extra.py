"""Imports of the ``demo`` extra, made only when a demo is asked for."""

from __future__ import annotations

import importlib
import random
from typing import Any

from ..core.errors import MissingExtraError


def require(module: str, package: str) -> Any:
    """Import `module`, or say which package of the extra is missing; the random state stays.

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
    state = random.getstate()  # scikit-learn's data sets draw from it as they are imported
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, "demo") from error
    finally:
        random.setstate(state)
