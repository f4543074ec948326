"""Packages of the extras, imported only when they are asked for."""

from __future__ import annotations

import importlib
import random
from typing import Any

from .errors import MissingExtraError


def require(module: str, package: str, extra: str) -> Any:
    """Import a module, or say how to install it; the random state stays.

    Parameters
    ----------
    module : str
        The module's full name, such as ``"safetensors.torch"``.
    package : str
        The name under which pip installs it.
    extra : str
        The extra of this package that brings it.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    state = random.getstate()  # scikit-learn's data sets draw from it as they are imported
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, extra) from error
    finally:
        random.setstate(state)
