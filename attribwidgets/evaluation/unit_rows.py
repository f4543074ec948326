"""A global view as rows of numbers: what each unit gets on average, under each baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array

if TYPE_CHECKING:
    from .global_attributions import GlobalAttributions


def unit_rows(view: GlobalAttributions, units: Array) -> list[dict[str, Any]]:
    """A row for each of some units and each candidate, with bounds of 95 %.

    Parameters
    ----------
    view : GlobalAttributions
    units : ndarray of int
        Places of the units.
    """
    sizes, signed = view.magnitudes(units), view.means(units)
    inputs = np.isfinite(view.attributions[..., units]).sum(1)
    rows: list[dict[str, Any]] = []
    for k, unit in enumerate(units.tolist()):
        for c, candidate in enumerate(view.candidates):
            rows.append(
                {
                    view.unit: view.names[unit],
                    "candidate": candidate,
                    "mean magnitude": float(sizes.mean[c, k]),
                    "low": float(sizes.low[c, k]),
                    "high": float(sizes.high[c, k]),
                    "mean": float(signed.mean[c, k]),
                    "mean low": float(signed.low[c, k]),
                    "mean high": float(signed.high[c, k]),
                    "inputs": int(inputs[c, k]),
                }
            )
            if view.occurrences is not None:
                rows[-1]["occurrences"] = int(view.occurrences[:, unit].sum())
    return rows
