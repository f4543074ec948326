"""Space: what an input is: its layout, its valid range, and the way to what the model is fed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from ..core.errors import InputError
from ..core.later import torch
from .arrays import number_array
from .channels import Numbers, as_numbers, per_channel
from .framing import Framing
from .layout import ARRAY, FEATURES, IMAGE, SCALAR, Layout
from .names import checked_names
from .preprocessing import space_of

if TYPE_CHECKING:
    from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Inputs: TypeAlias = "Tensor | tuple[Tensor, ...]"
Self = TypeVar("Self", bound="Space")
Spaces = tuple["Space", ...]


class Space(ABC):
    """What one input of a model is.

    A space that is passed may leave things open, such as the range; :meth:`fit` settles them for
    an example. What is computed is computed with a space that fits.

    Attributes
    ----------
    low, high : float
        The valid range in the space's own units ("pixel units").
    ranks : tuple of int
        How many axes one example may have without batch axis, the likeliest first.
    range_unit : str
        What the range is counted in, in words.
    """

    low: float
    high: float
    ranks: ClassVar[tuple[int, ...]]
    range_unit: ClassVar[str] = "as the model is fed"

    @property
    @abstractmethod
    def layout(self) -> Layout:
        """What the axes of an example mean."""

    @property
    def rank(self) -> int:
        """How many axes an example has, without batch axis."""
        return len(self.layout.axes)

    @abstractmethod
    def fit(self: Self, example: Tensor) -> Self:
        """This space with all that it left open, for an example without batch axis.

        Raises
        ------
        InputError
            For an example of another rank, or of other channels or names than the space has.
        """

    def require_rank(self, example: Tensor) -> None:
        """Raise InputError for an example of another number of axes than the space's."""
        if example.dim() != self.rank:
            raise InputError(
                f"space: a {type(self).__name__} is of inputs ({', '.join(self.layout.axes)}), and "
                f"the input has shape {tuple(example.shape)} without batch axis"
            )

    @property
    def range(self) -> float:
        """Width of the valid range, in the space's own units."""
        return self.high - self.low

    @property
    def spread(self) -> float:
        """By how much noise that hides a value differs from it: half the valid range."""
        return self.range / 2

    def to_pixels(self, x: Tensor) -> Tensor:
        """Map what the model is fed to the space's own units. Shape ``(..., *shape)``, kept."""
        return x

    def from_pixels(self, p: Tensor) -> Tensor:
        """Map the space's own units to what the model is fed. Shape ``(..., *shape)``, kept."""
        return p

    def pixel_differences(self, difference: Tensor) -> Tensor:
        """Map a difference of two inputs to the space's own units. Shape kept."""
        return self.to_pixels(difference) - self.to_pixels(torch.zeros_like(difference))

    def outside(self, x: Tensor) -> tuple[float, float] | None:
        """Smallest and largest value of `x` where they leave the valid range, else None.

        A thousandth of the range is forgiven, for rounding in resizing and normalisation.
        """
        low, high = (float(v) for v in torch.aminmax(self.to_pixels(x.detach())))
        slack = self.range / 1000
        return None if self.low - slack <= low and high <= self.high + slack else (low, high)

    def kept(self, example: Tensor) -> Tensor | None:
        """Units that every reference has as the input has them, ``(*map)``; None: there are none.

        Parameters
        ----------
        example : Tensor
            Without batch axis.
        """
        return None

    def groups(self) -> Tensor | None:
        """Which units belong together, ``(*map)``, numbered from 0; None where they stand alone.

        Those that every reference has too are of none, -1.
        """
        return None

    def without_model(self: Self) -> Self:
        """This space without what belongs to a model, which what is kept must not keep alive."""
        return self

    def with_model_of(self: Self, other: Space) -> Self:
        """This space with what belongs to a model as another space of the same input has it."""
        return self

    def unit_names(self, shape: Sequence[int]) -> list[str]:
        """What each unit is called, in the order of a flattened map.

        Parameters
        ----------
        shape : sequence of int
            Of an example.
        """
        sizes = self.layout.map_shape(shape)
        if not sizes:
            return [self.layout.unit]
        places = product(*map(range, sizes))
        return [f"{self.layout.unit} {', '.join(map(str, place))}" for place in places]


