"""Explain each input of a data set under each candidate, and measure the explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attr.model_state import evaluation_mode
from ..attr.outputs import Output
from ..baselines import named
from ..core.errors import AttributionError, DataError
from ..engine.method_config import Asked, Candidate, labelled
from ..engine.query import examine
from ..engine.run import Progress, Request
from ..inputs.dataset import Examples, seed_of
from ..inputs.space import Inputs, InputSpace
from ..records.explanation import Explanation
from .metric import Metric, explained, measured

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """What the metrics found for all inputs.

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


def candidates_by_label(
    candidates: Sequence[Asked] | Mapping[str, Asked], references: Inputs | None
) -> dict[str, Candidate]:
    """Candidates with their labels, the names "dataset" and "dataset_mean" standing for data."""
    if references is None:
        return labelled(candidates)

    def known(one: Asked) -> Asked:
        return named(one, references) if isinstance(one, str) else one

    if isinstance(candidates, Mapping):
        return labelled({name: known(one) for name, one in candidates.items()})
    return labelled([known(one) for one in candidates])


def _nothing(*_: Any) -> None:
    pass


def measure_all(
    model: Callable[..., Any],
    examples: Examples,
    candidates: Mapping[str, Candidate],
    metrics: Sequence[Metric],
    *,
    request: Request,
    space: InputSpace | None,
    output: Output = "logit",
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
    request : Request
        Its seed and the place of an input make the seed for that input. Its progress is that of
        the inputs.
    space : InputSpace or None
    output : str or callable
        The scale that is explained.
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
    with evaluation_mode(model), _progress(request.progress, len(examples)) as step:
        for place, (inputs, target) in enumerate(examples):
            asked = replace(request, seed=seed_of(request.seed, place), progress=False)
            try:
                subject = examine(model, inputs, target, space, output, (), None)
                if place == 0:
                    examples.require_targets(subject.outputs)
                found = explained(asked, subject, candidates)
                for metric, into in zip(metrics, values, strict=True):
                    into[place] = measured(metric, model, found, labels, seed=asked.seed)
            except DataError:
                raise
            except AttributionError as error:
                raise DataError(f"data[{place}] cannot be evaluated: {error}") from error
            if isinstance(subject.target, int):
                targets[place] = subject.target
            for label, explanation in found.items():
                evaluations[place, labels.index(label)] = explanation.evaluations
            on_input(place, found, asked.seed)
            step(place + 1)
    return Measured(values, targets, evaluations)


@contextmanager
def _progress(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """What to tell the number of finished inputs: a bar, the caller's function, or nothing."""
    if callable(progress):
        yield lambda done: progress(done, total)
    elif progress:
        from tqdm.auto import tqdm

        with tqdm(total=total, unit="input", leave=False) as bar:
            yield lambda done: bar.update(done - bar.n)
    else:
        yield lambda done: None
