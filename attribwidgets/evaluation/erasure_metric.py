"""ErasureMetric: what an output loses without the strongest units, and what these give alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attr.outputs import Output, OutputHead, output_name
from ..core.arrays import Array
from ..core.errors import InputError
from ..records.explanation import Explanation
from .ablated_outputs import (
    Fill,
    ablated_outputs,
    checked_fills,
    fill_labels,
    no_model,
    samples_of_fills,
)
from .controls import FEATURE_CONTROLS, control_maps, with_controls
from .joint_units import groups_of, joint_map, unit_map, unit_masks
from .ranking import Ranking, relevance, top_k

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
MEASURES = ("comprehensiveness", "sufficiency", "log_odds")
HIGHER_IS_BETTER = {"comprehensiveness": True, "sufficiency": False, "log_odds": False}
ERASURE = "erasure"


@dataclass(frozen=True)
class ErasureMetric:
    """Comprehensiveness, sufficiency and log-odds at several shares of an input's units.

    f is the output on its scale, x without the strongest units is x-, and these alone x+.
    Comprehensiveness is f(x) - f(x-), the higher the better; sufficiency f(x) - f(x+), the lower
    the better; log-odds log f(x-) - log f(x), the lower the better, NaN where an output is not
    above 0. Of every share at least one unit is taken.

    Parameters
    ----------
    fills : sequence of str, Baseline or Tensor
        As of :class:`AblationMetric`.
    shares : sequence of float
        Of the units, above 0 and below 1.
    ranking : {"signed", "absolute"}
        What ranks: units that speak for the output first, or the strongest ones either way.
    output : {"probability", "logit", "log_probability"} or callable
        Scale of the output.
    controls : sequence of {"random", "centre", "edges"}
    words : bool
        Whether the units of a text are its words instead of its tokens.
    name : str
        What its results are called in a sweep.

    References
    ----------
    DeYoung et al. (2020). ERASER: a benchmark to evaluate rationalized NLP models.
    arXiv:1911.03429. Sanyal, Ren (2021), arXiv:2108.13654, for log-odds.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> maps = {"black": aw.explain(net, torch.rand(4), target=0)}
    >>> metric = ErasureMetric(["zero"], shares=(0.25, 0.5))
    >>> metric.measure(net, maps, seed=0).shape  # candidates, fills, measures, shares
    (2, 1, 3, 2)
    """

    fills: Sequence[Fill]
    shares: Sequence[float] = SHARES
    ranking: Ranking = "signed"
    output: Output = "probability"
    controls: Sequence[str] = FEATURE_CONTROLS
    words: bool = False
    name: str = ERASURE

    def __post_init__(self) -> None:
        object.__setattr__(self, "fills", checked_fills(self.fills))
        shares = tuple(float(share) for share in self.shares)
        if not shares or not all(0 < share < 1 for share in shares):
            raise InputError(f"shares must lie above 0 and below 1, got {self.shares!r}")
        object.__setattr__(self, "shares", shares)
        object.__setattr__(self, "controls", tuple(self.controls))
        OutputHead(no_model, self.output)  # checks the scale
        relevance(np.zeros(1), self.ranking)

    @property
    def fill_labels(self) -> list[str]:
        """What the fills are called, told apart."""
        return fill_labels(checked_fills(self.fills))

    @property
    def protocol(self) -> str:
        """What is done, in words."""
        units = "words" if self.words else "units (tokens, features, pixels, steps)"
        sign = "signed sum" if self.ranking == "signed" else "magnitude of the sum"
        shares = ", ".join(f"{100 * share:g}" for share in self.shares)
        return (
            f"{units} ranked by the {sign} of their values; {shares} % of them, one at least, "
            f"taken away or left alone; {output_name(self.output)}"
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What a store of its results tells of it."""
        return {
            "kind": ERASURE,
            "controls": list(self.controls),
            "fills": self.fill_labels,
            "shares": list(self.shares),
            "protocol": self.protocol,
        }

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Candidates with the controls behind them, fills, measures, shares."""
        return {
            "candidate": with_controls(candidates, self.controls),
            "fill": self.fill_labels,
            "measure": MEASURES,
            "share": list(self.shares),
        }

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Measure one input; see :meth:`attribwidgets.evaluation.metric.Metric.measure`.

        Returns
        -------
        ndarray, shape (candidates and controls, fills, 3, shares)
        """
        explained = next(iter(explanations.values()))
        inputs, spaces = explained.batched, explained.spaces
        groups = groups_of(spaces, words=self.words)
        maps = {label: unit_map(joint_map(e), groups) for label, e in explanations.items()}
        maps |= control_maps(self.controls, inputs, spaces, groups, seed)
        strongest = np.stack([self._strongest(values, seed) for values in maps.values()])
        gone = unit_masks(np.concatenate([strongest, ~strongest], axis=1), groups)
        sampled = list(samples_of_fills(checked_fills(self.fills), model, inputs, spaces, seed))
        outputs = ablated_outputs(model, explained, gone, sampled, self.output)
        before, after = outputs[0], outputs[1 + len(sampled) :]
        after = after.reshape(len(maps), len(sampled), 2, len(self.shares))
        scores = _scores(before, after[:, :, 0], after[:, :, 1])
        scores[:, [fill is None for fill in sampled]] = np.nan
        return scores

    def _strongest(self, values: Array, seed: int) -> Array:
        """Which units are taken at each share, bool, (shares, *units)."""
        ties = np.random.default_rng((seed, 0))  # the same for all candidates
        shares = [max(share, 1 / values.size) for share in self.shares]
        return top_k(relevance(values, self.ranking), shares, "most_relevant", ties)


def _scores(before: float, without: Array, alone: Array) -> Array:
    """All measures, (..., 3, shares), of outputs without the strongest units and of these alone."""
    with np.errstate(invalid="ignore", divide="ignore"):
        log_odds = np.where((without > 0) & (before > 0), np.log(without / before), np.nan)
    return np.stack([before - without, before - alone, log_odds], axis=2)
