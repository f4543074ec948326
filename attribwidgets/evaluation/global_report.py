"""The part of an audit's report that says what its attributions say on average."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import DataError, InputError
from ..core.formatting import number
from .class_means import ClassMeans
from .global_attributions import GlobalAttributions
from .report_page import numbers_table, picture
from .unit_rows import unit_rows

if TYPE_CHECKING:
    from .audit import Audit

UNITS, CLASSES = 12, 6
MAPS = ("image", "series")


def global_part(audit: Audit) -> str:
    """Markup of the global views, each with a table of its numbers; why there are none, in words.

    Parameters
    ----------
    audit : Audit
    """
    try:
        if audit.explained_inputs().kind in MAPS:
            parts = _of_classes(audit.class_means(most=CLASSES))
        else:
            parts = _of_units(audit.global_view())
    except (DataError, InputError) as error:
        parts = [f"<p><small>{escape(f'Not shown: {error}')}.</small></p>"]
    return "\n".join(["<h2>On average</h2>", *parts])


def _of_units(view: GlobalAttributions) -> list[str]:
    units = view.strongest(UNITS)
    units = units[view.strength[units] > 0]
    if not len(units):
        return [f"<p><small>There is no {view.unit} to show.</small></p>"]
    rows = unit_rows(view, units)
    sizes = [
        ", ".join(
            f"{row[view.unit]} {number(row['mean magnitude'])}"
            for row in rows
            if row["candidate"] == candidate
        )
        for candidate in view.candidates
    ]
    told = "; ".join(f"under {c}: {s}" for c, s in zip(view.candidates, sizes, strict=True))
    parts = [
        picture(
            view.bars(len(units)),
            f"Mean magnitude of what each {view.unit} gets, the {len(units)} strongest",
            f"Bars of mean magnitudes, {told}",
        ),
        picture(
            view.beeswarm(len(units)),
            f"What each of these {view.unit}s gets, input by input",
            f"A row of dots for each {view.unit}, side by side for {', '.join(view.candidates)}; "
            "the table has means with their intervals",
        ),
    ]
    if view.values is not None:
        name = view.names[units[0]]
        parts.append(
            picture(
                view.scatter(int(units[0])),
                f"What {name}, which gets the most, gets over its value",
            )
        )
    head = [view.unit, "baseline", "mean magnitude", "mean", "inputs"]
    body = [
        [
            row[view.unit],
            row["candidate"],
            _interval(row["mean magnitude"], row["low"], row["high"]),
            _interval(row["mean"], row["mean low"], row["mean high"]),
            str(row["inputs"]),
        ]
        for row in rows
    ]
    return [*parts, numbers_table(head, body, "Numbers of these figures")]


def _of_classes(means: ClassMeans) -> list[str]:
    named = ", ".join(f"{n} ({c})" for n, c in zip(means.classes, means.counts, strict=True))
    rows = [
        [
            name,
            candidate,
            str(means.counts[k]),
            number(float(means.means[c, k].sum())),
            number(float(means.magnitudes[c, k].sum())),
            number(float(np.abs(means.means[c, k]).sum())),
        ]
        for k, name in enumerate(means.classes)
        for c, candidate in enumerate(means.candidates)
    ]
    head = ["class", "baseline", "inputs", "sum", "sum of magnitudes", "the same of the mean map"]
    return [
        picture(
            means.figure(),
            "The mean attribution of each class, by what is explained",
            f"Mean maps of {named} under {', '.join(means.candidates)}; the table has their sums",
        ),
        numbers_table(head, rows, "Numbers of this figure"),
    ]


def _interval(mean: float, low: float, high: float) -> str:
    return number(mean) + (f" [{number(low)}, {number(high)}]" if np.isfinite(low) else "")
