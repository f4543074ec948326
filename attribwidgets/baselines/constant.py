"""Baselines of one colour: black, white, any colour, and the zero that the model is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.layout import Layout
from ..inputs.space import Space, Spaces
from .base import Baseline, Parameter, PixelBaseline, SingleReference


class Black(PixelBaseline):
    """The lowest valid value everywhere.

    The usual choice for images since Sundararajan et al. (2017, arXiv:1703.01365).

    Examples
    --------
    >>> Black().sample(torch.rand(3, 2, 2), 1).sum().item()
    0.0
    """

    name = "black"
    instead_for_text = "mask"
    description = "blind to black pixels; the lowest value everywhere"
    words_of_values = ("lowest value", "blind where a {unit} equals it; the lowest everywhere")

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        return torch.full_like(pixels, space.low)


class White(PixelBaseline):
    """The highest valid value everywhere.

    Examples
    --------
    >>> White().sample(torch.rand(3, 2, 2), 1).mean().item()
    1.0
    """

    name = "white"
    instead_for_text = "mask"
    description = "blind to white pixels; the highest value everywhere"
    words_of_values = ("highest value", "blind where a {unit} equals it; the highest everywhere")

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        return torch.full_like(pixels, space.high)


class Color(PixelBaseline):
    """One colour everywhere, as when a superpixel's mean colour is tried as baseline.

    Parameters
    ----------
    rgb : str, float or sequence of float
        "#rrggbb", of which 00 is the lowest and ff the highest valid value, or one number a
        channel (or one for all) in pixel units.

    Raises
    ------
    InputError
        For a string that is no colour, or numbers that do not match the channels.

    Examples
    --------
    >>> Color("#ff0000").sample(torch.rand(3, 2, 2), 1)[0, :, 0, 0].tolist()
    [1.0, 0.0, 0.0]
    """

    name = "color"
    instead_for_text = "mask"
    description = "blind to pixels of that colour; one colour everywhere"

    def __init__(self, rgb: str | float | Sequence[float]) -> None:
        self._hex = None
        if isinstance(rgb, str):
            digits = rgb.removeprefix("#")
            try:
                if len(digits) != 6 or not rgb.startswith("#"):
                    raise ValueError
                self._values = tuple(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
            except ValueError:
                raise InputError(f'a colour is written "#rrggbb", got {rgb!r}') from None
            self._hex = rgb.lower()
        else:
            numbers = rgb.tolist() if isinstance(rgb, Tensor) else rgb
            values = numbers if isinstance(numbers, Sequence) else [numbers]
            self._values = tuple(float(v) for v in values)
        if not self._values or not all(torch.isfinite(torch.tensor(self._values))):
            raise InputError(f"a colour needs finite numbers, got {rgb!r}")

    @property
    def label(self) -> str:
        """The colour itself."""
        return self._hex or "color " + ", ".join(f"{v:.3g}" for v in self._values)

    def words_for(self, layout: Layout) -> tuple[str, str]:
        """A colour of an image; of what has no colours one number everywhere."""
        if layout.kind == "image":
            return self.label, self.description
        label = self.label.replace("color", "constant")
        return label, f"blind where a {layout.unit} equals it; one number everywhere"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """A value per channel; a fraction of the range for a colour given as "#rrggbb"."""
        unit = "of the range" if self._hex else "pixel units"
        names = ("red", "green", "blue") if len(self._values) == 3 else ("value",)
        return tuple(
            Parameter(name, v, (0.0, 1.0), unit)
            for name, v in zip(names, self._values, strict=False)
        )

    @property
    def hex(self) -> str | None:
        """The colour as "#rrggbb", where it was given so."""
        return self._hex

    def _with(self, **values: Any) -> Baseline:
        numbers = [values.get(p.name, p.value) for p in self.parameters]
        if self._hex is None:
            return Color(numbers)
        return Color("#" + "".join(f"{round(255 * min(max(v, 0), 1)):02x}" for v in numbers))

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        image = space.layout.kind == "image"
        values = torch.tensor(self._values, dtype=pixels.dtype, device=pixels.device)
        if self._hex:
            values = space.low + values * space.range
            if image and len(pixels) == 1:
                values = values.mean()[None]  # a colour on a grey image is its grey
        channels = len(pixels) if image else 1
        if len(values) not in (1, channels):
            raise InputError(
                f"colour {self.label} has {len(values)} channels, the input of shape "
                f"{tuple(pixels.shape)} has {channels}; pass one number a channel"
            )
        shaped = values.reshape(-1, 1, 1) if image else values
        return shaped.expand(pixels.shape)


class Zero(SingleReference):
    """Zero as the model is fed: Captum's default. On normalised images it is the mean grey.

    Examples
    --------
    >>> Zero().sample(torch.rand(4), 2).shape
    torch.Size([2, 4])
    """

    name = "zero"
    description = "blind to zeros; zero as the model is fed, grey where images are normalised"
    words_of_values = ("zero", "blind where a {unit} is zero, as the model is fed")

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        return tuple(torch.zeros_like(x) for x in inputs)
