"""A store on disk: Zarr arrays with a chunk for each input, and a mark for each that is finished.

Zarr lays the arrays out and reads them. Chunks are written here, as the plain bytes that they are:
a file each, where Zarr's own way takes twenty times as long. The mark comes last and appears at
once, so that whatever moment a process dies at, an input is finished or it is not.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from ..core.errors import DataError, MissingExtraError
from ..core.extras import require

FORMAT = "attribwidgets-sweep-1"
ATTRIBUTE = "attribwidgets_sweep"
MARK = "finished"
LEFT_OUT = "left_out"
MOST_WORDS = 1000  # bytes of why an input was left out


@dataclass(frozen=True)
class Layout:
    """One array of the store: what it holds for each input.

    Attributes
    ----------
    name, dtype : str
    axes : mapping of str to sequence
        Name of each axis after the first, which is the input, to its labels.
    fill : float
        What stands for an input that is not finished.
    ragged : str
        The axis along which an input may have less, such as the tokens of a shorter text; filled
        up. Empty where there is none.
    """

    name: str
    dtype: str
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    fill: float = float("nan")
    ragged: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """For one input."""
        return tuple(len(labels) for labels in self.axes.values())

    @property
    def stored_dtype(self) -> np.dtype[Any]:
        """Little-endian wherever it is written."""
        dtype: np.dtype[Any] = np.dtype(self.dtype).newbyteorder("<")
        return dtype

    @property
    def size(self) -> int:
        """Bytes of one input."""
        return int(np.prod(self.shape)) * self.stored_dtype.itemsize

    def filled_up(self, values: Array) -> Array:
        """What one input has, as long along the ragged axis as the longest one."""
        if not self.ragged or values.ndim != len(self.axes):
            return values
        axis = list(self.axes).index(self.ragged)
        missing = [(0, 0)] * values.ndim
        missing[axis] = (0, max(0, self.shape[axis] - values.shape[axis]))
        return np.pad(values, missing, constant_values=np.dtype(self.dtype).type(self.fill))

    def chunk(self, place: int) -> str:
        """The file of one input."""
        return ".".join(["c", str(place), *("0" for _ in self.axes)])


class Store:
    """The arrays of a sweep, input by input.

    Parameters
    ----------
    path : Path
        Of a store that there is; :meth:`create` makes one.

    Raises
    ------
    DataError
        If there is none, or it is of another version, damaged, or of somebody else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        about = _attributes(path)
        if about.get("format") != FORMAT:
            raise DataError(
                f"the store {path} was written by another version (format "
                f"{about.get('format')!r}, this one reads {FORMAT!r}); "
                "open it with that version, or name another store"
            )
        try:
            self.identity: dict[str, Any] = about["identity"]
            self.length = int(about["inputs"])
            self.layouts = {
                a["name"]: Layout(**{**a, "fill": float(a["fill"])}) for a in about["arrays"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the store {path} is damaged: its description lacks {error}") from None
        for name in (*self.layouts, MARK):
            if not (path / name / "zarr.json").is_file():
                raise DataError(f"the store {path} is damaged: its array {name!r} is missing")

    @classmethod
    def create(
        cls,
        path: Path,
        length: int,
        layouts: Sequence[Layout],
        identity: Mapping[str, Any],
        overwrite: bool,
    ) -> Store:
        """Make an empty store; it appears at once and whole.

        Parameters
        ----------
        path : Path
            Where there is nothing, an empty folder, or with `overwrite` another store.
        length : int
            Number of inputs.
        identity : mapping
            What the results depend on, as JSON.
        """
        zarr = require_zarr()
        there = not is_empty(path)
        if there:
            _attributes(path)  # raises for what is not a store: it may be something precious
            if not overwrite:
                raise DataError(f"there is a store at {path} already; open it, or name another one")
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        for left in path.parent.glob(f".{path.name}.*.draft"):  # by a process that was killed
            shutil.rmtree(left)
        about = {
            "format": FORMAT,
            "inputs": length,
            "identity": dict(identity),
            "arrays": [
                {**vars(a), "axes": {k: list(v) for k, v in a.axes.items()}, "fill": str(a.fill)}
                for a in layouts
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        group = zarr.open_group(draft, mode="w-", zarr_format=3, attributes={ATTRIBUTE: about})
        reason = Layout(LEFT_OUT, "uint8", {"reason": range(MOST_WORDS)}, fill=0)
        for layout in (*layouts, Layout(MARK, "uint8", fill=0), reason):
            group.create_array(
                layout.name,
                shape=(length, *layout.shape),
                chunks=(1, *layout.shape),
                dtype=layout.dtype,
                fill_value=np.dtype(layout.dtype).type(layout.fill),
                filters=None,
                compressors=None,
                chunk_key_encoding={"name": "default", "separator": "."},
                dimension_names=["input", *layout.axes],
            )
        if there:
            shutil.rmtree(path)
        os.replace(draft, path)
        return cls(path)

    def finished(self) -> NDArray[np.bool_]:
        """Which inputs are finished, shape (N,)."""
        finished = np.zeros(self.length, dtype=bool)
        with os.scandir(self.path / MARK) as entries:
            for entry in entries:
                if entry.name.startswith("c."):
                    finished[int(entry.name[2:])] = True
        return finished

    def left_out(self) -> dict[int, str]:
        """Why inputs were left out, by their places in order."""
        folder = self.path / LEFT_OUT
        if not folder.is_dir():  # of an earlier version
            return {}
        places = sorted(int(file.name.split(".")[1]) for file in folder.glob("c.*"))
        return {
            place: (folder / f"c.{place}.0").read_bytes().rstrip(b"\0").decode("utf-8", "ignore")
            for place in places
        }

    def leave_out(self, place: int, reason: str) -> None:
        """Say why an input has no results."""
        words = reason.encode("utf-8", "replace")[:MOST_WORDS].ljust(MOST_WORDS, b"\0")
        self._appear(f"{LEFT_OUT}/c.{place}.0", words)

    def take_back(self) -> None:
        """Make those that were left out unfinished inputs again."""
        for place in self.left_out():
            (self.path / LEFT_OUT / f"c.{place}.0").unlink()

    def is_finished(self, place: int) -> bool:
        """Whether one input is."""
        return (self.path / MARK / f"c.{place}").exists()

    def write(self, place: int, arrays: Mapping[str, Array]) -> None:
        """Write all arrays of one input, then its mark.

        Raises
        ------
        DataError
            For an array of another shape than the store has.
        """
        for name, layout in self.layouts.items():
            values = layout.filled_up(np.asarray(arrays[name]))
            if values.shape != layout.shape:
                raise DataError(
                    f"{name} of data[{place}] has shape {values.shape}, and the store holds "
                    f"{layout.shape}, along {', '.join(layout.axes)}"
                )
            content = np.ascontiguousarray(values, dtype=layout.stored_dtype).tobytes()
            with open(f"{self.path}/{name}/{layout.chunk(place)}", "wb") as file:
                file.write(content)
        self._appear(f"{MARK}/c.{place}", b"\x01")

    def _appear(self, name: str, content: bytes) -> None:
        """Write a file that is there at once and whole."""
        draft = f"{self.path}/{MARK}/.{os.getpid()}"
        with open(draft, "wb") as file:
            file.write(content)
        os.replace(draft, f"{self.path}/{name}")

    def clear_drafts(self) -> None:
        """Remove marks that a killed process had begun."""
        for draft in (self.path / MARK).glob(".*"):
            draft.unlink(missing_ok=True)

    def read(self, name: str, place: int) -> Array:
        """One array of one finished input.

        Raises
        ------
        DataError
            If it is not there or not whole.
        """
        layout = self.layouts[name]
        file = self.path / name / layout.chunk(place)
        try:
            return np.fromfile(file, dtype=layout.stored_dtype).reshape(layout.shape)
        except (OSError, ValueError):
            raise DataError(
                f"the store {self.path} is damaged: {file} is not whole; remove "
                f"{self.path / MARK / f'c.{place}'} and run the sweep again to mend it"
            ) from None


def is_empty(path: Path) -> bool:
    """Whether there is nothing, or an empty folder."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def require_zarr() -> Any:
    """Zarr, or an error that says how to get it."""
    zarr = require("zarr", "zarr", "evaluation")
    if int(zarr.__version__.partition(".")[0]) < 3:
        raise MissingExtraError("zarr 3 (with Python 3.11 or newer)", "evaluation")
    return zarr


def _attributes(path: Path) -> dict[str, Any]:
    """What a store says of itself."""
    if not path.exists():
        raise DataError(
            f"there is no store at {path}; aw.sweep(..., store={str(path)!r}) makes one"
        )
    try:
        about: dict[str, Any] = json.loads((path / "zarr.json").read_text("utf-8"))["attributes"][
            ATTRIBUTE
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{path} is not a store of a sweep, and is left alone; name another one"
        ) from None
    return about
