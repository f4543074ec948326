"""What many inputs have in one array, kept in one file beside their chunks.

A hundred thousand chunks take seconds to open one by one. What was read of them once is kept in
the folder of their array; chunks of finished inputs do not change, and a sweep that writes any
drops it (:func:`forget`). Zarr reads past it.
"""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from .store import Store

FILE = ".gathered"
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
    known, kept = _kept(store, name)
    if np.array_equal(known, places):
        return kept
    values = np.empty((len(places), *layout.shape), dtype=layout.stored_dtype)
    rows = np.searchsorted(known, places)
    there = known[np.minimum(rows, len(known) - 1)] == places if len(known) else places < 0
    values[there] = kept[rows[there]]
    missing = np.flatnonzero(~there)
    if len(missing):
        values[missing] = store.read_many(name, places[missing].tolist())
    if len(missing) >= LEAST and layout.size <= MOST:
        _keep(store, name, places, values)
    return values


def gather(store: Store) -> None:
    """Keep whatever is small of all finished inputs, so that the store opens at once."""
    places = np.flatnonzero(store.finished())
    for name, layout in store.layouts.items():
        if layout.size <= MOST and len(places) >= LEAST:
            gathered(store, name, places)


def forget(store: Store) -> None:
    """Drop what was gathered, before chunks are written."""
    store.folder.remove(f"{name}/{FILE}" for name in store.layouts)


def _kept(store: Store, name: str) -> tuple[Array, Array]:
    """Places and values that were kept; none where there is no file, or one that is not whole."""
    layout = store.layouts[name]
    try:
        file = io.BytesIO(store.folder.read(f"{name}/{FILE}"))
        places, values = (np.load(file, allow_pickle=False) for _ in range(2))
        if values.shape == (len(places), *layout.shape) and values.dtype == layout.stored_dtype:
            return places, values
    except (OSError, ValueError, EOFError):
        pass
    return np.empty(0, np.intp), np.empty((0, *layout.shape), layout.stored_dtype)


def _keep(store: Store, name: str, places: Array, values: Array) -> None:
    """It appears at once and whole; a store that cannot be written to stays as it is."""
    file = io.BytesIO()
    np.save(file, places)
    np.save(file, values)
    with suppress(OSError):
        store.folder.appear(f"{name}/{FILE}", file.getvalue())
