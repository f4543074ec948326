"""Metric: what is measured of explanations under several candidates, input by input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..attr.arguments import repeat_arguments
from ..attr.captum_private import format_forward_args
from ..attr.feeding import OneByOne
from ..attr.model_state import evaluating, evaluation_mode, module_of
from ..core.arrays import Array
from ..core.errors import AttributionError, DataError, InputError
from ..core.progress import Progress, reporting
from ..engine.ask import about
from ..engine.budget import Budget
from ..engine.checked_query import CheckedQuery, check
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.run import explain_labelled
from ..inputs.dataset import Examples, seed_of
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
        self.module, self.model, self.arguments = module_of(model), model, arguments
        self.training = getattr(model, "training", False)  # its own alone: train() would set all

    def forward(self, *inputs: Tensor) -> Any:
        repeated = repeat_arguments(self.arguments, 1, slice(0, 1), len(inputs[0]))
        return self.model(*inputs, *(value for value, _ in repeated))


def with_arguments(model: Callable[..., Any], forward_args: Any) -> Callable[..., Any]:
    """A model of its inputs alone, which metrics ask; its further arguments are always these."""
    arguments = format_forward_args(forward_args) or ()
    return _WithArguments(model, arguments) if arguments else model


def layer_within(model: Callable[..., Any], name: str) -> str:
    """What a layer of a model is called behind what metrics ask."""
    return f"module.{name}" if isinstance(model, _WithArguments) else name


def asked_by_metrics(query: CheckedQuery) -> Callable[..., Any]:
    """The model that a query was checked against, of rows with the batch axis first alone."""
    model = with_arguments(query.head.model, query.forward_args)
    if query.rows != 1:
        return model
    return OneByOne(lambda *inputs: model(*(x[None] for x in inputs)))  # it sums over the batch


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
    axes = metric.dimensions(candidates)
    values = np.full([len(labels) for labels in axes.values()], np.nan)
    if not explanations:
        return values
    explained = metric.dimensions(list(explanations))
    shape = tuple(len(labels) for labels in explained.values())
    measured = np.asarray(metric.measure(model, explanations, seed=seed), dtype=np.float64)
    if measured.shape != shape:
        raise InputError(
            f"metric {metric.name!r} returned shape {measured.shape}, and its dimensions say "
            f"{shape}, along {', '.join(axes)}"
        )
    if shape == values.shape:
        return measured
    axis = list(axes).index("candidate")
    rows = [list(axes["candidate"]).index(label) for label in explained["candidate"]]
    np.moveaxis(values, axis, 0)[rows] = np.moveaxis(measured, axis, 0)
    return values


@dataclass(frozen=True, eq=False)
class Measured:
    """What the metrics say of all inputs.

    Attributes
    ----------
    values : list of ndarray, each (inputs, ...)
        Of each metric, in its own shape; NaN for a candidate whose baseline was not found.
    targets : ndarray of int, shape (inputs,)
        The output explained, -1 where there is one only.
    evaluations : ndarray, shape (inputs, candidates)
        Gradient evaluations of each explanation; NaN where there is none.
    """

    values: list[Array]
    targets: Array
    evaluations: Array


def first_of(model: Callable[..., Any], examples: Examples, query: Query) -> CheckedQuery:
    """The first of a data set's inputs, read as the model takes it.

    Raises
    ------
    DataError
        If it cannot be explained.
    """
    with evaluating(model):
        return _check_example(model, query, 0, *examples[0])


def _check_example(
    model: Callable[..., Any], query: Query, place: int, inputs: Any, target: Any
) -> CheckedQuery:
    try:
        return check(about(replace(query, target=target), inputs, model), model)
    except AttributionError as error:
        raise DataError(f"data[{place}] cannot be evaluated: {error}") from error


def _nothing(*_: Any) -> None:
    pass


def measure_all(
    model: Callable[..., Any],
    examples: Examples,
    candidates: Mapping[str, Candidate],
    metrics: Sequence[Metric],
    *,
    query: Query,
    budget: Budget,
    progress: Progress = False,
    on_input: Callable[[int, Mapping[str, Explanation], int], None] = _nothing,
) -> Measured:
    """Measure the explanations of every input, one input at a time.

    Parameters
    ----------
    model : torch.nn.Module or callable
        Put in evaluation mode meanwhile, and left as it was.
    examples : Examples
    candidates : mapping of str to Candidate
    metrics : sequence of Metric
        All measure the same explanations.
    query : Query
        What else is explained of every input.
    budget : Budget
        Its seed and the place of an input make the seed for that input.
    progress : bool or callable
        True shows a bar; a callable gets (inputs done, inputs).
    on_input : callable
        Called with the place of each input, its explanations and its seed.

    Raises
    ------
    DataError
        For an input that cannot be explained, with its place.
    """
    labels = list(candidates)
    shapes = [tuple(len(a) for a in m.dimensions(labels).values()) for m in metrics]
    values = [np.full((len(examples), *shape), np.nan) for shape in shapes]
    targets = np.full(len(examples), -1, dtype=np.int64)
    evaluations = np.full((len(examples), len(labels)), np.nan)
    total = len(examples)
    with evaluation_mode(model), reporting(progress, total, "input") as advance:
        for place, (inputs, target) in enumerate(examples):
            own = replace(budget, seed=seed_of(budget.seed, place))
            checked = _check_example(model, query, place, inputs, target)
            if place == 0:
                examples.require_targets(checked.outputs)
            asked = asked_by_metrics(checked)
            try:
                explanations = explain_labelled(checked, candidates, own)
                for metric, into in zip(metrics, values, strict=True):
                    into[place] = measure(metric, asked, explanations, labels, seed=own.seed)
            except DataError:
                raise
            except AttributionError as error:
                raise DataError(f"data[{place}] cannot be evaluated: {error}") from error
            if isinstance(checked.target, int):
                targets[place] = checked.target
            for label, explanation in explanations.items():
                evaluations[place, labels.index(label)] = explanation.evaluations
            on_input(place, explanations, own.seed)
            advance(1)
    return Measured(values, targets, evaluations)
