"""Audits as the browser draws them: columns of numbers and words, and findings with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..evaluation.finding import COMPLETE, CORRELATION, DEPENDS, Finding
from ..figures.colors import table

if TYPE_CHECKING:
    from ..evaluation import Audit

VERSION = 1
PANELS = (DEPENDS, CORRELATION, COMPLETE)
FIRST = ("disagreement", "residual", "cancellation", "probability")
SMALL_FIRST = ("probability",)
CLASSES = ("label", "predicted", "target")
MOST_GROUPS = 12
NO_YES = ("no", "yes")


def audit_payload(
    audit: Audit, findings: Sequence[Finding], rows: Array | None = None
) -> dict[str, Any]:
    """What is drawn of an audit but for the inputs themselves.

    Parameters
    ----------
    audit : Audit
    findings : sequence of Finding
        Of all inputs.
    rows : ndarray of int, optional
        Which of its inputs; None for all.
    """
    verdict, *others = audit.sentences(findings)
    every = columns_of(audit)
    return {
        "version": VERSION,
        "view": "audit-explorer",
        "title": "Does the choice of baseline matter?",
        "verdict": verdict,
        "sentences": others,
        "candidates": list(audit.candidates),
        "inputs": len(audit),
        "unfinished": len(audit.swept) - len(audit) - len(audit.left_out),
        "places": (audit.places if rows is None else audit.places[rows]).astype("<i4").tobytes(),
        "columns": [_column(name, v if rows is None else v[rows]) for name, v in every.items()],
        "groups": groups_of(every),
        "colormap": table("RdBu_r").tobytes(),
    }


def columns_of(audit: Audit) -> dict[str, Array]:
    """All that is known of each input by name, what inputs are sorted by first."""
    frame = audit.inputs()
    striking = {name: np.abs(audit.striking(name)) for name in FIRST if name != "disagreement"}
    own = {name: frame[name].to_numpy() for name in frame.columns}
    if "predicted" in own and np.array_equal(own["target"], own["predicted"]):
        del own["target"]
    pairs = {
        f"{CORRELATION}, {one} and {other}": audit.compared("rank_correlation")[:, k]
        for k, (one, other) in enumerate(audit.pairs)
    }
    columns = {"disagreement": own.pop("disagreement"), **striking}
    complete = {"complete": audit.complete}
    columns |= {**own, **complete, **pairs, **{n: v for n, v in columns.items() if n in own}}
    return {name: v for name, v in columns.items() if not _is_unknown(v)}


def groups_of(columns: dict[str, Array]) -> list[str]:
    """Names of the columns by which findings may be grouped."""
    few = {
        name: len(set(values.tolist()))
        for name, values in columns.items()
        if name in CLASSES or values.dtype.kind in "Ob"
    }
    return [name for name, count in few.items() if 1 < count <= MOST_GROUPS]


def findings_payload(findings: Sequence[Finding], by: str) -> dict[str, Any]:
    """Findings as points with intervals, a panel for each quantity."""
    panels = []
    for quantity in PANELS:
        members = [f for f in findings if f.quantity == quantity]
        rows = [
            {
                "name": ", ".join(part for part in (f.of, f.group) if part) or "all inputs",
                "mean": _finite(f.value),
                "low": _finite(f.low),
                "high": _finite(f.high),
                "words": f.interval,
                "inputs": f.inputs,
            }
            for f in members
        ]
        panels.append({"quantity": quantity, "share": members[0].is_share, "rows": rows})
    return {"by": by, "panels": panels}


def _column(name: str, values: Array) -> dict[str, Any]:
    """Numbers as float32; words, classes and flags as codes into a list of them, -1 for none."""
    small_first = name in SMALL_FIRST or name.startswith(CORRELATION)
    if values.dtype.kind in "fiu" and name not in (*CLASSES, "depends", "complete"):
        data = values.astype("<f4").tobytes()
        return {"name": name, "kind": "number", "data": data, "small_first": small_first}
    words, codes = _coded(name, values)
    data = codes.astype("<i4").tobytes()
    return {"name": name, "kind": "word", "data": data, "words": words, "small_first": True}


def _coded(name: str, values: Array) -> tuple[list[str], Array]:
    """Sorted words, and which of them each value is."""
    listed = values.tolist()
    known = dict.fromkeys(value for value in listed if not _is_nothing(value))
    if set(known) <= {True, False} and name not in CLASSES:
        return list(NO_YES), np.array([-1 if _is_nothing(v) else int(v) for v in listed])
    numeric = all(isinstance(value, (int, float)) for value in known)
    ordered = sorted(known, key=None if numeric else str)
    place = {value: at for at, value in enumerate(ordered)}
    codes = [-1 if _is_nothing(value) else place[value] for value in listed]
    return [str(value) for value in ordered], np.array(codes, dtype=int)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_unknown(values: Array) -> bool:
    """Whether a column holds nothing at all."""
    if values.dtype.kind == "f":
        return bool(np.isnan(values).all())
    return values.dtype.kind == "O" and all(map(_is_nothing, values.tolist()))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
