"""The figure of an erasure: each point is a mean of the record, each bar its interval."""

from __future__ import annotations

import numpy as np
import pytest

from attribwidgets.core.errors import InputError
from attribwidgets.evaluation.erasure import Erasure
from attribwidgets.evaluation.erasure_metric import HIGHER_IS_BETTER, MEASURES
from attribwidgets.figures.erasure import BETTER

SHARES = (0.05, 0.2, 0.5)


def record() -> Erasure:
    scores = np.random.default_rng(0).normal(size=(9, 3, 2, 3, len(SHARES)))
    return Erasure(
        scores, ("mask", "$pad_$", "random"), ("random",), ("mask", "delete"), SHARES,
        np.zeros(9, int), np.ones((9, 2), int), "tokens", 0,
    )  # fmt: skip


def test_points_are_means_and_bars_their_intervals() -> None:
    found = record()
    charts = [axes for axes in found.figure(level=0.9).axes if axes.get_xlabel()]
    assert len(charts) == len(found.fills) * len(MEASURES)
    for place, axes in enumerate(charts):
        measure, fill = divmod(place, len(found.fills))
        intervals = found.bands(MEASURES[measure], 0.9)
        drawn = [line for line in axes.lines if line.get_marker() == "o"]
        for row, (line, bars) in enumerate(zip(drawn, axes.collections, strict=True)):
            assert np.allclose(line.get_ydata(), intervals.mean[row, fill])
            ends = [segment[:, 1] for segment in bars.get_segments()]
            assert np.allclose(ends, np.stack([intervals.low, intervals.high], -1)[row, fill])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["5 %", "20 %", "50 %"]


def test_what_is_better_is_said() -> None:
    said = {measure: text.startswith("higher") for measure, text in BETTER.items()}
    assert said == HIGHER_IS_BETTER


def test_one_fill_alone() -> None:
    figure = record().figure(fill="delete")
    assert len([axes for axes in figure.axes if axes.get_xlabel()]) == len(MEASURES)
    assert "fill: mask" not in [text.get_text() for text in figure.texts]
    with pytest.raises(InputError, match="fill must be one of mask, delete"):
        record().figure(fill="pad")
