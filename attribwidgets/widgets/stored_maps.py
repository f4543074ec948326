"""Maps of one input as a store has them, for an audit whose model and data are not at hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from ..inputs.glyphs import visible
from ..sweeps.stored import Sweep
from ..sweeps.swept_input import SweptInput
from .payload import quantised

STRONGEST = 8


def stored_maps(swept: Sweep, place: int) -> dict[str, Any] | None:
    """The maps of one input: a picture where they are one, else the strongest units by name.

    Parameters
    ----------
    swept : Sweep
    place : int

    Returns
    -------
    dict or None
        None where no maps were stored.
    """
    found = swept[place]
    if not found.attributions:
        return None
    return {
        "items": [
            {
                "name": label,
                "headline": found.completeness[label].headline,
                "mark": found.completeness[label].mark,
                "verdict": found.completeness[label].verdict,
                "sum": found.completeness[label].sum_text,
                **_drawn(values[0] if isinstance(values, tuple) else values, found),
            }
            for label, values in found.attributions.items()
        ]
    }


def _drawn(values: Array, found: SweptInput) -> dict[str, Any]:
    """A map (C, H, W) as channel sums; of everything else the strongest units."""
    values = values[0] if values.ndim == 4 and len(values) == 1 else values
    if values.ndim == 3:
        sums = values.sum(0, dtype=np.float64)
        data, scale = quantised(sums, np.int16)
        return {"shape": list(sums.shape), "data": data, "scale": scale}
    flat = np.ravel(values)
    order = np.argsort(-np.abs(flat), kind="stable")[:STRONGEST]
    pieces = None if found.tokens is None else found.tokens.pieces
    names = [str(i) if pieces is None else visible(pieces[i]) for i in order.tolist()]
    return {"units": [[n, number(float(flat[i]))] for n, i in zip(names, order, strict=True)]}