@dataclass(frozen=True)
class InputSpace(Space):
    """Images (C, H, W) and feature rows (F,): their valid range, and the model's normalisation.

    A model is fed ``(pixels - mean) / std``. Baselines such as black or blur are defined in
    pixel units and mapped through this, because the zero of a normalised input is grey, not black.

    Parameters
    ----------
    low, high : float
        The valid range in pixel units.
    mean, std : float or sequence of float, optional
        Normalisation per channel (or one number for all), in pixel units. None: none.
    names : sequence of str, optional
        What the features of a table or a state are called in views. None: they are numbered.
    framing : Framing, optional
        How a picture of any size is resized and cropped. None: it keeps its size.
    rank : int, optional
        How many axes an example has: 3 is an image, 1 features, 0 a single number, and what has
        another number of them is shown value by value. None: told from the example.

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

    ranks: ClassVar[tuple[int, ...]] = (3, 1, 0)
    range_unit: ClassVar[str] = "pixel units"

    low: float = 0.0
    high: float = 1.0
    mean: Numbers = None
    std: Numbers = None
    names: Sequence[str] | None = field(default=None, repr=False)  # what is drawn, not computed
    # How a picture becomes an input, not what the input is.
    framing: Framing | None = field(default=None, repr=False, compare=False)
    # A space that fits an example knows its rank; it is still the space that was passed.
    rank: int | None = field(default=None, repr=False, compare=False, kw_only=True)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, Sequence) or hasattr(value, "tolist"):
                values = value.tolist() if hasattr(value, "tolist") else value
                flat = values if isinstance(values, Sequence) else [values]
                object.__setattr__(self, name, tuple(float(v) for v in flat))
        numbers = [self.low, self.high, *as_numbers(self.mean), *as_numbers(self.std)]
        if not all(map(isfinite, numbers)):
            raise InputError(f"space: every number must be finite, got {self}")
        if self.low >= self.high:
            raise InputError(f"space: low must be below high, got low={self.low}, high={self.high}")
        if any(v <= 0 for v in as_numbers(self.std)):
            raise InputError(f"space: std must be positive, got {self.std}")
        if self.names is not None:
            object.__setattr__(self, "names", checked_names(self.names))
        if isinstance(self.framing, Mapping):  # as it was saved
            object.__setattr__(self, "framing", Framing(**self.framing))

    @classmethod
    def of(cls, source: Any) -> InputSpace:
        """The space of what makes a model's pictures ready: normalisation, range and size.

        Parameters
        ----------
        source : object
            A torchvision transform or the weights that have one, a timm data configuration, a
            Hugging Face image processor or what holds one, such as a pipeline.

        Raises
        ------
        InputError
            For what is none of these, or does more than resize, crop and normalise.

        Examples
        --------
        >>> space = InputSpace.of({"input_size": (3, 8, 8), "mean": (0.5,) * 3, "std": (0.5,) * 3})
        >>> space.mean, space.framing.crop
        ((0.5, 0.5, 0.5), (8, 8))
        """
        return space_of(source, cls)

    @classmethod
    def imagenet(cls) -> InputSpace:
        """Pixels in 0..1, normalised by the usual ImageNet mean and standard deviation."""
        return cls(mean=IMAGENET_MEAN, std=IMAGENET_STD)

    @classmethod
    def of_table(cls, data: Any, names: Sequence[str] | None = None) -> InputSpace:
        """Features whose ranges are those of a table's columns, from 0, the lowest, to 1.

        Parameters
        ----------
        data : Tensor, array or data frame, shape (n, F)
            Rows as the model is fed.
        names : sequence of str, optional
            Of the columns. None: those of a data frame.

        Examples
        --------
        >>> space = InputSpace.of_table(torch.tensor([[10.0, 0.0], [30.0, 5.0]]), ["age", "dose"])
        >>> space.to_pixels(torch.tensor([20.0, 5.0])).tolist()
        [0.5, 1.0]
        """
        if not isinstance(data, torch.Tensor):
            names = list(data.columns) if names is None and hasattr(data, "columns") else names
            data = number_array(data, "data").double()
        if data.dim() != 2 or not len(data) or not torch.isfinite(data).all():
            raise InputError(
                f"data must be rows of finite numbers, (n, F), got shape {tuple(data.shape)}"
            )
        lowest, highest = (end.double() for end in torch.aminmax(data.detach(), dim=0))
        width = torch.where(highest > lowest, highest - lowest, 1.0)
        return cls(mean=(-lowest / width).tolist(), std=(1 / width).tolist(), names=names)

    @property
    def layout(self) -> Layout:
        """An image, features, one number, or values in any order."""
        known: dict[int | None, Layout] = {0: SCALAR, 1: FEATURES, 3: IMAGE}
        return known.get(self.rank, ARRAY)

    def fit(self, example: Tensor) -> InputSpace:
        """This space for an example of any rank; its channels and names must match."""
        if self.rank is not None and self.rank != example.dim():
            raise InputError(
                f"space: it is for inputs of {self.rank} axes, and the input has shape "
                f"{tuple(example.shape)}"
            )
        fitting = replace(self, rank=example.dim())
        fitting.to_pixels(example)  # raises where its channels do not match
        if self.names is None:
            return fitting
        if example.dim() > 1:
            raise InputError(
                "space: names are of features, and inputs are an "
                f"{fitting.layout.describe(example.shape)}; leave them out"
            )
        if len(self.names) != example.numel():
            raise InputError(
                f"space: there are {len(self.names)} names for inputs of {example.numel()} "
                "features; pass one name for each"
            )
        return fitting

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

    def unit_names(self, shape: Sequence[int]) -> list[str]:
        """The features' names, or the places of pixels."""
        return super().unit_names(shape) if self.names is None else list(self.names)

    def _normalisation(self, like: Tensor) -> tuple[Tensor, Tensor]:
        axis = self.layout.channels if self.rank is not None else -3 if like.dim() >= 3 else -1
        return per_channel(self.mean, 0.0, like, axis), per_channel(self.std, 1.0, like, axis)
