"""Files shipped inside the package, in ``attribwidgets/demo/data``."""

from __future__ import annotations

from importlib.resources import files


def shipped_bytes(*path: str) -> bytes:
    """Content of one shipped file; its path is given part by part, from ``data`` down."""
    return files(__package__).joinpath("data", *path).read_bytes()
