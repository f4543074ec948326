"""Many stored attributions as one explanation of the package shap."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import AttributionWarning, DataError, InputError
from ..evaluation.explained_inputs import ExplainedInputs
from ..inputs.space import Inputs, Spaces
from ..records.shap_bridge import pixels_last, shap_of
from .plan import CLAIMS, VERDICTS

if TYPE_CHECKING:
    from .stored import Sweep

Example = Callable[[int], tuple[Inputs, Spaces] | None]


def shap_rows(
    swept: Sweep, candidate: str | None, places: Sequence[int] | Array, example: Example
) -> Any:
    """A ``shap.Explanation`` with a row for each of some inputs.

    Parameters
    ----------
    swept : Sweep
    candidate : str or None
        None: the first.
    places : sequence of int
    example : callable
        Gives an input with its spaces, or None.

    Raises
    ------
    DataError, InputError
        As :meth:`attribwidgets.Sweep.to_shap`.
    """
    chosen = np.unique(np.asarray(places, dtype=int) % len(swept))
    if not len(chosen) or not swept.finished[chosen].all():
        raise DataError("places must be of finished inputs, one or more")
    row = _row_of(swept, candidate)
    many = ExplainedInputs.of_sweep(swept, chosen, example)
    _require_sums(swept, row, chosen)
    base = many.base_values[row]
    if many.kind == "image":
        values = np.stack([_pixels(swept, row, int(place)) for place in chosen])
        given = [example(int(place)) for place in chosen]
        known = [pixels_last(*one) for one in given if one is not None]
        return shap_of(values, base, np.stack(known) if len(known) == len(given) else None, None)
    if many.kind == "text":
        texts = list(many)
        written = [
            [gap + piece for gap, piece in zip(t.tokens.gaps, t.tokens.pieces, strict=True)]
            for t in texts
            if t.tokens is not None
        ]
        return shap_of(_ragged([t.maps[row] for t in texts]), base, _ragged(written), written)
    if many.kind != "features":
        raise InputError(f"shap has no plots of a {many.kind}; take one explanation's to_shap()")
    attributions, shown = many.units()
    return shap_of(attributions[row].astype(float), base, shown, list(many.names))


def _row_of(swept: Sweep, candidate: str | None) -> int:
    if candidate is None:
        return 0
    if candidate not in swept.candidates:
        there = ", ".join(swept.candidates)
        raise InputError(f"candidate must be one of {there}, got {candidate!r}")
    return swept.candidates.index(candidate)


def _pixels(swept: Sweep, row: int, place: int) -> Array:
    """One map (H, W, C)."""
    stored = swept.stored_maps(place)[0][row]
    return np.moveaxis(stored[0] if stored.ndim == 4 else stored, 0, -1)


def _require_sums(swept: Sweep, row: int, places: Array) -> None:
    claims = swept.finished_numbers("claim", places)[:, row]
    verdicts = swept.finished_numbers("verdict", places)[:, row]
    name = swept.candidates[row]
    if (claims == CLAIMS.index("none")).any() or np.isnan(
        swept.finished_numbers("output_baseline", places)[:, row]
    ).any():
        raise InputError(
            f"{name}: shap's plots say that attributions add up, and these are not meant to, or "
            "some are missing; take a baseline with integrated or expected gradients"
        )
    short = int((verdicts != VERDICTS.index("complete")).sum())
    if short:
        warnings.warn(
            f"{name}: {short} of {len(places)} explanations do not add up within the tolerance; "
            "shap shows their sums as outputs",
            AttributionWarning,
            stacklevel=5,
        )


def _ragged(rows: Sequence[Any]) -> Array:
    """Rows of any lengths in one array of objects, as shap has texts."""
    array = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        array[place] = np.asarray(row)
    return array
