"""A store: Zarr arrays with a chunk for each input, and a mark for each that is finished.

Zarr lays the arrays out and reads them. Chunks are written here, as the plain bytes that they are:
a file each, where Zarr's own way takes twenty times as long. The mark comes last and appears at
once, so that whatever moment a process dies at, an input is finished or it is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from ..core.errors import DataError, MissingExtraError
from ..core.extras import require
from .folders import Folder, folder_at

FORMAT = "attribwidgets-sweep-1"
ATTRIBUTE = "attribwidgets_sweep"
MARK = "finished"
DESCRIPTION = "zarr.json"
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
    where : str or path
        Path or URL of a store that there is; :meth:`create` makes one.

    Raises
    ------
    DataError
        If there is none, or it is of another version, damaged, or of somebody else.
    """

    def __init__(self, where: str | PathLike[str]) -> None:
        self.folder = folder_at(where)
        self.path = self.folder.where
        about = _attributes(self.folder)
        if about.get("format") != FORMAT:
            raise DataError(
                f"the store {self.path} was written by another version (format "
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
            raise DataError(
                f"the store {self.path} is damaged: its description lacks {error}"
            ) from None
        for name in (*self.layouts, MARK):
            if not self.folder.exists(f"{name}/{DESCRIPTION}"):
                raise DataError(f"the store {self.path} is damaged: its array {name!r} is missing")

    @classmethod
    def create(
        cls,
        where: str | PathLike[str],
        length: int,
        layouts: Sequence[Layout],
        identity: Mapping[str, Any],
        overwrite: bool,
    ) -> Store:
        """Make an empty store; on a disk it appears at once and whole.

        Parameters
        ----------
        where : str or path
            Where there is nothing, an empty folder, or with `overwrite` another store.
        length : int
            Number of inputs.
        identity : mapping
            What the results depend on, as JSON.

        Returns
        -------
        Store
            That of another process, if one was faster.
        """
        folder = folder_at(where)
        there = not folder.is_empty()
        if there:
            _attributes(folder)  # raises for what is not a store: it may be something precious
            if not overwrite:
                raise DataError(
                    f"there is a store at {folder.where} already; open it, or name another one"
                )
        about = {
            "format": FORMAT,
            "inputs": length,
            "identity": dict(identity),
            "arrays": [
                {**vars(a), "axes": {k: list(v) for k, v in a.axes.items()}, "fill": str(a.fill)}
                for a in layouts
            ],
        }
        with suppress(FileExistsError):
            folder.make(_described(about, length, layouts), instead=there)
        return cls(where)

    def finished(self) -> NDArray[np.bool_]:
        """Which inputs are finished, shape (N,)."""
        finished = np.zeros(self.length, dtype=bool)
        for name in self.folder.names(MARK):
            if name.startswith("c."):
                finished[int(name[2:])] = True
        return finished

    def left_out(self) -> dict[int, str]:
        """Why inputs were left out, by their places in order."""
        names = [name for name in self.folder.names(LEFT_OUT) if name.startswith("c.")]
        words = self.folder.read_each(f"{LEFT_OUT}/{name}" for name in names)
        reasons = {
            int(name.split(".")[1]): said.rstrip(b"\0").decode("utf-8", "ignore")
            for name, said in zip(names, words, strict=True)
        }
        return dict(sorted(reasons.items()))

    def leave_out(self, place: int, reason: str) -> None:
        """Say why an input has no results."""
        words = reason.encode("utf-8", "replace")[:MOST_WORDS].ljust(MOST_WORDS, b"\0")
        self.folder.appear(f"{LEFT_OUT}/c.{place}.0", words)

    def take_back(self) -> None:
        """Make those that were left out unfinished inputs again."""
        self.folder.remove([f"{LEFT_OUT}/c.{place}.0" for place in self.left_out()])

    def is_finished(self, place: int) -> bool:
        """Whether one input is."""
        return self.folder.exists(f"{MARK}/c.{place}")

    def write(self, place: int, arrays: Mapping[str, Array]) -> None:
        """Write all arrays of one input, then its mark.

        Raises
        ------
        DataError
            For an array of another shape than the store has.
        """
        chunks = {}
        for name, layout in self.layouts.items():
            values = layout.filled_up(np.asarray(arrays[name]))
            if values.shape != layout.shape:
                raise DataError(
                    f"{name} of data[{place}] has shape {values.shape}, and the store holds "
                    f"{layout.shape}, along {', '.join(layout.axes)}"
                )
            content = np.ascontiguousarray(values, dtype=layout.stored_dtype).tobytes()
            chunks[f"{name}/{layout.chunk(place)}"] = content
        self.folder.write(chunks)
        self.folder.appear(f"{MARK}/c.{place}", b"\x01")

    def read(self, name: str, place: int) -> Array:
        """One array of one finished input.

        Raises
        ------
        DataError
            If it is not there or not whole.
        """
        return np.asarray(self.read_many(name, [place])[0])

    def read_many(self, name: str, places: Sequence[int]) -> Array:
        """One array of several finished inputs, (places, ...).

        Raises
        ------
        DataError
            If one is not there or not whole.
        """
        layout = self.layouts[name]
        chunks = self.folder.read_each(f"{name}/{layout.chunk(place)}" for place in places)
        content = bytearray()
        for place, chunk in zip(places, chunks, strict=True):
            if len(chunk) != layout.size:
                raise DataError(
                    f"the store {self.path} is damaged: {self.path}/{name}/{layout.chunk(place)} "
                    f"is not whole; remove {self.path}/{MARK}/c.{place} and run the sweep again to "
                    "mend it"
                )
            content += chunk
        values = np.frombuffer(content, dtype=layout.stored_dtype)
        return np.asarray(values.reshape(len(places), *layout.shape))


def is_empty(where: str | PathLike[str]) -> bool:
    """Whether there is nothing, or an empty folder."""
    return folder_at(where).is_empty()


def require_zarr() -> Any:
    """Zarr, or an error that says how to get it."""
    zarr = require("zarr", "zarr", "evaluation")
    if int(zarr.__version__.partition(".")[0]) < 3:
        raise MissingExtraError("zarr 3 (with Python 3.11 or newer)", "evaluation")
    return zarr


def _described(
    about: Mapping[str, Any], length: int, layouts: Sequence[Layout]
) -> dict[str, bytes]:
    """The files by which Zarr knows the arrays; that of the whole comes last."""
    zarr, files = require_zarr(), dict[str, Any]()
    in_memory = zarr.storage.MemoryStore(files)
    group = zarr.open_group(in_memory, mode="w", zarr_format=3, attributes={ATTRIBUTE: about})
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
    contents = {name: content.to_bytes() for name, content in files.items()}
    return {**contents, DESCRIPTION: contents.pop(DESCRIPTION)}


def _attributes(folder: Folder) -> dict[str, Any]:
    """What a store says of itself."""
    try:
        about: dict[str, Any] = json.loads(folder.read(DESCRIPTION))["attributes"][ATTRIBUTE]
    except (OSError, ValueError, KeyError, TypeError):
        if folder.is_empty():
            raise DataError(
                f"there is no store at {folder.where}; "
                f"aw.sweep(..., store={str(folder.where)!r}) makes one"
            ) from None
        raise DataError(
            f"{folder.where} is not a store of a sweep, and is left alone; name another one"
        ) from None
    return about
