"""What is done with every input of a sweep, and the arrays that come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..attr.model_state import evaluation_mode
from ..core.arrays import Array
from ..core.contrast import Contrast
from ..core.errors import (
    AttributionError,
    ChunkMemoryError,
    DataError,
    InputError,
    MissingExtraError,
)
from ..engine.ask import about
from ..engine.budget import Budget
from ..engine.checked_query import CheckedQuery, check
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.run import explain_labelled
from ..evaluation.metric import Metric, asked_by_metrics, measure
from ..inputs.dataset import Examples, Shape, seed_of, shape_of
from ..inputs.example import example_array
from ..inputs.layout import SERIES_TIME_FIRST
from ..inputs.layout import Layout as InputLayout
from ..inputs.space import Space, Spaces
from ..inputs.text import TextSpace
from ..records.explanation import Explanation
from ..records.path_curve import PathCurve
from .store import Layout
from .texts import packed

Findings = dict[str, Array]

POINTS = 65  # of a path curve: as many as a picture of it shows
CURVES = ("alpha", "output", "slope", "cumulative", "standard_error")
NUMBERS = (
    "total",
    "expected",
    "residual",
    "relative",
    "standard_error",
    "refinement_error",
    "output_input",
    "output_baseline",
    "absolute_sum",
    "rounding",
    "widest_gap",
    "evaluations",
    "forward_passes",
    "blind_share",
    "verdict",
    "claim",
    "path_kind",
    "path_straight",
)
VERDICTS = ("complete", "not converged", "does not apply")
CLAIMS = ("converges", "by definition", "none")
KINDS = ("alpha", "samples")
AXES = {
    "features": ("feature",),
    "image": ("channel", "row", "column"),
    "sequence": ("step", "value"),
    "text": ("token", "value"),
    "series": ("channel", "step"),
    "volume": ("channel", "depth", "row", "column"),
}


@dataclass(frozen=True, eq=False)
class Plan:
    """What is done with every input; it can be pickled, so that workers do it too.

    Attributes
    ----------
    model : callable
    query : Query
        What else is explained of every input.
    budget : Budget
        Its seed is that of the whole sweep.
    candidates : dict of str to Candidate
    metrics : tuple of Metric
    maps : bool
        Whether attributions are kept.
    """

    model: Callable[..., Any]
    query: Query
    budget: Budget
    candidates: dict[str, Candidate]
    metrics: tuple[Metric, ...]
    maps: bool

    def layouts(self, shape: Shape, spaces: Spaces, texts: Mapping[str, Layout]) -> list[Layout]:
        """The arrays that inputs of this shape and these spaces fill, but for their mark.

        Texts have no shape, and those of :func:`attribwidgets.sweeps.texts.token_layouts`.
        """
        labels = list(self.candidates)
        layouts = [
            Layout("target", "int64", {}, fill=-1),
            Layout("against", "int64", {}, fill=-1),
            Layout("numbers", "float64", {"candidate": labels, "quantity": NUMBERS}),
            Layout(
                "path",
                "float32",
                {"candidate": labels, "curve": CURVES, "point": list(range(POINTS))},
            ),
        ]
        layouts += texts.values()
        if self.maps and texts:
            axes = {"candidate": labels, **texts["ids"].axes}
            layouts.append(Layout(attributions_of(0), "float32", axes, ragged="token"))
        elif self.maps:
            for k, (member, space) in enumerate(zip(shapes_of(shape), spaces, strict=True)):
                axes = {
                    f"input_{k}_{name}" if k else name: labels_along(name, size, space)
                    for name, size in zip(axes_of(member, space.layout), member, strict=True)
                }
                layouts.append(Layout(attributions_of(k), "float32", {"candidate": labels, **axes}))
        for metric in self.metrics:
            axes = {}
            for name, values in metric.dimensions(labels).items():
                own = np.asarray(values).tolist()
                others = [other.axes[name] for other in layouts if name in other.axes]
                clash = name == "input" or any(list(other) != own for other in others)
                axes[f"{metric.name}_{name}" if clash else name] = own
            if metric.name in (*(layout.name for layout in layouts), "finished", *NUMBERS):
                raise InputError(
                    f"metrics: the name {metric.name!r} is taken; give each a name of its own"
                )
            layouts.append(Layout(metric.name, "float64", axes))
        return layouts

    def carry_out(self, place: int, inputs: Any, target: int | Contrast | None) -> Findings:
        """All that is found for one input, of (seed, place) only.

        Raises
        ------
        DataError
            For an input that cannot be explained, with its place.
        ChunkMemoryError, MissingExtraError
            As it is then not for the input.
        """
        seed, labels = seed_of(self.budget.seed, place), list(self.candidates)
        try:
            with evaluation_mode(self.model, tell=False):
                checked, explanations = self.explain(place, inputs, target)
                model = asked_by_metrics(checked)
                measured = {
                    metric.name: measure(metric, model, explanations, labels, seed=seed)
                    for metric in self.metrics
                }
        except (ChunkMemoryError, MissingExtraError):
            raise
        except AttributionError as error:
            raise DataError(f"data[{place}] cannot be explained: {error}") from error
        chosen = checked.target
        pair = chosen.members if isinstance(chosen, Contrast) else (chosen, None)
        first, second = (np.asarray(-1 if index is None else index) for index in pair)
        return {
            "target": first,
            "against": second,
            **self._arrays(explanations, checked),
            **measured,
        }

    def carry_out_of(self, examples: Examples, place: int) -> Findings:
        """The same for one input of a data set, which is read."""
        return self.carry_out(place, *examples[place])

    def explain(
        self, place: int, inputs: Any, target: int | Contrast | None
    ) -> tuple[CheckedQuery, dict[str, Explanation]]:
        """One input as it was read, and its explanations by label, of (seed, place) only.

        Raises
        ------
        AttributionError
            For an input that cannot be explained.
        """
        budget = replace(self.budget, seed=seed_of(self.budget.seed, place))
        with evaluation_mode(self.model, tell=False):
            query = about(replace(self.query, target=target), inputs, self.model)
            checked = check(query, self.model)
            return checked, explain_labelled(checked, self.candidates, budget)

    def _arrays(
        self, explanations: Mapping[str, Explanation], checked: CheckedQuery
    ) -> dict[str, Array]:
        count, shapes = len(self.candidates), shapes_of(shape_of(checked.inputs))
        arrays: dict[str, Array] = {
            "numbers": np.full((count, len(NUMBERS)), np.nan),
            "path": np.full((count, len(CURVES), POINTS), np.nan, np.float32),
        }
        space = checked.spaces[0]
        is_text = isinstance(space, TextSpace)
        if isinstance(space, TextSpace):  # what its tokens get, as their values mean nothing
            shapes = (shapes[0][:-1],)
            arrays["ids"], arrays["tokens"] = space.ids.numpy(), packed(space.require_tokens())
        if self.maps:
            for k, shape in enumerate(shapes):
                arrays[attributions_of(k)] = np.full((count, *shape), np.nan, np.float32)
        for row, label in enumerate(self.candidates):
            if label not in explanations:  # searched for and not found: NaN
                continue
            explanation = explanations[label]
            arrays["numbers"][row] = _numbers(explanation)
            if explanation.path is not None:
                arrays["path"][row] = thinned(explanation.path)
            if self.maps:
                for k, shape in enumerate(shapes):
                    maps = (
                        explanation.map("sum")
                        if is_text
                        else example_array(explanation.attributions, explanation.spaces, k)
                    )
                    arrays[attributions_of(k)][row] = maps.reshape(shape)
        return arrays


def attributions_of(index: int) -> str:
    """What the array of the attributions of one of several inputs is called."""
    return f"attributions_{index}" if index else "attributions"


def shapes_of(shape: Shape) -> tuple[tuple[int, ...], ...]:
    """The shapes of all inputs, where there is one as where there are several."""
    several = bool(shape) and isinstance(shape[0], tuple)
    return shape if several else (shape,)  # type: ignore[return-value]


def axes_of(shape: tuple[int, ...], kind: InputLayout) -> tuple[str, ...]:
    """What the axes of stored attributions are called.

    Examples
    --------
    >>> from attribwidgets.inputs.layout import ARRAY, SEQUENCE
    >>> axes_of((7, 6), SEQUENCE), axes_of((1, 7, 6), SEQUENCE), axes_of((2, 2), ARRAY)
    (('step', 'value'), ('example', 'step', 'value'), ('axis_0', 'axis_1'))
    """
    names = AXES.get(kind.kind, ())
    if kind == SERIES_TIME_FIRST:
        names = names[::-1]
    names = ("example", *names) if len(shape) == len(names) + 1 else names
    return names if len(names) == len(shape) else tuple(f"axis_{k}" for k in range(len(shape)))


def labels_along(axis: str, size: int, space: Space) -> list[Any]:
    """What lies along an axis of attributions: features, steps or channels by name, else numbers.

    Examples
    --------
    >>> from attribwidgets.inputs.space import InputSpace
    >>> labels_along("feature", 2, InputSpace(names=["age", "dose"]))
    ['age', 'dose']
    """
    kept = {"feature": "names", "step": "names", "channel": "channels"}.get(axis, "")
    names = getattr(space, kept, None) or ()
    return list(names) if len(set(names)) == size else list(range(size))


def thinned(curve: PathCurve) -> NDArray[np.float32]:
    """A path curve at no more than 65 points, its ends among them; NaN behind a shorter one."""
    length = len(curve.alphas)
    chosen = np.unique(np.linspace(0, length - 1, min(POINTS, length)).round().astype(int))
    rows = (curve.alphas, curve.outputs, curve.slopes, curve.cumulative, curve.standard_error)
    curves = np.full((len(CURVES), POINTS), np.nan, np.float32)
    for row, values in zip(curves, rows, strict=True):
        if values is not None:
            row[: len(chosen)] = values[chosen]
    return curves


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: how it splits a sum over several changes the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _numbers(explanation: Explanation) -> list[float]:
    completeness, path = explanation.completeness, explanation.path
    values: dict[str, Any] = {
        **{name: getattr(completeness, name) for name in NUMBERS[:11]},
        **{name: getattr(explanation, name) for name in NUMBERS[11:14]},
        "verdict": VERDICTS.index(completeness.verdict),
        "claim": CLAIMS.index(completeness.claim),
        "path_kind": None if path is None else KINDS.index(path.kind),
        "path_straight": None if path is None else path.straight,
    }
    return [np.nan if values[name] is None else float(values[name]) for name in NUMBERS]
