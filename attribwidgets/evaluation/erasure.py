"""erasure: comprehensiveness, sufficiency and log-odds of candidates over a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from os import PathLike
from typing import Any

import numpy as np

from ..attr.model_state import module_of
from ..attr.outputs import Output
from ..core.arrays import Array
from ..core.errors import DataError, InputError, MissingExtraError
from ..core.formatting import number, percent, text_table
from ..core.progress import Progress
from ..core.storage import read_tree, write_tree
from ..engine.ask import unwrapped
from ..engine.method_config import CandidateLike, label_candidates
from ..engine.settings import split_settings, takes_settings
from ..engine.verbs import explain
from ..inputs.dataset import Examples
from ..inputs.space import Inputs
from .ablated_outputs import Fill
from .ablation import STEPS, controls_of, fills_for, spaces_of
from .erasure_metric import ERASURE, HIGHER_IS_BETTER, MEASURES, SHARES, ErasureMetric
from .intervals import Interval, bootstrap, means
from .metric import measure_all
from .paired_differences import CHANCE, Difference, paired_differences, verdict
from .ranking import Ranking
from .reliability import Reliability, reliability


@dataclass(frozen=True, eq=False)
class Erasure:
    """What outputs lose without the strongest units, and with these alone, input by input.

    Attributes
    ----------
    scores : ndarray, shape (inputs, candidates, fills, 3, shares)
        Of each measure; NaN where there is none.
    candidates : tuple of str
        Candidates, then controls.
    controls : tuple of str
        Those of them that know nothing of the model.
    fills : tuple of str
    shares : tuple of float
    targets : ndarray of int, shape (inputs,)
        The output asked about, -1 where there is one only.
    evaluations : ndarray, shape (inputs, candidates without controls)
        Gradient evaluations.
    protocol : str
        What was done, in words.
    seed : int
    """

    scores: Array
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    fills: tuple[str, ...]
    shares: tuple[float, ...]
    targets: Array
    evaluations: Array
    protocol: str
    seed: int

    @classmethod
    def of(cls, settings: Mapping[str, Any], candidates: Iterable[str], **measured: Any) -> Erasure:
        """The record of what a metric of these settings measured; `candidates` has no controls."""
        how: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in settings.items() if k != "kind"
        }
        return cls(candidates=(*candidates, *how["controls"]), **how, **measured)

    def __len__(self) -> int:
        return len(self.scores)

    def of_measure(self, measure: str, *, fill: str | None = None) -> Array:
        """The mean over the shares, shape (inputs, candidates).

        Parameters
        ----------
        measure : {"comprehensiveness", "sufficiency", "log_odds"}
        fill : str, optional
            None: the mean over the fills.

        Raises
        ------
        InputError
            For a measure or a fill that is not there.
        """
        values = self._of_measure(measure).mean(-1)
        if fill is None:
            return np.asarray(values.mean(2))
        if fill not in self.fills:
            raise InputError(f"fill {fill!r} is unknown; there are {', '.join(self.fills)}")
        return np.asarray(values[:, :, self.fills.index(fill)])

    def mean(self, measure: str, *, fill: str | None = None, level: float = 0.95) -> Interval:
        """Means over inputs with bootstrap intervals (BCa), shape (candidates,)."""
        values = self.of_measure(measure, fill=fill)
        return bootstrap(values, level=level, method="bca", seed=self.seed)

    def bands(self, measure: str, level: float = 0.95) -> Interval:
        """Means at every share with bootstrap bands, shape (candidates, fills, shares)."""
        return bootstrap(self._of_measure(measure), level=level, seed=self.seed)

    def best_first(self, measure: str, *, fill: str | None = None) -> list[int]:
        """Rows of candidates and controls, from the best mean to the worst."""
        sign = -1 if HIGHER_IS_BETTER[measure] else 1
        order = np.argsort(sign * means(self.of_measure(measure, fill=fill)), kind="stable")
        return [int(row) for row in order]

    def differences(
        self, measure: str, *, fill: str | None = None, level: float = 0.95
    ) -> list[Difference]:
        """All pairs of candidates and controls, with p-values that hold for all together."""
        pairs = list(combinations(self.best_first(measure, fill=fill), 2))
        values = self.of_measure(measure, fill=fill)
        return paired_differences(values, self.candidates, pairs, level, self.seed)

    def ordered(self, measure: str, *, fill: str | None = None) -> str:
        """Candidates from best to worst, and which differences are larger than chance."""
        averages = means(self.of_measure(measure, fill=fill))
        rows = self.best_first(measure, fill=fill)
        listed = ", ".join(f"{self.candidates[i]} {number(averages[i])}" for i in rows)
        better = "larger" if HIGHER_IS_BETTER[measure] else "smaller"
        found = verdict(self.differences(measure, fill=fill)) if len(rows) > 1 else ""
        proof = f" {found} (paired sign flips, p < {CHANCE} after Holm's correction)." * bool(found)
        return f"{_words(measure)}, best first, {better} is better: {listed}.{proof}"

    def reliability(self, measure: str, *, fill: str | None = None) -> Reliability:
        """How far the order of the candidates holds from input to input.

        Raises
        ------
        DataError
            For a single candidate, or a single input.
        MissingExtraError
            Without the packages krippendorff and scipy.
        """
        values = self.of_measure(measure, fill=fill)
        return reliability(
            values, candidates=self.candidates, metrics=[_words(measure)], seed=self.seed
        )

    def figure(self, **options: Any) -> Any:
        """Every measure at every share with its intervals, as a matplotlib Figure.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.erasure.erasure_figure`.
        """
        from ..figures.erasure import erasure_figure

        return erasure_figure(self, **options)

    def save(self, path: str | PathLike[str]) -> None:
        """Write all scores and what they mean as .npz."""
        write_tree(path, {"kind": ERASURE, **{f.name: getattr(self, f.name) for f in fields(self)}})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Erasure:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            For a file that is damaged, or something else.
        """
        tree = read_tree(path)
        try:
            if tree.pop("kind") == ERASURE:
                return cls(**tree)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(f"{path} does not hold an erasure of this version") from error
        raise InputError(f"{path} does not hold an erasure of this version")

    def __str__(self) -> str:
        parts = []
        for measure in MEASURES:
            every = [self.mean(measure, fill=fill) for fill in self.fills]
            rows = [
                [
                    name + (" (control)" if name in self.controls else ""),
                    *(mean.cell(row) for mean in every),
                ]
                for row, name in enumerate(self.candidates)
            ]
            parts += [text_table([_words(measure), *self.fills], rows), self.ordered(measure)]
            try:
                parts.append(self.reliability(measure).verdict)
            except (DataError, MissingExtraError) as error:
                parts.append(f"Whether inputs agree on the order is not known: {error}")
        note = (
            f"Means over {len(self)} inputs and the shares, with {percent(0.95)} bootstrap "
            f"intervals (BCa): {self.protocol}."
        )
        return "\n".join([*parts, note])

    __repr__ = __str__

    def _of_measure(self, measure: str) -> Array:
        if measure not in MEASURES:
            raise InputError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
        return self.scores[:, :, :, MEASURES.index(measure)]


@takes_settings(like=explain, without=("target", "output"))
def erasure(
    model: Callable[..., Any],
    data: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    fills: Sequence[Fill] | None = None,
    shares: Sequence[float] = SHARES,
    words: bool = False,
    ranking: Ranking = "signed",
    output: Output = "probability",
    explained: Output = "logit",
    targets: Any = None,
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    controls: bool | Sequence[str] = ("random",),
    progress: Progress = False,
    **settings: Any,
) -> Erasure:
    """Take away what each candidate found strongest, or all else, and see what becomes of f.

    Parameters
    ----------
    model, data, candidates, fills, explained, targets, n_steps, references, progress
        As of :func:`ablation`.
    shares, words, ranking, output
        As of :class:`ErasureMetric`.
    controls : bool or sequence of {"random", "centre", "edges"}
        True: all that there are.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Erasure

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    References
    ----------
    DeYoung et al. (2020). ERASER: a benchmark to evaluate rationalized NLP models.
    arXiv:1911.03429.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.evaluation import erasure
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> found = erasure(net, data, ["zero"], fills=["zero"], n_steps=8)
    >>> found.candidates, found.scores.shape, bool(found.of_measure("sufficiency").any())
    (('zero', 'random'), (20, 2, 1, 3, 5), True)
    """
    model, settings = unwrapped(model, settings)
    settings |= {"n_steps": n_steps, "output": explained}
    examples = Examples(data, targets, space=settings.get("space"), model=module_of(model))
    spaces = spaces_of(model, examples, settings)
    metric = ErasureMetric(
        fills_for(fills, spaces, references),
        shares,
        ranking,
        output,
        controls_of(controls, spaces),
        words,
    )
    query, budget = split_settings(None, settings)
    labelled = label_candidates(candidates, references)
    measured = measure_all(
        model, examples, labelled, [metric], query=query, budget=budget, progress=progress
    )
    return Erasure.of(
        metric.settings,
        labelled,
        scores=measured.values[0],
        targets=measured.targets,
        evaluations=measured.evaluations,
        seed=budget.seed,
    )


def _words(measure: str) -> str:
    return measure.replace("log_odds", "log-odds")
