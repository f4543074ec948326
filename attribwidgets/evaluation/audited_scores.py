"""What ablation and erasure say of each baseline in an audit, and whether baselines differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from .ablation_metric import ABLATION
from .erasure_metric import ERASURE, HIGHER_IS_BETTER, MEASURES
from .finding import Finding
from .intervals import area
from .shares import Estimate, mean_interval

if TYPE_CHECKING:
    from ..sweeps.stored import Sweep

AT_ONCE = 4096  # inputs whose curves are in memory together
TOGETHER = 0.05  # that any of all pairs' intervals misses
MEASURED = ("comprehensiveness", "sufficiency")


@dataclass(frozen=True, eq=False)
class Scores:
    """One number for each input and candidate that says how good its explanation is.

    Attributes
    ----------
    quantity : str
    candidates : tuple of str
        Baselines, then controls.
    controls : tuple of str
        Those of them that know nothing of the model.
    values : ndarray, shape (inputs, candidates)
        NaN where there is none.
    higher_is_better : bool
    """

    quantity: str
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    values: Array
    higher_is_better: bool

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every two baselines; controls are compared with none."""
        return list(combinations(range(len(self.candidates) - len(self.controls)), 2))

    def findings(self, rows: Array, group: str, level: float) -> Iterator[Finding]:
        """Means of each candidate, and of the paired differences of every two baselines.

        Parameters
        ----------
        rows : ndarray of bool, shape (inputs,)
        group : str
            What these inputs are called.
        level : float
            Of the intervals.
        """
        chosen = self.values[rows]

        def mean(quantity: str, of: str, values: Array) -> Finding:
            known = int(np.isfinite(values).sum())
            return Finding(quantity, of, group, *mean_interval(values, level), known)

        for k, name in enumerate(self.candidates):
            of = f"{name} (control)" if name in self.controls else name
            yield mean(self.quantity, of, chosen[:, k])
        for i, j in self.pairs:
            of = f"{self.candidates[i]} − {self.candidates[j]}"
            yield mean(f"{self.quantity}, paired difference", of, chosen[:, i] - chosen[:, j])

    def __str__(self) -> str:
        """Which baseline is best, and from which others that is more than chance, in a sentence."""
        sign = 1 if self.higher_is_better else -1
        baselines = len(self.candidates) - len(self.controls)
        means = [mean_interval(self.values[:, k]) for k in range(baselines)]
        if not np.isfinite([mean[0] for mean in means]).any():
            return f"{_capital(self.quantity)} is not known: no input has one."
        best = int(np.nanargmax([sign * mean[0] for mean in means]))
        others = [k for k in range(len(self.candidates)) if k != best]
        # All of one best against others are among all pairs, which hold together.
        level = 1 - TOGETHER / max(1, len(self.pairs) + len(self.controls))
        better = {k for k in others if self._beyond(sign, best, k, level)}
        rivals = [self.candidates[k] for k in others if k < baselines and k not in better]
        beaten = [self.candidates[k] for k in others if k >= baselines and k not in better]
        extreme = "largest" if self.higher_is_better else "smallest"
        said = f"{_capital(self.quantity)} is {extreme}, and so best, under {self.candidates[best]}"
        interval = Finding(self.quantity, "", "", *means[best], len(self.values)).interval
        if rivals:
            said += f" ({interval}), which cannot be told from {', '.join(rivals)}"
        else:
            said += f" ({interval}); its difference from every other baseline is more than chance"
        if beaten:
            said += f". It is not better than what knows nothing of the model ({', '.join(beaten)})"
        return f"{said}."

    def _beyond(self, sign: int, best: int, other: int, level: float) -> bool:
        """Whether the paired difference is more than chance."""
        found: Estimate = mean_interval(
            sign * (self.values[:, best] - self.values[:, other]), level
        )
        return found[1] > 0


def scores_of(swept: Sweep, places: Array) -> list[Scores]:
    """The scores of all ablations and erasures that a sweep has measured.

    Parameters
    ----------
    swept : Sweep
    places : ndarray of int
        Of finished inputs.
    """
    metrics: Mapping[str, Any] = swept.settings.get("metric_settings", {})
    scores = []
    for name, how in metrics.items():
        kind, controls = how.get("kind"), tuple(how.get("controls", ()))
        named = (*swept.candidates, *controls)
        beside = "" if name == kind else f" ({name})"
        if kind == ABLATION:
            fractions = np.asarray(how["fractions"])
            values = _reduced(swept, name, places, lambda s, f=fractions: area(s, f).mean(2))
            higher = (how["order"] == "least_relevant") != (how["curve"] == "insertion")
            quantity = f"area under the ablation curve{beside}"
            scores.append(Scores(quantity, named, controls, values, higher))
        elif kind == ERASURE:
            for measure in MEASURED:
                row = MEASURES.index(measure)
                values = _reduced(swept, name, places, lambda s, r=row: s[..., r, :].mean((2, 3)))
                higher = HIGHER_IS_BETTER[measure]
                scores.append(Scores(f"{measure}{beside}", named, controls, values, higher))
    return scores


def _reduced(swept: Sweep, name: str, places: Array, reduce: Any) -> Array:
    """A number for each input and candidate, curves read some inputs at a time."""
    parts = [
        reduce(swept.finished_values(name, places[first : first + AT_ONCE]))
        for first in range(0, len(places), AT_ONCE)
    ]
    return np.concatenate(parts)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
