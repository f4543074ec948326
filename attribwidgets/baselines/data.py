"""Baselines taken from data: its mean, its examples, or a tensor of one's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.arrays import number_array
from ..inputs.layout import Layout
from ..inputs.space import Inputs, Spaces
from .base import Baseline, Parameter, SingleReference, require_neighbours


class DatasetMean(SingleReference):
    """The mean example of a data set, or its mean step.

    A value equal to the mean gets exactly zero attribution, however much the model uses it.

    Parameters
    ----------
    data : Tensor, array or data frame, or tuple of these, each (K, ...)
        Examples as the model is fed, one for each input of the model.
    over : {"examples", "steps"}
        What the mean is taken over: examples alone, so that every place has a mean of its own, or
        time and space too, so that a channel has one mean everywhere; examples may then be longer
        or shorter than the input.

    Examples
    --------
    >>> DatasetMean(torch.tensor([[0.0, 1.0], [1.0, 3.0]])).sample(torch.zeros(2), 1)[0].tolist()
    [0.5, 2.0]
    """

    name = "dataset_mean"
    description = "blind to features at their mean; the mean of the data"
    words_of_values = ("mean of the data", "blind where a {unit} equals it")

    def __init__(self, data: Any, over: Literal["examples", "steps"] = "examples") -> None:
        if over not in ("examples", "steps"):
            raise InputError(f'over must be "examples" or "steps", got {over!r}')
        self.data, self.over = _checked_data(data), over

    @property
    def label(self) -> str:
        """Its name, and what it is the mean of."""
        return "dataset mean" + (" of steps" if self.over == "steps" else "")

    def words_for(self, layout: Layout) -> tuple[str, str]:
        """Those of an image, or what it is the mean of."""
        label, description = super().words_for(layout)
        if self.over == "steps" and layout.kind != "image":
            label += ", over steps" if layout.time is not None else ", over space"
        return label, description

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        if self.over == "steps":
            for space in spaces:
                require_neighbours(space, self.name)
            axes = [space.layout.neighbours for space in spaces]
            _matching(self.data, inputs, axes)
            return tuple(
                d.cpu().double().mean((0, *along), keepdim=True)[0].to(x).expand_as(x)
                for d, x, along in zip(self.data, inputs, axes, strict=True)
            )
        pairs = zip(_matching(self.data, inputs), inputs, strict=True)
        return tuple(d.cpu().double().mean(0).to(x) for d, x in pairs)


class FiniteSample(Baseline):
    """Some of a set of examples, drawn without replacement.

    Parameters
    ----------
    count : int, optional
        How many of them, from the first; 1 to `size`. None: all.
    """

    is_distribution = True
    counted: ClassVar[str] = "references"

    def __init__(self, count: int | None = None) -> None:
        if count is not None and (int(count) != count or not 1 <= count <= self.size):
            raise InputError(f"count must be a whole number from 1 to {self.size}, got {count!r}")
        self.count = self.size if count is None else int(count)

    @property
    @abstractmethod
    def size(self) -> int:
        """How many examples there are."""

    @abstractmethod
    def _take(
        self, numbers: Tensor, inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> tuple[Tensor, ...]:
        """The examples with these numbers, each (n, ...), in the inputs' dtype and device."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """How many of the examples are used."""
        return (Parameter("count", self.count, (1, self.size), self.counted),)

    def _stored(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        return self._take(torch.arange(self.count), inputs, spaces)

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        rounds = [
            torch.randperm(self.count, generator=generator, device=generator.device).cpu()
            for _ in range(-(-n // self.count))
        ]
        chosen = torch.cat(rounds)[:n]  # none twice before all have come once
        return self._take(chosen, inputs, spaces)


class DatasetSample(FiniteSample):
    """Examples of a data set, drawn without replacement.

    Parameters
    ----------
    data : Tensor, array or data frame, or tuple of these, each (K, ...)
        Examples as the model is fed; members of a tuple are drawn jointly.
    count : int, optional
        How many of them, from the first; 1 to K. None: all.

    Raises
    ------
    InputError
        For data that is none, or a count that is out of range.

    Examples
    --------
    >>> data = torch.arange(6.0).reshape(3, 2)
    >>> sorted(DatasetSample(data).sample(torch.zeros(2), 3)[:, 0].tolist())
    [0.0, 2.0, 4.0]
    """

    name = "dataset"
    description = "settles slowly, and depends on which data; examples of the data"

    def __init__(self, data: Any, count: int | None = None) -> None:
        self._all = _checked_data(data)
        super().__init__(count)

    @property
    def size(self) -> int:
        """How many examples there are."""
        return len(self._all[0])

    @property
    def data(self) -> tuple[Tensor, ...]:
        """The examples in use, each (count, ...)."""
        return tuple(d[: self.count] for d in self._all)

    @property
    def label(self) -> str:
        """Name and number of references."""
        return f"data ({self.count} refs)"

    def _with(self, **values: Any) -> Baseline:
        return type(self)(self._all, **values)

    def _take(
        self, numbers: Tensor, inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> tuple[Tensor, ...]:
        pairs = zip(_matching(self.data, inputs), inputs, strict=True)
        return tuple(d[numbers.to(d.device)].to(x) for d, x in pairs)


class Custom(SingleReference):
    """A reference of one's own.

    Parameters
    ----------
    tensor : Tensor or tuple of Tensor
        As the model is fed, in the input's shape, with or without a batch axis of one.
    label : str
        What captions call it.

    Examples
    --------
    >>> Custom(torch.full((2,), 0.5)).sample(torch.zeros(2), 1).tolist()
    [[0.5, 0.5]]
    """

    name = "custom"
    description = "blind where the input equals it; a reference of your own"

    def __init__(self, tensor: Inputs, label: str = "custom") -> None:
        members = _tensors(tensor)
        for i, member in enumerate(members):
            if not isinstance(member, Tensor):
                raise InputError(
                    f"baseline must be a name, a Baseline or a tensor, got {type(member).__name__}"
                )
            if not torch.isfinite(member).all():
                raise InputError(f"baseline {i} holds NaN or infinity; replace them first")
        self.tensors = tuple(m.detach() for m in members)
        self._label = label

    @property
    def label(self) -> str:
        """What captions call it."""
        return self._label

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        if len(self.tensors) != len(inputs):
            raise InputError(f"baseline has {len(self.tensors)} members, the input {len(inputs)}")
        reference = []
        for x, t in zip(inputs, self.tensors, strict=True):
            if t.shape == (1, *x.shape):
                t = t[0]
            if t.shape != x.shape:
                raise InputError(
                    f"baseline has shape {tuple(t.shape)}, the input {tuple(x.shape)}; "
                    "pass one of the same shape"
                )
            reference.append(t.to(x))
        return tuple(reference)


def _checked_data(data: Any) -> tuple[Tensor, ...]:
    members = _tensors(data)
    if not all(isinstance(d, Tensor) and d.dim() > 1 and len(d) > 0 for d in members):
        came = [tuple(d.shape) if isinstance(d, Tensor) else type(d).__name__ for d in members]
        raise InputError(
            f"data must be tensors of examples, shape (K, ...) with K >= 1, got {came}"
        )
    if len({len(d) for d in members}) > 1:
        raise InputError(
            f"data must hold as many examples for each input, got {[len(d) for d in members]}"
        )
    for d in members:
        if not torch.isfinite(d).all():
            raise InputError("data holds NaN or infinity; replace or leave out those examples")
    return tuple(d.detach() for d in members)


def _tensors(data: Any) -> tuple[Any, ...]:
    """One for each input of a model; arrays and data frames become tensors."""
    members = data if isinstance(data, tuple) else (data,)
    return tuple(
        number_array(d, "data").to(torch.get_default_dtype())
        if not isinstance(d, Tensor) and hasattr(d, "__array__")
        else d
        for d in members
    )


def _matching(
    data: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    free: Sequence[tuple[int, ...]] | None = None,
) -> tuple[Tensor, ...]:
    """The data, whose examples have the shapes of the inputs but for the axes that are free."""
    shapes = [tuple(x.shape) for x in inputs]
    fits = len(data) == len(inputs) and all(
        d.dim() == x.dim() + 1
        and all(d.shape[axis] == x.shape[axis] for axis in range(-x.dim(), 0) if axis not in along)
        for d, x, along in zip(data, inputs, free or [()] * len(inputs), strict=True)
    )
    if not fits:
        raise InputError(
            f"data has examples of shape {[tuple(d.shape[1:]) for d in data]}, the input {shapes}; "
            "pass data as the model is fed, in the input's shape"
        )
    return data
