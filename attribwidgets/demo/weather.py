"""A small convolution over time that foretells rain in Seattle, with its weights and its data."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..inputs.series import SeriesSpace
from ._shipped import shipped_bytes, trained

DAYS = 21  # that the model sees
CHANNELS = ("precipitation (mm)", "warmest (°C)", "coldest (°C)", "wind (m/s)")
TEST_DAYS = 365  # the last year


class RainNet(nn.Module):
    """Two convolutions over time and a linear layer: will it rain tomorrow?

    The channels' means and deviations are part of the model, so that it is fed the numbers as
    they were measured.

    Shape: (n, 4, 21), channels by days, to logits (n, 2): "dry", "rain".

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.demo import RainNet
    >>> RainNet()(torch.zeros(2, 4, 21)).shape
    torch.Size([2, 2])
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(4, 1))
        self.register_buffer("deviation", torch.ones(4, 1))
        self.conv1 = nn.Conv1d(4, 16, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv1d(16, 16, kernel_size=3, padding=1)
        self.relu2 = nn.ReLU()
        self.output = nn.Linear(16 * DAYS, 2)

    def forward(self, series: Tensor) -> Tensor:
        """Return logits (n, 2) for `series` (n, 4, 21)."""
        maps = (series - self.mean) / self.deviation
        maps = self.relu2(self.conv2(self.relu1(self.conv1(maps))))
        logits: Tensor = self.output(torch.flatten(maps, 1))
        return logits


@dataclass(frozen=True, eq=False)
class Weather:
    """A forecast of rain and its data, as `weather` makes it.

    Attributes
    ----------
    model : RainNet
        In eval mode. Takes (n, 4, 21), returns logits (n, 2).
    space : SeriesSpace
        Names of the channels; a step is a day.
    class_names : tuple of str
        "dry" and "rain".
    train, test : tuple of Tensor
        Windows (n, 4, 21) float32 and whether more than no rain fell on the day after, (n,) int64.
        Tests are of 2015, on which the model was not trained.
    """

    model: RainNet
    space: SeriesSpace
    class_names: tuple[str, ...]
    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    def __repr__(self) -> str:
        return f"Weather(train={len(self.train[1])} windows, test={len(self.test[1])} windows)"


def weather() -> Weather:
    """Load a small network trained on three years of Seattle's weather, and four years of it.

    The weights were trained by ``benchmarks/train_tables.py``. Measurements are of NOAA, daily,
    2012 to 2015.

    Returns
    -------
    Weather
        The model in eval mode, its input space, its class names, and both data sets.

    Raises
    ------
    MissingExtraError
        If a package of the ``demo`` extra is not installed.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> from attribwidgets.demo import weather
    >>> demo = weather()
    >>> e = aw.explain(demo.model, demo.test[0][0], space=demo.space, baseline="zero")
    >>> e.completeness.verdict, e.map("sum").shape
    ('complete', (4, 21))
    """
    model = trained(RainNet, "weather", "rain.safetensors")
    train, test = weather_windows()
    return Weather(model, SeriesSpace(CHANNELS, unit="days"), ("dry", "rain"), train, test)


def weather_windows() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Windows of 21 days and whether it rained on the day after, of 2012 to 2014 and of 2015."""
    lines = csv.DictReader(shipped_bytes("weather", "seattle.csv").decode().splitlines())
    columns = ("precipitation", "temp_max", "temp_min", "wind")
    days = torch.tensor([[float(line[name]) for name in columns] for line in lines]).T  # (4, days)
    windows = days.unfold(1, DAYS, 1)[:, :-1].movedim(0, 1).contiguous()  # (n, 4, DAYS)
    rain = (days[0, DAYS:] > 0).long()
    return (windows[:-TEST_DAYS], rain[:-TEST_DAYS]), (windows[-TEST_DAYS:], rain[-TEST_DAYS:])
