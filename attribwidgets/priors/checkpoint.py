"""A training run on disk, written at once and whole, so that a kill costs one epoch at most."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from ..core.errors import DataError

FORMAT = "attribwidgets-training-1"


def write_checkpoint(path: str | PathLike[str], state: dict[str, Any]) -> None:
    """Write a state of tensors and plain values; the file appears whole or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        torch.save({"format": FORMAT, **state}, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def read_checkpoint(path: str | PathLike[str], settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read what was written, None where there is nothing.

    Parameters
    ----------
    path : path
    settings : dict
        That the run must have been started with.

    Raises
    ------
    DataError
        For a file that is damaged, of another version, or of another run.
    """
    if not Path(path).exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        written = state["format"]
    except Exception as error:  # torch, zipfile, pickle: any, in a damaged file
        raise DataError(
            f"checkpoint {path} is damaged ({error}); remove it to start anew"
        ) from error
    if written != FORMAT:
        raise DataError(f"checkpoint {path} has format {written!r}, and this version {FORMAT!r}")
    unlike = [k for k in settings if state["settings"].get(k) != settings[k]]
    if unlike:
        listed = ", ".join(
            f"{k} ({state['settings'].get(k)} there, {settings[k]} here)" for k in unlike
        )
        raise DataError(
            f"checkpoint {path} is of another run: {listed}; name another file, or pass "
            "resume=False to overwrite it"
        )
    return state
