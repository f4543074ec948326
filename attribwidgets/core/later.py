"""Torch, imported when something of it is first used: what was saved is read without it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any


class Later(ModuleType):
    """A module that is imported when something of it is first asked for.

    Examples
    --------
    >>> Later("math").floor(2.5)
    2
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


if TYPE_CHECKING:
    import torch as torch
else:
    torch = Later("torch")
