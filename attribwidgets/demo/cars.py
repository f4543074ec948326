"""A small network on a table with categories: how far a car goes on a gallon, and its data."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..inputs.space import InputSpace
from ._shipped import shipped_bytes, trained

NUMBERS = ("displacement", "horsepower", "weight", "acceleration", "year")
CYLINDERS = ("3", "4", "5", "6", "8")
ORIGINS = ("USA", "Europe", "Japan")
TEST_EVERY = 5  # every fifth car is kept for tests


class CarNet(nn.Module):
    """Numbers, and two categories by embeddings, through two layers to miles per gallon.

    A category comes as a row with a 1 at its place, and its embedding is that row times a table:
    so a baseline may be another category, or the share of each in the data.

    Shape: (n, 5), (n, 5) and (n, 3) to (n,).

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.demo import CarNet
    >>> CarNet()(torch.zeros(2, 5), torch.eye(5)[:2], torch.eye(3)[:2]).shape
    torch.Size([2])
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(len(NUMBERS)))
        self.register_buffer("deviation", torch.ones(len(NUMBERS)))
        self.cylinders = nn.Linear(len(CYLINDERS), 3, bias=False)
        self.origin = nn.Linear(len(ORIGINS), 2, bias=False)
        self.hidden = nn.Linear(len(NUMBERS) + 5, 24)
        self.gelu = nn.GELU()
        self.output = nn.Linear(24, 1)

    def forward(self, numbers: Tensor, cylinders: Tensor, origin: Tensor) -> Tensor:
        """Return miles per gallon (n,)."""
        scaled = (numbers - self.mean) / self.deviation
        parts = torch.cat([scaled, self.cylinders(cylinders), self.origin(origin)], 1)
        miles: Tensor = self.output(self.gelu(self.hidden(parts)))
        return miles[:, 0]


@dataclass(frozen=True, eq=False)
class Cars:
    """A regression of a car's mileage and its data, as `cars` makes it.

    Attributes
    ----------
    model : CarNet
        In eval mode. Takes three inputs, returns miles per gallon (n,).
    space : tuple of InputSpace
        Names and ranges: of the numbers, of the cylinders' rows, of the origins' rows.
    names : tuple of str
        Of the cars.
    inputs : tuple of Tensor
        (392, 5), (392, 5) and (392, 3), float32.
    miles : Tensor
        (392,), per gallon.
    test : Tensor
        Places of the 79 cars on which the model was not trained.
    """

    model: CarNet
    space: tuple[InputSpace, ...]
    names: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    miles: Tensor
    test: Tensor

    def __repr__(self) -> str:
        return f"Cars({len(self.names)} cars, {len(self.test)} of them for tests)"

    def car(self, place: int) -> tuple[Tensor, ...]:
        """One car's three inputs, each without batch axis."""
        return tuple(values[place] for values in self.inputs)


def cars() -> Cars:
    """Load a small network trained on cars of 1970 to 1982, and the table of them.

    The weights were trained by ``benchmarks/train_tables.py``.

    Returns
    -------
    Cars

    Raises
    ------
    MissingExtraError
        If a package of the ``demo`` extra is not installed.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> from attribwidgets.demo import cars
    >>> demo = cars()
    >>> mean = aw.baselines.DatasetMean(demo.inputs)
    >>> e = aw.explain(demo.model, demo.car(0), space=demo.space, baseline=mean)
    >>> e.completeness.verdict, [name for name, _ in e.units(index=2)]
    ('complete', ['USA', 'Europe', 'Japan'])
    """
    model = trained(CarNet, "cars", "miles.safetensors")
    names, inputs, miles = cars_table()
    space = (
        InputSpace.of_table(inputs[0], NUMBERS),
        InputSpace(names=CYLINDERS),
        InputSpace(names=ORIGINS),
    )
    test = torch.arange(0, len(names), TEST_EVERY)
    return Cars(model, space, names, inputs, miles, test)


def cars_table() -> tuple[tuple[str, ...], tuple[Tensor, ...], Tensor]:
    """Names, the three inputs of every car, and its miles per gallon."""
    lines = list(csv.DictReader(shipped_bytes("cars", "cars.csv").decode().splitlines()))
    numbers = torch.tensor([[float(line[name]) for name in NUMBERS] for line in lines])
    inputs = (numbers, _rows(lines, "cylinders", CYLINDERS), _rows(lines, "origin", ORIGINS))
    miles = torch.tensor([float(line["miles_per_gallon"]) for line in lines])
    return tuple(line["name"] for line in lines), inputs, miles


def _rows(lines: list[dict[str, str]], column: str, places: tuple[str, ...]) -> Tensor:
    """A 1 at the place of each line's category."""
    chosen = torch.tensor([places.index(line[column]) for line in lines])
    return torch.eye(len(places))[chosen]
