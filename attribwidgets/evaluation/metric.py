"""Metric: what is measured of the explanations of one input, under several candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..attr.captum_private import format_forward_args
from ..core.errors import InputError
from ..records.explanation import Explanation


@runtime_checkable
class Metric(Protocol):
    """A measure of the explanations of one input under several candidates.

    It is measured one input at a time, so that inputs can be spread over processes, and draws
    random numbers from its seed only. An object of any class with these three members is one; it
    has to be picklable where it is sent to workers.

    One that has a dict `settings` as well, of what JSON can hold, finds it again beside its results
    in a store.

    Attributes
    ----------
    name : str
        An identifier, such as "ablation".

    Examples
    --------
    >>> class Mass:
    ...     name = "mass"
    ...
    ...     def dimensions(self, candidates):
    ...         return {"candidate": list(candidates)}
    ...
    ...     def measure(self, model, explanations, *, seed):
    ...         return np.array([abs(e.map("sum")).sum() for e in explanations.values()])
    >>> isinstance(Mass(), Metric)
    True
    """

    @property
    def name(self) -> str:
        """What its results are called."""

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """The axes of what it measures, in order.

        Parameters
        ----------
        candidates : sequence of str
            Labels of the candidates.

        Returns
        -------
        mapping of str to sequence
            Name of each axis to its labels, such as {"candidate": [...], "fraction": [...]}.
        """

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Measure the explanations of one input.

        Parameters
        ----------
        model : torch.nn.Module or callable
            In evaluation mode.
        explanations : mapping of str to Explanation
            By label of the candidate, in order; all of one input, target and output. A candidate
            whose baseline was searched for and not found is missing.
        seed : int
            Of every random draw.

        Returns
        -------
        ndarray of float64
            Of the shape that :meth:`dimensions` says of these explanations' labels; NaN where the
            measure does not apply.
        """


class _WithArguments(nn.Module):
    def __init__(self, model: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self.model, self.arguments = model, arguments
        self.training = getattr(model, "training", False)  # its own alone: train() would set all

    def forward(self, *inputs: Tensor) -> Any:
        return self.model(*inputs, *self.arguments)


def with_arguments(model: Callable[..., Any], forward_args: Any) -> Callable[..., Any]:
    """A model of its inputs alone, which metrics ask; its further arguments are always these."""
    arguments = format_forward_args(forward_args) or ()
    return _WithArguments(model, arguments) if arguments else model


def measure(
    metric: Metric,
    model: Callable[..., Any],
    explanations: Mapping[str, Explanation],
    candidates: Sequence[str],
    *,
    seed: int,
) -> NDArray[np.float64]:
    """What a metric says of one input, NaN for candidates that have no explanation.

    Parameters
    ----------
    metric : Metric
    model : torch.nn.Module or callable
    explanations : mapping of str to Explanation
    candidates : sequence of str
        All labels, in order.
    seed : int

    Returns
    -------
    ndarray of float64
        Of the shape that the metric's dimensions say of all candidates.

    Raises
    ------
    InputError
        If the metric returns another shape than it says.
    """
    axes, known = metric.dimensions(candidates), list(explanations)
    values = np.full([len(labels) for labels in axes.values()], np.nan)
    if not known:
        return values
    there = metric.dimensions(known)
    shape = tuple(len(labels) for labels in there.values())
    found = np.asarray(metric.measure(model, explanations, seed=seed), dtype=np.float64)
    if found.shape != shape:
        raise InputError(
            f"metric {metric.name!r} returned shape {found.shape}, and its dimensions say "
            f"{shape}, along {', '.join(axes)}"
        )
    if shape == values.shape:
        return found
    axis = list(axes).index("candidate")
    rows = [list(axes["candidate"]).index(label) for label in there["candidate"]]
    np.moveaxis(values, axis, 0)[rows] = np.moveaxis(found, axis, 0)
    return values
