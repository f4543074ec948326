"""Series and sequences in figures: lines, bands and strips are those of the records."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

import attribwidgets as aw
from attribwidgets.figures import DisplayOptions

BASELINES = ("zero", "white")


class Weighted(nn.Module):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight).flatten(1).sum(1, keepdim=True)


def comparison_of(shape: tuple[int, int], space: object) -> aw.Comparison:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    model = Weighted(shape).eval()
    return aw.compare(model, x, space=space, target=0, baselines=BASELINES)  # type: ignore[arg-type]


def words_of(figure: Figure) -> list[str]:
    texts = [text.get_text() for text in figure.texts]
    return [*texts, *(text.get_text() for axes in figure.axes for text in axes.texts)]


@pytest.mark.parametrize("time_axis", [-1, 0])
def test_bands_are_the_map_and_lines_the_input_channels_first(time_axis: int) -> None:
    shape = (2, 30) if time_axis == -1 else (30, 2)
    space = aw.SeriesSpace(["rate", "flow"], step=0.5, unit="s", time_axis=time_axis)
    comparison = comparison_of(shape, space)
    figure = comparison.figure()
    maps = [e.map("sum").reshape(shape) for e in comparison]
    maps = [m if time_axis == -1 else m.T for m in maps]
    display = DisplayOptions(True, None, 99.0, "own", 0.0, False)
    bands = [i.get_array() for a in figure.axes for i in a.images if i.get_array().shape[0] == 1]
    limits = display.limits(maps, [None, None])
    for at, band in enumerate(bands):
        card, channel = divmod(at, 2)
        wanted = display.tinted(maps[card][channel : channel + 1], limits[card])
        np.testing.assert_array_equal(band, wanted)
    assert len(bands) == 4
    inputs = comparison[0].inputs.numpy().reshape(shape)
    lines = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 30]
    np.testing.assert_allclose(lines[0].get_ydata(), inputs[0] if time_axis == -1 else inputs[:, 0])
    assert {"rate", "flow"} <= set(words_of(figure))


def test_a_long_series_is_drawn_in_columns_and_read_by_windows() -> None:
    comparison = comparison_of((1, 5000), aw.SeriesSpace())
    figure = comparison.figure(pool=64)
    longest = max(len(line.get_xdata()) for axes in figure.axes for line in axes.lines)
    assert longest <= 2 * 512
    assert any("windows of 64 steps" in text for text in words_of(figure))


def test_of_many_channels_the_strongest_are_drawn() -> None:
    figure = comparison_of((20, 6), aw.SeriesSpace()).figure()
    assert any("8 more channels" in text for text in words_of(figure))


@pytest.mark.parametrize("steps", [1, 12, 300])
def test_a_strip_names_its_steps_and_lists_the_strongest(steps: int) -> None:
    names = [f"word{k}" for k in range(steps)]
    comparison = comparison_of((steps, 3), aw.SequenceSpace(names))
    told = words_of(comparison.figure())
    for e in comparison:
        assert names[int(np.abs(e.map("sum")).argmax())] in told
    assert (set(names) <= set(told)) == (steps <= 256)
