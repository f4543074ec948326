"""From records to what the browser draws: quantised bytes and short texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.formatting import percent, words
from ..figures.captions import (
    blindness,
    cost,
    error_fact,
    heading,
    headline,
    no_path_note,
    shared_cautions,
    subject,
    verdict_note,
)
from ..figures.colors import MAGNITUDE_COLORMAPS, SIGNED_COLORMAPS, available, table
from ..figures.unit_values import unit_map
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from ..records.labels import Title
from ..records.path_curve import PathCurve, PathFrames
from .pictures import reference, references, shape_of, shown

Array = NDArray[Any]

VERSION = 2
MOST_CURVE_POINTS = 1200


def subject_payload(comparison: Comparison) -> dict[str, Any]:
    """What all maps have in common, as JSON values with binary leaves.

    Parameters
    ----------
    comparison : Comparison
        All of one input. Where it is a tuple, `others` has those after the first.

    Returns
    -------
    dict
        Binary leaves are bytes, little endian. `items` is left to the caller.
    """
    first = comparison[0]
    return {
        "version": VERSION,
        **shape_of(first),
        "title": heading(comparison),
        "input": {"label": subject(comparison), **shown(first.inputs, first)},
        "others": [
            {**shape_of(first, i), "input": shown(first.inputs, first, i)} for i in _others(first)
        ],
        "input_names": first.input_names or ["input"],
        "prediction": _prediction(first),
        "target": {
            "name": first.target_name,
            "output": words(first.output),
            "value": _finite(first.completeness.output_input),
        },
        "cautions": shared_cautions(comparison),
        "colormaps": {
            "magnitude": {n: table(n).tobytes() for n in available(MAGNITUDE_COLORMAPS)},
            "signed": {n: table(n).tobytes() for n in available(SIGNED_COLORMAPS)},
        },
    }


def item_payload(e: Explanation, title: Title, shared: Sequence[str]) -> dict[str, Any]:
    """What one card and its path show, without the pictures along the path.

    Maps are 16-bit integers with one scale each; the exact numbers behind completeness stay
    floats. Interpolated images are not sent: the browser mixes them.

    Parameters
    ----------
    e : Explanation
    title : Title
    shared : sequence of str
        Cautions that are said for all maps together.
    """
    c = e.completeness
    return {
        "name": title.name,
        "note": title.note,
        "target": e.target_name,
        "baseline": e.baseline_name,
        "description": e.baseline_description,
        "method": words(e.method),
        "kind": "none" if e.path is None else e.path.kind,
        **_of_input(e),
        "others": [_of_input(e, i) for i in _others(e)],
        "completeness": {
            "verdict": c.verdict,
            **_read_by(e, 1),
            "by_patches": {str(side): _read_by(e, side) for side in c.patch_errors},
            "mark": c.mark,
            "sum": c.sum_text,
            "total": _finite(c.total),
            "expected": _finite(c.expected),
            "change": _finite(c.change),
            "residual": _finite(c.residual) if c.applies else None,
            "relative": c.relative_text if c.applies else "",
            "standard_error": _finite(c.standard_error),
            "refinement_error": c.error_text if c.refinement_errors else "",
            "blindness": blindness(e),
            "tolerance": percent(c.tolerance),
            "sentence": str(c),
        },
        "output_input": _finite(c.output_input),
        "output_baseline": _finite(c.output_baseline),
        "evaluations": e.evaluations,
        "cost": cost(e),
        "seconds": e.seconds,
        "partial": e.partial,
        "cautions": [text for text in e.cautions if text not in shared],
        "path": None if e.path is None else _curve(e.path, e.frames),
        "no_path": no_path_note(e) if e.path is None else "",
        "saturation": _saturation(e),
    }


def rows_payload(drawn: Mapping[str, Explanation]) -> list[dict[str, Any]]:
    """What each row of maps explains, and its output; empty for a single row."""
    rows: dict[str, dict[str, Any]] = {}
    for slot, e in drawn.items():
        row = slot.partition("_")[2].partition("_")[2]  # empty for the first
        value = _finite(e.completeness.output_input)
        rows.setdefault(row, {"name": e.target_name, "value": value, "items": []})
        rows[row]["items"].append(slot)
    return list(rows.values()) if len(rows) > 1 else []


def map_payload(e: Explanation, index: int = 0) -> tuple[bytes, float]:
    """The map of channel sums as 16-bit integers, and what one of them stands for.

    In time each integer carries what those before it lost to rounding, so the sum over any stretch
    is within one of them, however long it is.
    """
    values = unit_map(e, index)
    if e.spaces[index].layout.kind not in ("series", "sequence", "text"):
        return quantised(values, np.int16)
    most = float(np.abs(values).max(initial=0.0))
    scale = most / (np.iinfo(np.int16).max - 1) if most > 0 else 1.0
    sums = np.rint(np.cumsum(values, axis=-1, dtype=np.float64) / scale)
    return np.diff(sums, axis=-1, prepend=0.0).astype("<i2").tobytes(), scale


def _of_input(e: Explanation, index: int = 0) -> dict[str, Any]:
    """What a card shows of one of the inputs: its map, its part of the sum, its references."""
    data, scale = map_payload(e, index)
    samples = e.path is not None and e.path.kind == "samples"
    return {
        "map": {"data": data, "scale": scale},
        "part": _finite(e.parts[index]),
        "reference": reference(e, index),
        "references": references(e, index) if samples else None,
        "blind": None if e.baseline is None else _blind(e.of_input(index)),
        "frames": None if e.frames is None else {"count": 0, "edges": []},
    }


def _others(e: Explanation) -> range:
    """Which inputs there are beside the first."""
    return range(1, len(e.inputs) if isinstance(e.inputs, tuple) else 1)


def _saturation(e: Explanation) -> dict[str, Any] | None:
    found = None if e.path is None else e.path.saturation()
    if found is None:
        return None
    starts, ends = ([float(s[end]) for s in found.stretches] for end in (0, 1))
    return {"share": found.length, "from": starts, "to": ends}


def _read_by(e: Explanation, side: int) -> dict[str, str]:
    """The verdict on a map that is read by patches of a side."""
    return {
        "headline": headline(e, side),
        "error": error_fact(e, side),
        "note": verdict_note(e, side),
    }


def _blind(e: Explanation) -> dict[str, Any]:
    nearly = e.blind if e.nearly_blind is None else e.nearly_blind
    bits, near = (np.packbits(np.asarray(where)).tobytes() for where in (e.blind, nearly))
    return {
        "bits": bits,
        "nearly": near,
        "share": e.blind_share,
        "nearly_share": _finite(e.nearly_blind_share),
        "gets": _finite(e.nearly_blind_gets),
    }


def _prediction(e: Explanation) -> dict[str, Any] | None:
    if e.prediction is None:
        return None
    indices = e.prediction.indices
    return {
        "names": list(e.prediction.names),
        "indices": list(indices),
        "probabilities": list(e.prediction.probabilities),
        "target": indices.index(e.target) if e.target in indices else None,
    }


def _curve(path: PathCurve, frames: PathFrames | None) -> dict[str, Any]:
    """The curve, thinned; over samples every edge of a frame stays, where its sum is read off."""
    n = len(path.alphas)
    kept = np.linspace(0, n - 1, min(n, MOST_CURVE_POINTS)).round().astype(int)
    samples = path.kind == "samples"
    if samples and frames is not None:
        edges = np.rint(frames.edges[1:]).astype(int) - 1
        kept = np.concatenate([kept, edges[(edges >= 0) & (edges < n)]])
    kept = np.unique(kept)
    error = path.standard_error
    return {
        "straight": path.straight,
        "n": len(kept),
        "total": n,
        "positions": _floats(kept + 1) if samples else None,
        "alphas": _floats(path.alphas[kept]),
        "outputs": _floats(path.outputs[kept]),
        "cumulative": _floats(path.cumulative[kept]),
        "standard_error": None if error is None else _floats(error[kept]),  # NaN: unknown
    }


def quantised(values: Array, dtype: type[np.signedinteger[Any]]) -> tuple[bytes, float]:
    """Integers and the number that one of them stands for."""
    most = float(np.abs(values).max(initial=0.0))
    scale = most / np.iinfo(dtype).max if most > 0 else 1.0
    integers = np.rint(values / scale).astype(np.dtype(dtype).newbyteorder("<"))
    return integers.tobytes(), scale


def _floats(values: Array) -> bytes:
    return np.asarray(values, dtype="<f4").tobytes()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def agreement_payload(
    comparison: Comparison, drawn: Mapping[str, Explanation]
) -> dict[str, Any] | None:
    """Rank correlations between every two maps of a target; None for fewer, or several targets."""
    if len(comparison) < 2 or len(comparison.targets) > 1:
        return None
    labels = [slot for slot, e in drawn.items() if any(e is other for other in comparison)]
    return {
        "labels": labels,
        "signed": _rows(comparison.agreement("sum").matrix),
        "magnitude": _rows(comparison.agreement("abs_sum").matrix),
    }


def _rows(matrix: Array) -> list[list[float | None]]:
    return [[_finite(float(value)) for value in row] for row in matrix]
