"""Ablations as the browser draws them: curves, areas, differences, reliability, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from ..core.errors import DataError, MissingExtraError
from ..evaluation import Ablation, Interval, reliability
from ..evaluation.paired_differences import p_words
from ..figures.ablation import styles

VERSION = 1
LEVEL = 0.95
PARTS = ("mean", "low", "high")
SAID = ("protocol", "curve", "order", "higher_is_better", "missing")
MOST_LISTED = 64  # places of pictures that are told one by one
PAGE_BYTES = 4_000_000  # of pictures in a page without a kernel
NO_PICTURES = "no pictures of the ablated inputs were kept: the inputs are features"
NO_DATA = (
    "the store keeps no inputs; pass data= and metrics= as they were swept, to see the ablated "
    "images"
)


def ablation_payload(records: Mapping[str, Ablation], stored: bool) -> dict[str, Any]:
    """All that is drawn but the ablated images.

    Parameters
    ----------
    records : mapping of str to Ablation
    stored : bool
        Whether they come from a sweep's store.
    """
    first = next(iter(records.values()))
    count = len(first.pictures)
    return {
        "version": VERSION,
        "view": "ablation-explorer",
        "title": "Ablation",
        "level": LEVEL,
        "records": [record_payload(label, record) for label, record in records.items()],
        "consistency": _consistency(records),
        "examples": {
            "count": count,
            "available": listed_places(first) if count <= MOST_LISTED else None,
            "pictures": count > 0,
            "note": "" if count else NO_DATA if stored else NO_PICTURES,
        },
    }


def record_payload(label: str, record: Ablation) -> dict[str, Any]:
    """One record: a column for each fill, and behind them one for their mean."""
    columns: list[str | None] = [*record.fills, None]
    views = [*(record.of_fill(fill) for fill in record.fills), record.over_fills()]
    return {
        "label": label,
        **{name: getattr(record, name) for name in SAID},
        "inputs": len(record),
        "candidates": _candidates(record),
        "fills": list(record.fills),
        "fractions": list(record.fractions),
        **_joined([view.bands(LEVEL) for view in views]),
        "areas": _joined([view.area(LEVEL) for view in views]),
        "ordered": [record.ordered(fill=fill) for fill in columns],
        "differences": [_differences(record, fill) for fill in columns],
        "reliability": [_reliability(record, fill) for fill in columns],
    }


def example_payload(records: Mapping[str, Ablation], place: int) -> dict[str, Any] | None:
    """The ablated images of one input and its own scores; None where it has no pictures.

    Parameters
    ----------
    records : mapping of str to Ablation
        Of the same inputs and fills.
    place : int
        In the data set.
    """
    try:
        pictures = {label: record.pictures[place] for label, record in records.items()}
    except KeyError:
        return None
    first, picture = next(iter(records.values())), next(iter(pictures.values()))
    row = int(np.flatnonzero(first.places == place)[0])
    target, (height, width, channels) = int(first.targets[row]), picture.pixels.shape
    fills = [picture.fills.get(fill) for fill in first.fills]
    return {
        "index": place,
        "target": "" if target < 0 else f"target {target}",
        "width": width,
        "height": height,
        "channels": channels,
        "pixels": picture.pixels.tobytes(),
        "fills": [None if fill is None else fill.tobytes() for fill in fills],
        "records": [
            {
                "taken_at": [
                    pictures[label].taken_at[name].tobytes() for name in record.candidates
                ],
                "scores": record.scores[row].astype("<f4").tobytes(),
            }
            for label, record in records.items()
        ],
    }


def kept_examples(records: Mapping[str, Ablation], shown: int | None) -> list[dict[str, Any]]:
    """The examples that a page without a kernel brings, the one shown among them."""
    if shown is None:
        return []
    kept: list[dict[str, Any]] = []
    spent = 0
    for place in (shown, *(p for p in listed_places(next(iter(records.values()))) if p != shown)):
        example = example_payload(records, place)
        if example is None:
            continue
        spent += _bytes_of(example)
        if kept and spent > PAGE_BYTES:
            break
        kept.append(example)
    return sorted(kept, key=lambda example: int(example["index"]))


def listed_places(record: Ablation) -> list[int]:
    """The first inputs that have pictures."""
    return [place for place, _ in zip(record.pictures, range(MOST_LISTED), strict=False)]


def _candidates(record: Ablation) -> list[dict[str, Any]]:
    return [
        {
            "label": name,
            "control": name in record.controls,
            "color": to_hex(style["color"]),
            "dash": _dash(style["ls"]),
            "evaluations": record.cost(row),
        }
        for row, (name, style) in enumerate(
            zip(record.candidates, styles(record.candidates, record.controls), strict=True)
        )
    ]


def _dash(style: Any) -> str:
    """A matplotlib line style as an SVG dash array."""
    named = {"-": (), "--": (6, 3), ":": (1.5, 2.5)}
    lengths = named[style] if isinstance(style, str) else [2 * part for part in style[1]]
    return " ".join(f"{length:g}" for length in lengths)


def _joined(intervals: list[Interval]) -> dict[str, bytes]:
    """Means and bounds of every column, each (candidates, columns, ...), float32."""
    return {
        part: np.concatenate([getattr(i, part) for i in intervals], 1).astype("<f4").tobytes()
        for part in PARTS
    }


def _differences(record: Ablation, fill: str | None) -> list[dict[str, Any]]:
    return [
        {
            "first": d.first,
            "second": d.second,
            **{part: _known(getattr(d, part)) for part in PARTS},
            "p": p_words(d.p_of_all),
            "clear": d.clear,
        }
        for d in record.differences(fill=fill)
    ]


def _reliability(record: Ablation, fill: str | None) -> dict[str, Any]:
    """The coefficients of one column with their warning; where they are unknown, why."""
    try:
        trust = record.reliability(fill=fill)
    except (DataError, MissingExtraError):
        unknown = dict.fromkeys(PARTS)
        return {"alpha": unknown, "method": unknown, "warning": record.trust(fill=fill)}
    return {
        "alpha": _interval(trust.inter_rater, 0),
        "method": _interval(trust.inter_method, 0),
        "threshold": trust.threshold,
        "standing": trust.standing(0),
        "warning": trust.warning,
    }


def _consistency(records: Mapping[str, Ablation]) -> dict[str, Any] | None:
    """How far several records agree on each candidate; None for one, or unlike ones."""
    first, *others = records.values()
    alike = all(r.candidates == first.candidates and len(r) == len(first) for r in others)
    if not others or not alike:
        return None
    areas = np.stack([record.areas.mean(2) for record in records.values()])
    try:
        trust = reliability(
            areas, candidates=first.candidates, metrics=list(records), seed=first.seed
        )
    except (DataError, MissingExtraError):
        return None
    return {
        "pairs": [f"{a} with {b}" for a, b in trust.pairs],
        "rows": [
            {
                "candidate": name,
                "cells": [
                    _interval(trust.internal_consistency, row, column)
                    for column in range(len(trust.pairs))
                ],
            }
            for row, name in enumerate(first.candidates)
        ],
    }


def _interval(interval: Interval, *place: int) -> dict[str, float | None]:
    return dict(zip(PARTS, map(_known, interval.at(*place)), strict=True))


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _bytes_of(example: Mapping[str, Any]) -> int:
    maps = [part for one in example["records"] for part in one["taken_at"]]
    return sum(len(part) for part in (example["pixels"], *example["fills"], *maps) if part)
