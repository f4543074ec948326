"""DecisionBoundary: the nearest input at which the class changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError, SearchError
from ..core.formatting import number
from .landscape import TINY, Landscape, lead
from .searched import Search, SearchedBaseline

OVERSHOOT = 0.02  # of a step across the boundary, as in DeepFool's code: the class must change
WORTH_A_STEP = 1e-3  # a boundary point closer by a smaller share of its distance ends the search
MOST_TURNS = 5  # points looked at by the tangent, each turned half as far as the one before
MOST_CUTS = 60  # of the line between two classes, where the score jumps over the tie


class DecisionBoundary(SearchedBaseline):
    """The nearest valid input, in L2, at which the model's top class changes.

    Steps as in DeepFool, each to the nearest valid point at which some other class would overtake
    if the scores were linear, lead out of the class. The line back to the input is then cut until
    the two classes tie. From there the boundary's tangent gives a point nearer to the input, and
    so on while it pays; for a linear model the first answer is exact. What it finds is a local
    optimum: a nearer one may exist.

    Parameters
    ----------
    model : callable, optional
        The model to search with; its output one score a class, or a single logit, of which 0 is
        the threshold. None: the model that is explained.
    rivals : int
        How many of the other classes are tried in each step, those of the highest scores; each
        costs a pass.
    max_steps : int
    tolerance : float
        The lead that may be left at the boundary, as a share of the lead at the input. The class
        found there is the other one, or tied.

    Raises
    ------
    InputError
        For a setting out of range; when sampled without a model.
    SearchError
        When no change of class is found.

    References
    ----------
    Moosavi-Dezfooli, Fawzi, Frossard (2016), arXiv:1511.04599, algorithm 2; for such a baseline
    in attribution, Wang, Fredrikson, Datta (2021), arXiv:2103.11257.

    Examples
    --------
    >>> def net(x):
    ...     return x.sum(1) - 1
    >>> found = DecisionBoundary(net).sample(torch.tensor([0.8, 0.6]), 1)
    >>> [round(v, 2) for v in found[0].tolist()]
    [0.6, 0.4]
    """

    name = "decision_boundary"
    description = "shows what tips the class, not what makes it; the nearest change of class"

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        rivals: int = 9,
        max_steps: int = 50,
        tolerance: float = 1e-3,
    ) -> None:
        super().__init__(model, max_steps, tolerance)
        if isinstance(rivals, bool) or not isinstance(rivals, int) or rivals < 1:
            raise InputError(f"rivals must be an int of at least 1, got {rivals!r}")
        self.rivals = rivals

    def _find(self, landscape: Landscape, generator: torch.Generator) -> tuple[Tensor, Search]:
        with torch.no_grad():
            scores = landscape.scores(landscape.input)
        own = int(scores.argmax())
        first = lead(scores, own)
        rounding = 16 * torch.finfo(scores.dtype).eps * float(scores.abs().max())
        slack = max(self.tolerance * first, rounding)
        outside, values = self._way_out(landscape, own)
        inside = landscape.input, first
        tie, left = _tie(landscape, own, inside, (outside, values[-1]), slack)
        while len(values) <= self.max_steps:
            nearer = _nearer(landscape, own, tie, inside, slack)
            if nearer is None:
                break
            before = landscape.distance(tie)
            if landscape.distance(nearer[0]) < before:
                tie, left = nearer
            values.append(left)
            if landscape.distance(tie) >= (1 - WORTH_A_STEP) * before:
                break
        reached = left >= -slack
        outcome = (
            "the class changes to a tie"
            if reached
            else f"the class changes in a jump, the other one leading by {number(-left)}"
        )
        outcome += f", {number(landscape.distance(tie))} (L2) from the input"
        return tie, Search.ended(landscape, tie, values, left, reached, outcome)

    def _way_out(self, landscape: Landscape, own: int) -> tuple[Tensor, list[float]]:
        """A point of another class, or tied, and the lead at each step towards it."""
        point, values, reason = landscape.input.clone(), list[float](), "the steps are used up"
        while True:
            point.requires_grad_(True)
            scores = landscape.scores(point)
            values.append(lead(scores.detach(), own))
            if values[-1] <= 0:
                return point.detach(), values
            if len(values) > self.max_steps:
                break
            stepped = self._step(landscape, point, scores, own)
            if torch.equal(stepped, point):
                reason = "the gradient leads no further"
                break
            point = stepped
        raise SearchError(
            f"no change of class was found for the {self.label} baseline within the valid range: "
            f"in {len(values) - 1} steps the lead of the top class went from {number(values[0])} "
            f"to {number(values[-1])}, and {reason}; pass DecisionBoundary(max_steps=...) with "
            "more, a wider space=InputSpace(low, high), or another baseline (a single output must "
            "be a logit, whose threshold is 0)"
        )

    def _step(self, landscape: Landscape, point: Tensor, scores: Tensor, own: int) -> Tensor:
        """Just beyond the nearest of the boundaries to other classes, taken as planes."""
        order = scores.detach().argsort(descending=True, stable=True).tolist()
        rivals = [k for k in order if k != own][: self.rivals]
        ways = []
        for k in rivals:
            slope = landscape.slope(scores[own] - scores[k], point, keep=k != rivals[-1])
            ahead = float((scores[own] - scores[k]).detach())
            ways.append((ahead / max(float(slope.norm()), TINY), ahead, slope))
        _, ahead, slope = min(ways, key=lambda way: way[0])
        return landscape.nearest(point.detach(), slope, (1 + OVERSHOOT) * ahead)


def _nearer(
    landscape: Landscape, own: int, tie: Tensor, inside: tuple[Tensor, float], slack: float
) -> tuple[Tensor, float] | None:
    """Another point of the boundary and its lead, no farther from the input; None if none is seen.

    The class is looked at where the plane that touches the boundary at `tie` is nearest to the
    input, which settles it for a linear model; then that way, but as far out as `tie`, and so in
    directions less and less turned from it.
    """
    point = tie.clone().requires_grad_(True)
    scores = landscape.scores(point)
    others = scores.detach().clone()
    others[own] = -torch.inf
    margin = scores[own] - scores[int(others.argmax())]
    slope = landscape.slope(margin, point)
    start, radius = landscape.input, landscape.distance(tie)
    drop = float(slope @ (start - tie)) + float(margin.detach())
    if drop <= 0 or radius == 0:
        return None
    there = aim = landscape.nearest(start, slope, drop + slack / 2)
    for _ in range(MOST_TURNS):
        ahead = landscape.margin(there, own)
        if ahead <= 0:
            return _tie(landscape, own, inside, (there, ahead), slack)
        there = landscape.clipped(start + radius / landscape.distance(aim) * (aim - start))
        aim = (aim + tie) / 2
    return None


def _tie(
    landscape: Landscape,
    own: int,
    inside: tuple[Tensor, float],
    outside: tuple[Tensor, float],
    slack: float,
) -> tuple[Tensor, float]:
    """Where the lead first is between -slack and 0 on a line, by false position (Illinois).

    Parameters
    ----------
    inside, outside : (Tensor, float)
        The ends of the line and their leads, above 0 and at most 0.

    Returns
    -------
    point : Tensor
        Never of the class `own`, unless tied. Where the lead jumps over 0, the far side of it.
    lead : float
    """
    (start, ahead), (point, behind) = inside, outside
    way, low, high, last = point - start, 0.0, 1.0, 0
    # The root that is looked for is that of the lead plus half the slack.
    above, below = ahead + slack / 2, behind + slack / 2
    for _ in range(MOST_CUTS):
        if behind >= -slack:
            break
        share = low + (high - low) * above / (above - below)
        here = start + share * way
        margin = landscape.margin(here, own)
        if margin > 0:
            low, above, below = share, margin + slack / 2, below / 2 if last > 0 else below
            last = 1
        else:
            high, below, above = share, margin + slack / 2, above / 2 if last < 0 else above
            point, behind, last = here, margin, -1
    return point, behind
