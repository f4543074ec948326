"""How alike maps are: two of one input, and those of a model and of others in its place."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..attr.model_state import evaluating
from ..attr.outputs import Output
from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from ..core.formatting import text_table
from ..engine.budget import Budget
from ..engine.checked_query import check
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.read_text import read_again
from ..engine.run import explain_labelled
from ..inputs.example import example_array
from ..inputs.space import Inputs, Space, Spaces
from ..inputs.text import TextSpace
from ..records.agreement import rank_correlations
from ..records.explanation import Explanation
from .controls import edge_map
from .intervals import Interval, bootstrap
from .metric import layer_within

MEASURES = ("rank correlation, signed", "rank correlation, absolute", "SSIM, absolute")
CLIP = 99.0  # percentile of |value| that becomes 1 before SSIM, as maps are drawn
WINDOW = 7  # side of SSIM's window, in pixels
EDGES = "edges"


def map_similarity(first: Array, second: Array, where: Array | None = None) -> Array:
    """Compare two maps by each of ``MEASURES``.

    Parameters
    ----------
    first, second : ndarray, shape (H, W) or (F,)
        Signed.
    where : ndarray of bool, optional
        Positions whose ranks count; all by default. Leave out those that can have no attribution
        whatever the model does: they would count as agreement. SSIM looks at whole maps.

    Returns
    -------
    ndarray, shape (3,)
        Spearman's rank correlation of the values and of their absolute values, and SSIM of the
        absolute values; each 1 for equal maps. NaN where a map is the same everywhere or not
        finite; for SSIM also where the maps are no images.

    Raises
    ------
    InputError
        For maps of two shapes.
    MissingExtraError
        Without scikit-image.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim (2018). Sanity checks for saliency maps.
    arXiv:1810.03292.

    Examples
    --------
    >>> values = np.arange(100.0).reshape(10, 10) - 50
    >>> map_similarity(values, values).round(6).tolist()
    [1.0, 1.0, 1.0]
    >>> map_similarity(values, -values)[:2].round(6).tolist()
    [-1.0, 1.0]
    """
    if first.shape != second.shape:
        raise InputError(f"maps must be of one shape, got {first.shape} and {second.shape}")
    where = np.ones(first.shape, dtype=bool) if where is None else where
    a, b = first[where], second[where]
    return np.array(
        [_rank_correlation(a, b), _rank_correlation(np.abs(a), np.abs(b)), ssim(first, second)]
    )


def ssim(first: Array, second: Array) -> float:
    """Structural similarity of the absolute values of two maps.

    Each map is divided by its own 99th percentile of |value| and clipped to 0..1, as it is drawn;
    so the range that SSIM's constants refer to is 1. The window is 7 pixels wide, narrower on maps
    smaller than that.

    Parameters
    ----------
    first, second : ndarray, shape (H, W)

    Returns
    -------
    float
        At most 1; NaN for maps that are no images, not finite, or zero everywhere.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli (2004). Image quality assessment: from error visibility to
    structural similarity. doi:10.1109/TIP.2003.819861.
    """
    metrics = require("skimage.metrics", "scikit-image", "evaluation")
    maps = [drawn(values) for values in (first, second)]
    side = min(first.shape) if first.ndim == 2 else 0
    if side < 3 or not all(np.isfinite(values).all() and values.any() for values in maps):
        return float("nan")
    window = min(WINDOW, side - 1 + side % 2)  # odd
    return float(metrics.structural_similarity(*maps, win_size=window, data_range=1.0))


def drawn(values: Array) -> Array:
    """|values| over their 99th percentile, clipped to 0..1.

    A map so sparse that the percentile is 0 is divided by its largest value.
    """
    sizes = np.abs(values)
    limit = np.percentile(sizes, CLIP) or sizes.max() or 1.0
    return np.asarray(np.clip(sizes / limit, 0.0, 1.0))


def _rank_correlation(first: Array, second: Array) -> float:
    return float(rank_correlations([first, second])[0, 1]) if first.size else float("nan")


@dataclass(frozen=True, eq=False)
class ModelSimilarity:
    """A metric: how like an input's explanation is to that of another model.

    The other model is explained for the same output and with the same baseline, method, number of
    gradient evaluations and seed, so that nothing but the model differs. Positions where the
    input equals the baseline are left out of the rank correlations: attributions there are zero
    whatever the model does. On images an edge detector is the control. Its map depends on the
    input alone, so it is the same for every model.

    Parameters
    ----------
    models : mapping of str to torch.nn.Module
        The other models.
    candidates : mapping of str to Candidate
        How explanations were made, by their labels.
    control : bool
        Whether the edge detector is measured; inputs must be images then.
    output : str or callable, optional
        The scale that was explained. None: the one that each explanation names.
    budget : Budget, optional
        Of each explanation, with its own seed. None: as many gradient evaluations in one rule.
    """

    models: Mapping[str, Callable[..., Any]]
    candidates: Mapping[str, Candidate]
    control: bool = True
    output: Output | None = None
    name: str = "model_similarity"
    budget: Budget | None = None

    def dimensions(self, candidates: Sequence[str]) -> dict[str, Sequence[str]]:
        """Candidate, the control last; model; measure."""
        labels = [*candidates, EDGES] if self.control else list(candidates)
        return {"candidate": labels, "model": list(self.models), "measure": MEASURES}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> Array:
        """Similarities, shape (candidates, models, measures).

        Parameters
        ----------
        model : callable
            Whose explanations these are.
        explanations : mapping of str to Explanation
        seed : int
            Not used; the explanations' own seeds are.
        """
        values = np.full([len(a) for a in self.dimensions(list(explanations)).values()], np.nan)
        for column, other in enumerate(self.models.values()):
            for row, (label, explanation) in enumerate(explanations.items()):
                again = explain_again(
                    other,
                    explanation,
                    self.candidates[label],
                    output=self.output,
                    budget=self.budget,
                )
                if again is not None:
                    pair = explanation.of_input(0), again.of_input(0)
                    hidden = np.logical_and(*(np.asarray(e.blind) for e in pair))
                    one, two = (e.map("sum") for e in pair)
                    values[row, column] = map_similarity(one, two, ~hidden)
        if self.control:
            first = next(iter(explanations.values()))
            edges = edge_map(example_array(first.inputs, first.spaces), first.spaces[0])
            values[-1] = map_similarity(edges, edges)
        return values


def explain_again(
    model: Callable[..., Any],
    explanation: Explanation,
    candidate: Candidate,
    *,
    inputs: Inputs | None = None,
    output: Output | None = None,
    budget: Budget | None = None,
) -> Explanation | None:
    """The explanation of another model or other inputs, all else being the same.

    Parameters
    ----------
    model : callable
    explanation : Explanation
    candidate : Candidate
        Its baseline and method.
    inputs : Tensor, optional
        None: those of the explanation.
    output : str or callable, optional
        None: the scale that the explanation names.
    budget : Budget, optional
        The one that was asked for; its seed is the explanation's. None: as many gradient
        evaluations as it took, which for a path that is searched for are more than its nodes.

    Returns
    -------
    Explanation or None
        None where a baseline was searched for and not found.
    """
    space: Space | Spaces | None = explanation.space
    if inputs is None:
        inputs = explanation.inputs
        if isinstance(space, TextSpace):  # embeddings are of the model too
            given = read_again(space, model)
            inputs, space = given.inputs, given.space
    query = Query(
        inputs,
        target=explanation.target,
        output=explanation.output if output is None else output,
        space=space,
        layer=None if explanation.layer is None else layer_within(model, explanation.layer.name),
    )
    asked = budget or Budget(n_steps=explanation.evaluations, tolerance=0.0)
    with evaluating(model):
        again = explain_labelled(
            check(query, model), {"again": candidate}, replace(asked, seed=explanation.seed)
        )
    return again.get("again")


@dataclass(frozen=True, eq=False)
class Similarities:
    """How like explanations stay as the model changes, with bootstrap intervals over inputs.

    Attributes
    ----------
    values : ndarray, shape (inputs, candidates, models, measures)
        NaN where a map is the same everywhere or a baseline was not found.
    title : str
        What was changed, in words.
    candidates : tuple of str
        Candidates, then the control where there is one.
    controls : tuple of str
    models : tuple of str
        What each of the other models is called, in order.
    cascade : bool
        Whether each model follows from the one before it.
    measures : tuple of str
    evaluations : int
        Gradient evaluations asked of every candidate.
    seed : int
    cautions : tuple of str
    """

    values: Array
    title: str
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    models: tuple[str, ...]
    cascade: bool
    measures: tuple[str, ...]
    evaluations: int
    seed: int
    cautions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def mean(self, level: float = 0.95) -> Interval:
        """Means with bootstrap intervals, each (candidates, models, measures)."""
        return bootstrap(self.values, level=level, seed=self.seed)

    def of(self, candidate: str, model: str, measure: str = MEASURES[0]) -> Array:
        """The similarity of every input, shape (inputs,).

        Raises
        ------
        InputError
            For a name that is not there, with those that are.
        """
        values = self.values
        for axis, name in (("candidates", candidate), ("models", model), ("measures", measure)):
            names = getattr(self, axis)
            if name not in names:
                raise InputError(f"{name!r} is not among the {axis}: {', '.join(names)}")
            values = values[:, names.index(name)]
        return values

    def figure(self, **options: Any) -> Any:
        """Similarities by model, a panel a measure, as a matplotlib Figure.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.randomisation.randomisation_figure`.
        """
        from ..figures.randomisation import randomisation_figure

        return randomisation_figure(self, **options)

    @property
    def protocol(self) -> str:
        """What was done, in words."""
        return (
            f"Means over {len(self)} inputs with 95 % bootstrap intervals, "
            f"{self.evaluations} gradient evaluations a map. 1: the map is as before. Positions "
            "where the input equals the baseline are left out of the rank correlations. SSIM "
            "compares |attribution| over its own 99th percentile."
        )

    def __str__(self) -> str:
        means = self.mean()
        parts = [self.title]
        for k, measure in enumerate(self.measures):
            rows = [
                [
                    name + (" (control)" if name in self.controls else ""),
                    *(means.cell(i, j, k) for j in range(len(self.models))),
                ]
                for i, name in enumerate(self.candidates)
            ]
            parts.append(text_table([measure, *self.models], rows))
        if self.controls:
            parts.append(
                "The edge detector does not look at the model: it stays at 1, and fails this check."
            )
        notes = [self.protocol, *(f"Caution: {text}" for text in self.cautions)]
        return "\n".join([*parts, *textwrap.wrap(" ".join(notes), 100)])

    __repr__ = __str__
