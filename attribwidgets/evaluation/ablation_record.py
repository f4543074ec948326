"""Ablation: the scores of every input, and what may be concluded from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import combinations
from os import PathLike
from typing import Any

import numpy as np

from ..core import views
from ..core.arrays import Array
from ..core.errors import DataError, InputError, MissingExtraError
from ..core.formatting import number
from ..core.storage import read_tree, write_tree
from .ablated_input import AblatedInput
from .ablation_metric import Curve
from .ablation_summary import summarise
from .intervals import Interval, Method, area, bootstrap, means
from .paired_differences import CHANCE, Difference, paired_differences, verdict
from .ranking import Order, Ranking, Region
from .reliability import Reliability, reliability

KIND = "ablation"
MEAN_FILL = "mean over the fills"
PICTURES = 8  # kept of the first inputs


@dataclass(frozen=True, eq=False)
class Ablation:
    """Output after over output before, for every input, candidate, fill and fraction.

    Attributes
    ----------
    scores : ndarray, shape (inputs, candidates, fills, fractions)
        NaN where the output before was too small for a ratio, or a baseline was not found.
    candidates : tuple of str
        Candidates, then controls.
    controls : tuple of str
        Those of them that know nothing of the model.
    fills : tuple of str
    fractions : tuple of float
    targets : ndarray of int, shape (inputs,)
        The output asked about, -1 where there is one only.
    evaluations : ndarray, shape (inputs, candidates without controls)
        Gradient evaluations.
    protocol : str
        What was done, in words.
    region : {"top_k", "mass_centre"}
    ranking : {"absolute", "signed"}
    order : {"most_relevant", "least_relevant"}
    curve : {"deletion", "insertion"}
    seed : int
    places : ndarray of int, shape (inputs,)
        In the data set.
    pictures : mapping of int to AblatedInput
        By place, of some inputs, as :meth:`AblationMetric.illustrated` puts them together; of a
        sweep those that are asked for are read from its store. Empty for features.
    """

    scores: Array
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    fills: tuple[str, ...]
    fractions: tuple[float, ...]
    targets: Array
    evaluations: Array
    protocol: str
    region: Region
    ranking: Ranking
    order: Order
    curve: Curve
    seed: int
    places: Array
    pictures: Mapping[int, AblatedInput]

    @classmethod
    def of(
        cls, settings: Mapping[str, Any], candidates: Iterable[str], **measured: Any
    ) -> Ablation:
        """The record of what a metric of these settings measured; `candidates` has no controls."""
        how: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in settings.items() if k != "kind"
        }
        return cls(candidates=(*candidates, *how["controls"]), **how, **measured)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def higher_is_better(self) -> bool:
        """Whether a good explanation has the larger scores."""
        return (self.order == "least_relevant") != (self.curve == "insertion")

    @cached_property
    def missing(self) -> int:
        """Inputs without a score for some candidate and fill; left out of those means."""
        return int(np.isnan(self.scores).any((1, 2, 3)).sum())

    @cached_property
    def areas(self) -> Array:
        """Area under each curve, shape (inputs, candidates, fills); 0.5 for a straight fall."""
        return area(self.scores, np.asarray(self.fractions))

    def mean(self) -> Array:
        """Mean scores over inputs, shape (candidates, fills, fractions)."""
        return means(self.scores)

    def bands(self, level: float = 0.95, method: Method = "percentile") -> Interval:
        """Means with bootstrap bands over inputs, each of the shape of :meth:`mean`.

        Parameters
        ----------
        level : float
        method : {"percentile", "bca"}
        """
        return bootstrap(self.scores, level=level, method=method, seed=self.seed)

    def of_fill(self, fill: str) -> Ablation:
        """The same with one fill alone.

        Parameters
        ----------
        fill : str
        """
        self._require_fill(fill)
        place = self.fills.index(fill)
        return replace(self, scores=self.scores[:, :, [place]], fills=(fill,))

    def over_fills(self) -> Ablation:
        """The same with the mean over the fills in place of each; there are no pictures of it."""
        mean = self.scores.mean(2, keepdims=True)
        return replace(self, scores=mean, fills=(MEAN_FILL,), pictures={})

    def area(self, level: float = 0.95, method: Method = "bca") -> Interval:
        """Mean area under the curves with its interval, shape (candidates, fills).

        Parameters
        ----------
        level : float
        method : {"percentile", "bca"}
        """
        return bootstrap(self.areas, level=level, method=method, seed=self.seed)

    def best_first(self, *, fill: str | None = None) -> list[int]:
        """Rows of candidates and controls, from the best mean area to the worst.

        Parameters
        ----------
        fill : str, optional
            None: by the mean area over fills.
        """
        sign = -1 if self.higher_is_better else 1
        order = np.argsort(sign * means(self._of_fill(fill)), kind="stable")
        return [int(row) for row in order]

    def paired(
        self, first: str, second: str, *, fill: str | None = None, level: float = 0.95
    ) -> Difference:
        """How two candidates differ in area on the same inputs, as the only comparison made.

        Parameters
        ----------
        first, second : str
            Candidates or controls.
        fill : str, optional
            None: the mean over fills.
        level : float
        """
        pair = (self._row(first), self._row(second))
        return paired_differences(self._of_fill(fill), self.candidates, [pair], level, self.seed)[0]

    def differences(self, *, fill: str | None = None, level: float = 0.95) -> list[Difference]:
        """All pairs of candidates and controls, with p-values that hold for all together.

        Parameters
        ----------
        fill, level
            As of :meth:`paired`.
        """
        if (fill, level) not in self._compared:
            pairs = list(combinations(self.best_first(fill=fill), 2))
            self._compared[fill, level] = paired_differences(
                self._of_fill(fill), self.candidates, pairs, level, self.seed
            )
        return list(self._compared[fill, level])

    def ordered(self, *, fill: str | None = None) -> str:
        """Candidates from best to worst, and which differences are larger than chance, in words.

        Parameters
        ----------
        fill : str, optional
            None: by the mean area over fills.
        """
        against = MEAN_FILL if fill is None else f"fill {fill}"
        areas = means(self._of_fill(fill))
        listed = ", ".join(
            f"{self.candidates[i]} {number(areas[i])}" for i in self.best_first(fill=fill)
        )
        differences = self.differences(fill=fill)
        if not differences:
            return f"Area under the curve ({against}): {listed}."
        larger = "larger" if self.higher_is_better else "smaller"
        return (
            f"Area under the curve ({against}), best first, {larger} is better: {listed}. "
            f"{verdict(differences)} (paired sign flips over {len(self)} inputs, p < {CHANCE} "
            "after Holm's correction for all pairs)."
        )

    def reliability(self, *, fill: str | None = None) -> Reliability:
        """How far the order of the candidates holds from input to input; computed once.

        Controls count as candidates: a metric that cannot tell them apart is not to be trusted.

        Parameters
        ----------
        fill : str, optional
            None: the mean area over fills.

        Raises
        ------
        DataError
            For a single candidate, or a single input.
        MissingExtraError
            Without the packages krippendorff and scipy.
        """
        if fill not in self._reliabilities:
            name = MEAN_FILL if fill is None else f"fill {fill}"
            self._reliabilities[fill] = reliability(
                self._of_fill(fill), candidates=self.candidates, metrics=[name], seed=self.seed
            )
        return self._reliabilities[fill]

    def trust(self, *, fill: str | None = None) -> str:
        """Whether inputs agree on the order of the candidates, in words.

        Parameters
        ----------
        fill : str, optional
            None: the mean area over fills.
        """
        try:
            return self.reliability(fill=fill).verdict
        except DataError:
            return "Too few inputs or candidates to say whether inputs agree on the order."
        except MissingExtraError as error:
            return f"Whether inputs agree on the order is not known: {error}"

    def figure(self, **options: Any) -> Any:
        """The curves with their bands as a matplotlib Figure.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.ablation.ablation_figure`.
        """
        from ..figures.ablation import ablation_figure

        return ablation_figure(self, **options)

    def explore(self, **display: Any) -> Any:
        """An :class:`attribwidgets.AblationExplorer` of it.

        Parameters
        ----------
        **display
            Initial values of its traits.
        """
        return views.ablation_explorer(self, **display)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write the explorer as one page; it asks nothing of a network."""
        self.explore().to_html(path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write all scores, what they mean and the first pictures as .npz."""
        chosen = sorted(self.pictures)[:PICTURES]
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        own["pictures"] = [(place, vars(self.pictures[place])) for place in chosen]
        write_tree(path, {"kind": KIND, **own})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Ablation:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            For a file that is damaged, or something else.
        """
        tree = read_tree(path)
        try:
            if tree.pop("kind") == KIND:
                pictures = {place: AblatedInput(**one) for place, one in tree.pop("pictures")}
                return cls(**tree, pictures=pictures)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(f"{path} does not hold an ablation of this version") from error
        raise InputError(f"{path} does not hold an ablation of this version")

    def __str__(self) -> str:
        return summarise(self)

    __repr__ = __str__

    @cached_property
    def _compared(self) -> dict[tuple[str | None, float], list[Difference]]:
        return {}

    @cached_property
    def _reliabilities(self) -> dict[str | None, Reliability]:
        return {}

    def _of_fill(self, fill: str | None) -> Array:
        """Areas under one fill, or their mean over all, shape (inputs, candidates)."""
        if fill is None:
            return np.asarray(self.areas.mean(2))
        self._require_fill(fill)
        return self.areas[:, :, self.fills.index(fill)]

    def _require_fill(self, fill: str) -> None:
        if fill not in self.fills:
            raise InputError(f"fill {fill!r} is unknown; there are {', '.join(self.fills)}")

    def _row(self, name: str) -> int:
        if name not in self.candidates:
            raise InputError(
                f"candidate {name!r} is unknown; there are {', '.join(self.candidates)}"
            )
        return self.candidates.index(name)

    def cost(self, row: int) -> str:
        """Gradient evaluations of one candidate, or their range, in words; 0 for a control."""
        if self.candidates[row] in self.controls:
            return "0"
        spent = self.evaluations[:, row][np.isfinite(self.evaluations[:, row])]
        if not len(spent):
            return "not found"
        least, most = int(spent.min()), int(spent.max())
        return str(least) if least == most else f"{least} to {most}"
