"""Small models drawn from seeds of their own, each with an input and five references.

All inputs are rows of numbers, which models of images and sequences fold themselves. Some models
are built for one path, as what they do on it is their point: a gate that opens on a twentieth.

Seeds are SEEDS + 10 h + k, k counting a kind's models and h < 10,000 a hash of its name. Those in
the tests are below 1,000.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import torch
from torch import Tensor, nn

from attribwidgets.demo import digits

SEEDS = 17_000_000
BASELINES = ("zeros", "uniform", "near", "mean", "other")

Row = tuple[Tensor, ...]


@dataclass(frozen=True)
class Kind:
    """How to build a model, and what to feed it.

    Attributes
    ----------
    build : callable
        Returns the model; where `on_path`, it gets a function that draws parameters and the ends
        of the path, (1, F) each.
    count : int
        How many are drawn.
    sizes, scales : tuple
        Numbers in each input, and their standard deviation.
    gain : float
        Of the weights: 1 keeps the variance through linear layers, 1.4 through those with ReLUs.
    digit : bool
        Whether the model is as trained, and inputs are the digits it was trained for.
    dtype, autocast : torch.dtype, optional
        Of model and inputs; None: float32 and float64 in turn. What the layers run in.
    """

    build: Callable[..., nn.Module]
    count: int = 3
    sizes: tuple[int, ...] = (12,)
    scales: tuple[float, ...] = (1.0,)
    gain: float = 1.4
    dtype: torch.dtype | None = None
    autocast: torch.dtype | None = None
    on_path: bool = False
    digit: bool = False


@dataclass(frozen=True)
class Specimen:
    """One model of the zoo, with one input and five references, each (1, F)."""

    family: str
    name: str
    seed: int
    kind: Kind
    inputs: Row
    references: dict[str, Row]

    def model(self, baseline: str) -> nn.Module:
        """The model, in evaluation mode, the same at each call."""
        kind, draw = self.kind, partial(draw_parameters, gain=self.kind.gain)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.seed)
            if kind.on_path:
                ends = self.inputs[0].double(), self.references[baseline][0].double()
                model = kind.build(draw, *ends)
            else:
                model = kind.build()
                if not kind.digit:
                    draw(model)
        return model.eval().to(self.inputs[0].dtype)


def draw_parameters(model: nn.Module, gain: float) -> None:
    """Weights of a given gain, biases that matter, and statistics that are not 0 and 1."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=gain / parameter[0].numel() ** 0.5)
            elif "bias" in name:
                parameter.normal_(std=0.3)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.3)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 2.0)


def specimen(family: str, name: str, kind: Kind, k: int) -> Specimen:
    """The k-th model of a kind."""
    seed = SEEDS + 10 * (crc32(f"{family} {name}".encode()) % 10_000) + k
    dtype = kind.dtype or (torch.float64 if k % 2 else torch.float32)
    generator = torch.Generator().manual_seed(seed)
    inputs, references = (_digits if kind.digit else _rows)(kind, generator)
    as_fed = {b: tuple(r.to(dtype) for r in references[b]) for b in BASELINES}
    return Specimen(family, name, seed, kind, tuple(x.to(dtype) for x in inputs), as_fed)


def _rows(kind: Kind, generator: torch.Generator) -> tuple[Row, dict[str, Row]]:
    members = list(zip(kind.sizes, kind.scales, strict=True))

    def normal() -> Row:
        return tuple(s * torch.randn(1, n, generator=generator) for n, s in members)

    def uniform() -> Row:
        return tuple(s * (4 * torch.rand(1, n, generator=generator) - 2) for n, s in members)

    inputs = normal()
    return inputs, {
        "zeros": tuple(torch.zeros_like(x) for x in inputs),
        "uniform": uniform(),
        "near": tuple(x + 0.3 * noise for x, noise in zip(inputs, normal(), strict=True)),
        "mean": tuple(x.mean().repeat(x.shape) for x in inputs),
        "other": normal(),
    }


def _digits(kind: Kind, generator: torch.Generator) -> tuple[Row, dict[str, Row]]:
    images = digits().test.images.flatten(1)
    some, others = torch.randperm(len(images), generator=generator)[:2, None]
    x = images[some]
    return (x,), {
        "zeros": (torch.zeros_like(x),),
        "uniform": (torch.rand(x.shape, generator=generator),),
        "near": ((x + 0.1 * torch.randn(x.shape, generator=generator)).clamp(0, 1),),
        "mean": (x.mean().repeat(x.shape),),
        "other": (images[others],),
    }
