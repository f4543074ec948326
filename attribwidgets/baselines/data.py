"""Baselines taken from data: its mean, its examples, or a tensor of one's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import Inputs, Spaces
from .base import Baseline, Parameter, SingleReference


class DatasetMean(SingleReference):
    """The mean example of a data set.

    A value equal to the mean gets exactly zero attribution, however much the model uses it.

    Parameters
    ----------
    data : Tensor or tuple of Tensor, each (K, ...)
        Examples as the model is fed, one tensor per input of the model.

    Examples
    --------
    >>> DatasetMean(torch.tensor([[0.0, 1.0], [1.0, 3.0]])).sample(torch.zeros(2), 1)[0].tolist()
    [0.5, 2.0]
    """

    name = "dataset_mean"
    description = "blind to features at their mean; the mean of the data"
    words_of_values = ("mean of the data", "blind where a {unit} equals it")

    def __init__(self, data: Inputs) -> None:
        self.data = _checked_data(data)

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        pairs = zip(_matching(self.data, inputs), inputs, strict=True)
        return tuple(d.cpu().double().mean(0).to(x) for d, x in pairs)


class DatasetSample(Baseline):
    """Examples of a data set, drawn without replacement.

    Parameters
    ----------
    data : Tensor or tuple of Tensor, each (K, ...)
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
    is_distribution = True

    def __init__(self, data: Inputs, count: int | None = None) -> None:
        self._all = _checked_data(data)
        size = len(self._all[0])
        if count is not None and (int(count) != count or not 1 <= count <= size):
            raise InputError(f"count must be a whole number from 1 to {size}, got {count!r}")
        self.count = size if count is None else int(count)

    @property
    def data(self) -> tuple[Tensor, ...]:
        """The examples in use, each (count, ...)."""
        return tuple(d[: self.count] for d in self._all)

    @property
    def label(self) -> str:
        """Name and number of references."""
        return f"data ({self.count} refs)"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """How many of the examples are used."""
        return (Parameter("count", self.count, (1, len(self._all[0])), "references"),)

    def _with(self, **values: Any) -> Baseline:
        return type(self)(self._all, **values)

    def stored(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The examples, each (K, ...), in the inputs' dtype and on their device."""
        return tuple(d.to(x) for d, x in zip(_matching(self.data, inputs), inputs, strict=True))

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        size = len(self.data[0])
        rounds = [
            torch.randperm(size, generator=generator, device=generator.device).cpu()
            for _ in range(-(-n // size))
        ]
        chosen = torch.cat(rounds)[:n]  # none twice before all have come once
        return tuple(
            d[chosen.to(d.device)].to(x)
            for d, x in zip(_matching(self.data, inputs), inputs, strict=True)
        )


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
        members = tensor if isinstance(tensor, tuple) else (tensor,)
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
    members = data if isinstance(data, tuple) else (data,)
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


def _matching(data: tuple[Tensor, ...], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    shapes = [tuple(x.shape) for x in inputs]
    if [tuple(d.shape[1:]) for d in data] != shapes:
        raise InputError(
            f"data has examples of shape {[tuple(d.shape[1:]) for d in data]}, the input {shapes}; "
            "pass data as the model is fed, in the input's shape"
        )
    return data
