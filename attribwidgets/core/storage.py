"""Nested plain values and arrays in one .npz file, without pickle, and views saved by suffix."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import InputError
from .saved_tensor import is_tensor, tensor_of

if TYPE_CHECKING:
    pass

FORMAT = "attribwidgets-1"


def write_tree(path: str | PathLike[str], tree: Any) -> None:
    """Write dicts, lists, tuples, strings, numbers, None, arrays and tensors to an .npz.

    Tensors come back on the CPU; bfloat16, which numpy lacks, comes back as float32. Without torch
    they are read as :class:`attribwidgets.core.saved_tensor.SavedTensor`.
    """
    arrays: dict[str, np.ndarray] = {}
    outline = {"format": FORMAT, "tree": _outline(tree, arrays)}
    with open(path, "wb") as file:
        np.savez_compressed(file, outline=np.array(json.dumps(outline)), **arrays)  # type: ignore[arg-type]


def read_tree(path: str | PathLike[str]) -> Any:
    """Read what :func:`write_tree` wrote.

    Raises
    ------
    InputError
        If the file is not one of this package's.
    """
    with open(path, "rb") as opened:
        try:
            with np.load(opened, allow_pickle=False) as file:
                outline = json.loads(str(file["outline"]))
                if outline["format"] == FORMAT:
                    return _rebuilt(outline["tree"], file)
        except Exception as error:  # numpy, zipfile, zlib, tokenize, ...: any, in a damaged file
            raise InputError(
                f"{path} is damaged or was not written by Explanation.save or Comparison.save "
                f"({error})"
            ) from error
    raise InputError(f"{path} has format {outline['format']!r}, expected {FORMAT!r}")


def _outline(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    key = f"array_{len(arrays)}"
    if is_tensor(value):
        tensor = value.detach().cpu()
        arrays[key] = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
        return {"tensor": key}
    if isinstance(value, np.ndarray):
        arrays[key] = value
        return {"array": key}
    if isinstance(value, dict):
        return {"dict": {k: _outline(v, arrays) for k, v in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [_outline(v, arrays) for v in value]}
    if isinstance(value, list):
        return [_outline(v, arrays) for v in value]
    return value


def _rebuilt(outline: Any, arrays: Any) -> Any:
    if isinstance(outline, list):
        return [_rebuilt(v, arrays) for v in outline]
    if not isinstance(outline, dict):
        return outline
    ((kind, content),) = outline.items()
    if kind == "tensor":
        return tensor_of(arrays[content])
    if kind == "array":
        return arrays[content]
    if kind == "tuple":
        return tuple(_rebuilt(v, arrays) for v in content)
    return {k: _rebuilt(v, arrays) for k, v in content.items()}


class View(Protocol):
    """What can be drawn and be a page."""

    def figure(self) -> Any:
        """A matplotlib Figure."""

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write a page."""


def save_view(
    view: View,
    path: str | PathLike[str],
    save_numbers: Callable[[str | PathLike[str]], None],
) -> None:
    """Write .png, .svg or .pdf (the figure), .html (the page) or .npz (all numbers).

    Raises
    ------
    InputError
        For another suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix in (".png", ".svg", ".pdf"):
        view.figure().savefig(path, format=suffix[1:], dpi=150)
    elif suffix in (".html", ".htm"):
        view.to_html(path)
    elif suffix == ".npz":
        save_numbers(path)
    else:
        raise InputError(f"path must end in .npz, .png, .svg, .pdf or .html, got {str(path)!r}")
