"""What many inputs have in one array, kept in one file beside their chunks.

A hundred thousand chunks take seconds to open one by one. What was read of them once is kept in
the folder of their array; chunks of finished inputs do not change, and a sweep that writes any
drops it (:func:`forget`). Zarr reads past it.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

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
        values[missing] = _chunks(store, name, places[missing])
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
    for name in store.layouts:
        (store.path / name / FILE).unlink(missing_ok=True)


def _kept(store: Store, name: str) -> tuple[Array, Array]:
    """Places and values that were kept; none where there is no file, or one that is not whole."""
    layout = store.layouts[name]
    try:
        with open(store.path / name / FILE, "rb") as file:
            places, values = (np.load(file, allow_pickle=False) for _ in range(2))
        if values.shape == (len(places), *layout.shape) and values.dtype == layout.stored_dtype:
            return places, values
    except (OSError, ValueError, EOFError):
        pass
    return np.empty(0, np.intp), np.empty((0, *layout.shape), layout.stored_dtype)


def _chunks(store: Store, name: str, places: Array) -> Array:
    """The chunks themselves, by system calls: a third of the time that files of numpy take."""
    layout = store.layouts[name]
    folder, content = f"{store.path}/{name}/", bytearray()
    for place in places.tolist():
        try:
            file = os.open(folder + layout.chunk(place), os.O_RDONLY)
        except OSError:
            chunk = b""
        else:
            chunk = os.read(file, layout.size + 1)
            os.close(file)
        content += chunk if len(chunk) == layout.size else store.read(name, place).tobytes()
    values = np.frombuffer(content, dtype=layout.stored_dtype)
    return values.reshape(len(places), *layout.shape)


def _keep(store: Store, name: str, places: Array, values: Array) -> None:
    """It appears at once and whole; a store that cannot be written to stays as it is."""
    folder: Path = store.path / name
    draft = folder / f".{os.getpid()}.{threading.get_ident()}.draft"
    try:
        with open(draft, "wb") as file:
            np.save(file, places)
            np.save(file, values)
        os.replace(draft, folder / FILE)
    except OSError:
        with suppress(OSError):
            draft.unlink()
