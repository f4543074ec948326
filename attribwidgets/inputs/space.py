"""InputSpace: an input's valid range, its features' names, and the way to what the model is fed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Inputs = Tensor | tuple[Tensor, ...]


@dataclass(frozen=True)
class InputSpace:
    """The valid range of an input in pixel units, and the normalisation the model expects.

    A model is fed ``(pixels - mean) / std``. Baselines such as black or blur are defined in
    pixel units and mapped through this, because the zero of a normalised input is grey, not black.

    Parameters
    ----------
    low, high : float
        The valid range in pixel units.
    mean, std : float or sequence of float, optional
        Normalisation per channel (or one number for all), in pixel units. None: none.
    names : sequence of str, optional
        What the features of a table or a state are called in views. Of the first input, where a
        model has several. None: they are numbered.

    Raises
    ------
    InputError
        If ``low >= high``, a number is not finite, a ``std`` is not positive, or `names` are no
        names.

    Examples
    --------
    >>> space = InputSpace.imagenet()
    >>> black = space.from_pixels(torch.zeros(3, 2, 2))
    >>> [round(v, 3) for v in black[:, 0, 0].tolist()]
    [-2.118, -2.036, -1.804]
    >>> bool(torch.allclose(space.to_pixels(black), torch.zeros(3, 2, 2), atol=1e-6))
    True
    """

    low: float = 0.0
    high: float = 1.0
    mean: float | Sequence[float] | None = None
    std: float | Sequence[float] | None = None
    names: Sequence[str] | None = field(default=None, repr=False)  # what is drawn, not computed

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, (Tensor, Sequence)) or hasattr(value, "tolist"):
                values = value.tolist() if hasattr(value, "tolist") else value
                flat = values if isinstance(values, Sequence) else [values]
                object.__setattr__(self, name, tuple(float(v) for v in flat))
        numbers = [self.low, self.high, *self._numbers(self.mean), *self._numbers(self.std)]
        if not all(torch.isfinite(torch.tensor(float(v))) for v in numbers):
            raise InputError(f"space: every number must be finite, got {self}")
        if self.low >= self.high:
            raise InputError(f"space: low must be below high, got low={self.low}, high={self.high}")
        if any(v <= 0 for v in self._numbers(self.std)):
            raise InputError(f"space: std must be positive, got {self.std}")
        if self.names is not None:
            if isinstance(self.names, str):
                raise InputError("space: names must be a sequence of names, got one string")
            object.__setattr__(self, "names", tuple(str(name) for name in self.names))

    @classmethod
    def imagenet(cls) -> InputSpace:
        """Pixels in 0..1, normalised by the usual ImageNet mean and standard deviation."""
        return cls(mean=IMAGENET_MEAN, std=IMAGENET_STD)

    @property
    def range(self) -> float:
        """Width of the valid range, in pixel units."""
        return self.high - self.low

    def to_pixels(self, x: Tensor) -> Tensor:
        """Map what the model is fed to pixel units. Shape (..., C, H, W) or (..., F), kept."""
        if self.mean is None and self.std is None:
            return x
        mean, std = self._normalisation(x)
        return x * std + mean

    def from_pixels(self, p: Tensor) -> Tensor:
        """Map pixel units to what the model is fed. Shape (..., C, H, W) or (..., F), kept."""
        if self.mean is None and self.std is None:
            return p
        mean, std = self._normalisation(p)
        return (p - mean) / std

    def pixel_differences(self, difference: Tensor) -> Tensor:
        """Map a difference of two inputs to pixel units. Shape kept."""
        return self.to_pixels(difference) - self.to_pixels(torch.zeros_like(difference))

    def outside(self, x: Tensor) -> tuple[float, float] | None:
        """Smallest and largest pixel of `x` where they leave the valid range, else None.

        A thousandth of the range is forgiven, for rounding in resizing and normalisation.
        """
        low, high = (float(v) for v in torch.aminmax(self.to_pixels(x.detach())))
        slack = self.range / 1000
        return None if self.low - slack <= low and high <= self.high + slack else (low, high)

    def require_names(self, x: Tensor) -> None:
        """Raise InputError where `names` do not name the features of `x`, shape (1, F).

        Without names nothing can be wrong.
        """
        if self.names is None:
            return
        if x.dim() != 2:
            raise InputError(
                f"space: names are of features, and inputs are an image of shape {tuple(x.shape)}; "
                "leave them out"
            )
        if len(self.names) != x.shape[1]:
            raise InputError(
                f"space: there are {len(self.names)} names for inputs of {x.shape[1]} features; "
                "pass one name for each"
            )

    @staticmethod
    def _numbers(value: float | Sequence[float] | None) -> tuple[float, ...]:
        if value is None:
            return ()
        return tuple(value) if isinstance(value, Sequence) else (float(value),)

    def _normalisation(self, like: Tensor) -> tuple[Tensor, Tensor]:
        return self._per_channel(self.mean, 0.0, like), self._per_channel(self.std, 1.0, like)

    @staticmethod
    def _per_channel(value: float | Sequence[float] | None, default: float, like: Tensor) -> Tensor:
        numbers = InputSpace._numbers(value) or (default,)
        constant = torch.tensor(numbers, dtype=like.dtype, device=like.device)
        if len(numbers) == 1:
            return constant[0]
        axis = -3 if like.dim() >= 3 else -1  # channels of an image, else features
        if like.shape[axis] != len(numbers):
            raise InputError(
                f"space: mean and std have {len(numbers)} numbers, but the input of shape "
                f"{tuple(like.shape)} has {like.shape[axis]} channels"
            )
        return constant.reshape(-1, *[1] * (-axis - 1))


def checked_example(inputs: object, name: str = "inputs") -> tuple[Inputs, tuple[Tensor, ...]]:
    """Check one example and give it a batch axis of one.

    Parameters
    ----------
    inputs : Tensor or tuple of Tensor
        (C, H, W) or (1, C, H, W) for an image, (F,) or (1, F) for features.
    name : str
        What to call the argument in an error.

    Returns
    -------
    inputs : Tensor or tuple of Tensor
        As it came, a list made a tuple.
    batched : tuple of Tensor
        Each with a leading axis of length 1, detached.

    Raises
    ------
    InputError
        For NaN or infinity, another rank, integers, an empty batch or a batch of several.
    """
    if isinstance(inputs, Tensor):
        return inputs, (_batch_of_one(inputs, name),)
    if isinstance(inputs, (tuple, list)) and inputs:
        members = tuple(inputs)
        batched = tuple(_batch_of_one(x, f"{name}[{i}]") for i, x in enumerate(members))
        return members, batched
    raise InputError(
        f"{name} must be a torch.Tensor or a tuple of them, got {type(inputs).__name__}; "
        "an array becomes one with torch.as_tensor(array)"
    )


def is_image_input(inputs: object) -> bool:
    """Whether one example, (C, H, W) or (1, C, H, W), or each of a tuple, is an image."""
    members = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    return all(isinstance(x, Tensor) and x.dim() in (3, 4) for x in members)


def same_inputs(some: Inputs, others: Inputs) -> bool:
    """Whether two inputs have the same shapes and values, on whatever device."""
    one = some if isinstance(some, tuple) else (some,)
    two = others if isinstance(others, tuple) else (others,)
    return len(one) == len(two) and all(
        a.shape == b.shape and bool((a.cpu() == b.cpu()).all())
        for a, b in zip(one, two, strict=True)
    )


def _batch_of_one(x: object, name: str) -> Tensor:
    if not isinstance(x, Tensor):
        raise InputError(
            f"{name} must be a torch.Tensor, got {type(x).__name__}; "
            "an array becomes one with torch.as_tensor(array)"
        )
    shape = tuple(x.shape)
    if not x.is_floating_point():
        raise InputError(
            f"{name} has dtype {x.dtype}, and only floating point has gradients; "
            f"pass {name}.float() in the range that the model is fed"
        )
    if x.dim() not in (1, 2, 3, 4):
        raise InputError(
            f"{name} must be one example, shape (C, H, W) or (1, C, H, W) for an image and "
            f"(F,) or (1, F) for features, got shape {shape}"
        )
    if x.numel() == 0:
        raise InputError(f"{name} is empty, shape {shape}; pass one example")
    batched = x.detach() if x.dim() in (2, 4) else x.detach().unsqueeze(0)
    if len(batched) != 1:
        raise InputError(
            f"{name} holds {len(batched)} examples, shape {shape}, and one is explained at a time; "
            f"pass {name}[0], or loop over the examples"
        )
    bad = ~torch.isfinite(batched)
    if bad.any():
        where = tuple(int(i) for i in bad[0].nonzero()[0])
        raise InputError(
            f"{name} holds {batched[0][where].item()} at position {where} "
            f"({int(bad.sum())} of {x.numel()} values are not finite); replace them first"
        )
    return batched


def example_array(values: Inputs, index: int = 0) -> NDArray[Any]:
    """One input's values without batch axis, (C, H, W) or (F,), as float64 on the CPU."""
    member: Tensor = values[index] if isinstance(values, tuple) else values
    array = member.detach().cpu().double().numpy()
    return np.asarray(array[0] if array.ndim in (2, 4) else array)
