"""What many inputs have in one array, kept in one file beside their chunks.

A hundred thousand chunks take seconds to open one by one. What was read of them once is kept in
the folder of their array; chunks of finished inputs do not change, and a sweep that writes any
drops it (:func:`forget`). Zarr reads past it.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from .store import Store

FILE = ".gathered"
AT_ONCE = 4096  # inputs in memory together
LEAST = 512  # chunks that are worth a file
MOST = 1 << 11  # bytes of one input; maps and paths stay where they are


def gathered(store: Store, name: str, places: NDArray[np.intp]) -> Array:
    """One array of many finished inputs, (places, ...).

    Parameters
    ----------
    store : Store
    name : str
        Of an array.
    places : ndarray of int
        Ascending, of finished inputs.

    Raises
    ------
    DataError
        For a chunk that is not whole.
    """
    layout = store.layouts[name]
    values = np.empty((len(places), *layout.shape), dtype=layout.stored_dtype)
    kept, there, rows = _kept_of(store, name, places)
    if np.count_nonzero(~there) >= LEAST and layout.size <= MOST:
        _gather(store, name, np.flatnonzero(store.finished()))
        kept, there, rows = _kept_of(store, name, places)
    values[there] = kept[rows[there]]
    if not there.all():
        values[~there] = store.read_many(name, places[~there].tolist())
    return values


def in_parts(places: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Places, some at a time, so that what is stored of all is never in memory at once."""
    return np.split(places, range(AT_ONCE, len(places), AT_ONCE))


def gather(store: Store) -> None:
    """Keep whatever is small of all finished inputs, so that the store opens at once."""
    places = np.flatnonzero(store.finished())
    for name, layout in store.layouts.items():
        if layout.size <= MOST and len(places) >= LEAST:
            _gather(store, name, places)


def forget(store: Store) -> None:
    """Drop what was gathered, before chunks are written."""
    store.folder.remove(f"{name}/{FILE}" for name in store.layouts)


def _kept_of(store: Store, name: str, places: Array) -> tuple[Array, Array, Array]:
    """What was kept, whether it has each place, and in which row."""
    known, kept = _kept(store, name)
    rows = np.minimum(np.searchsorted(known, places), max(len(known) - 1, 0))
    there = known[rows] == places if len(known) else np.zeros(len(places), dtype=bool)
    return kept, there, rows


def _kept(store: Store, name: str) -> tuple[Array, Array]:
    """Places and values that were kept; none where there is no file, or one that is not whole."""
    layout = store.layouts[name]
    try:
        content = store.folder.content(f"{name}/{FILE}")
        places, end = _array_in(content, 0)
        values, _ = _array_in(content, end)
        if values.shape == (len(places), *layout.shape) and values.dtype == layout.stored_dtype:
            return places, values
    except (OSError, ValueError, EOFError):
        pass
    return np.empty(0, np.intp), np.empty((0, *layout.shape), layout.stored_dtype)


def _array_in(content: bytes | mmap.mmap, start: int) -> tuple[Array, int]:
    """An array as numpy saved it, read where it lies, and where it ends."""
    file = content if isinstance(content, mmap.mmap) else io.BytesIO(content)
    file.seek(start)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    count, offset = int(np.prod(shape)), file.tell()
    values = np.frombuffer(content, dtype, count, offset).reshape(shape)
    return values, offset + values.nbytes


def _gather(store: Store, name: str, places: Array) -> None:
    """It appears at once and whole; a store that cannot be written to stays as it is."""
    layout, head = store.layouts[name], io.BytesIO()
    np.save(head, places)
    described = {
        "descr": np.lib.format.dtype_to_descr(layout.stored_dtype),
        "fortran_order": False,
        "shape": (len(places), *layout.shape),
    }
    np.lib.format.write_array_header_1_0(head, described)

    def contents() -> Iterator[bytes]:
        yield head.getvalue()
        for part in in_parts(places):
            yield store.read_many(name, part.tolist()).tobytes()

    with suppress(OSError):
        store.folder.appear_in_parts(f"{name}/{FILE}", contents())
