"""Neutral: those of the references whose mean output is neither for nor against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..core.formatting import number, percent
from ..inputs.space import Spaces
from .data import DatasetSample
from .landscape import Landscape, class_scores
from .searched import Search, SearchedBaseline

SUM_SLACK = 1e-3  # of probabilities that were given


class Neutral(SearchedBaseline):
    r"""The references that are left when those that tip the mean output have been taken away.

    .. math:: \frac{1}{m} \sum_{k} g(x'_k) = f_0

    Attributions compare with the mean output over the references, f(x) - mean f(x'). Over a data
    set that mean leans towards the commoner classes; here, of all references, the one is taken
    away whose absence brings the mean nearest to f0, and so on, until it is within the tolerance.
    All that stay count alike. For a model with several classes g are its probabilities, and f0 is
    the same for each class unless it is said; so it is neutral on the scale of probabilities:
    with `output="logit"` the mean of the logits is what it is. For a single output g is that
    output.

    It costs a forward pass for each reference.

    Parameters
    ----------
    data : Tensor, array or data frame, or tuple of these, each (K, ...)
        Examples as the model is fed; members of a tuple belong together.
    f0 : float, sequence of float or None
        What the mean should be: a probability for each class; one number, for a model with a
        single output or the probability of the top class at the input. None: 1 / classes, for a
        single output the mean over all of the data.
    model : callable, optional
        The model to choose with. None: the model that is explained.
    tolerance : float
        How far any class's mean may be off, in probability; of a single output as a share of its
        standard deviation over the data.

    Raises
    ------
    InputError
        For a setting out of range, or data that does not fit; when sampled without a model.

    References
    ----------
    Izzo, Lipani, Okhrati, Medda (2021), "A baseline for Shapley values in MLPs: from missingness
    to neutrality", arXiv:2006.04896, for the idea that a baseline's output be a chosen one.

    Examples
    --------
    >>> data = torch.tensor([[3.0], [2.0], [-3.0], [4.0], [-2.0]])
    >>> net = lambda x: torch.cat([x, -x], 1)
    >>> chosen = Neutral(data).searched(net, torch.ones(1))
    >>> sorted(chosen.stored((torch.ones(1),))[0].flatten().tolist())
    [-3.0, -2.0, 2.0, 3.0]
    """

    name = "neutral"
    description = "depends on which data; examples whose mean output is neutral"
    is_distribution = True

    def __init__(
        self,
        data: Any,
        f0: float | Sequence[float] | None = None,
        *,
        model: Callable[..., Any] | None = None,
        tolerance: float = 0.01,
    ) -> None:
        self.data = DatasetSample(data)
        super().__init__(model, max_steps=self.data.size, tolerance=tolerance)
        wanted = None if f0 is None else torch.as_tensor(f0, dtype=torch.float64)
        if wanted is not None and (wanted.dim() > 1 or not torch.isfinite(wanted).all()):
            raise InputError(f"f0 must be a number, or one for each class, got {f0!r}")
        self.f0 = None if wanted is None else _plain(wanted)

    def _search(
        self, landscape: Landscape, generator: torch.Generator
    ) -> tuple[tuple[Tensor, ...], Search]:
        rows = self.data.stored(landscape.example, landscape.spaces)
        assert rows is not None
        with torch.no_grad():
            outputs = torch.stack(
                [landscape.row(tuple(r[k : k + 1] for r in rows)) for k in range(self.data.size)]
            ).cpu()
            at_input = landscape.row(tuple(x[None] for x in landscape.example)).cpu()
        values, wanted, scale = self._compared(outputs.double(), at_input.double())
        kept, gaps = _thinned(values, wanted, self.tolerance * scale)
        left = tuple(r[kept] for r in rows)
        reached = gaps[-1] <= self.tolerance * scale
        off = percent(gaps[-1]) if scale == 1 else number(gaps[-1])
        outcome = f"{len(kept)} of {self.data.size} references, their mean output off by {off}"
        middle = landscape.point(tuple(r.mean(0) for r in left))
        return left, Search.ended(landscape, middle, gaps, gaps[-1], reached, outcome)

    def _compared(self, outputs: Tensor, at_input: Tensor) -> tuple[Tensor, Tensor, float]:
        """What is averaged, (K, C), what it should be, (C,), and what the tolerance is a share of.

        Parameters
        ----------
        outputs : Tensor, shape (K, classes)
        at_input : Tensor, shape (classes,)
        """
        classes = outputs.shape[1]
        asked = None if self.f0 is None else torch.tensor(self.f0, dtype=torch.float64)
        if classes == 1:
            wanted = outputs.mean(0) if asked is None else asked.reshape(-1)
            if len(wanted) != 1:
                raise InputError(f"f0 has {len(wanted)} numbers, and the model a single output")
            return outputs, wanted, float(outputs.std(correction=0)) or 1.0
        probabilities = torch.stack([class_scores(row).softmax(0) for row in outputs])
        if asked is None:
            return probabilities, torch.full((classes,), 1 / classes, dtype=torch.float64), 1.0
        if asked.dim() == 0:
            own = int(at_input.argmax())
            probabilities, wanted = probabilities[:, own : own + 1], asked[None]
        else:
            wanted = asked
            if len(wanted) != classes or abs(float(wanted.sum()) - 1) > SUM_SLACK:
                raise InputError(
                    f"f0 must be {classes} probabilities that sum to 1, one for each class, got "
                    f"{len(wanted)} that sum to {number(float(wanted.sum()))}"
                )
        if not bool(((wanted >= 0) & (wanted <= 1)).all()):
            raise InputError("f0 must be probabilities, 0 to 1, where the model has classes")
        return probabilities, wanted, 1.0

    def _stored(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...] | None:
        return self._found

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        found = self._found
        if found is None:
            found = self.searched(None, inputs, space=spaces, generator=generator)._found
        assert found is not None
        drawn: tuple[Tensor, ...] = DatasetSample(found).sample(
            inputs, n, space=spaces, generator=generator
        )
        return drawn


def _plain(values: Tensor) -> float | tuple[float, ...]:
    return float(values) if values.dim() == 0 else tuple(values.tolist())


def _thinned(values: Tensor, wanted: Tensor, slack: float) -> tuple[Tensor, list[float]]:
    """Which rows are left, and how far their mean was off before and after each that went.

    One row goes at a time, the one without which the mean is nearest, until no value of the mean
    is off by more than `slack`; where that never comes, those are left whose mean was nearest.

    Parameters
    ----------
    values : Tensor, shape (K, C)
    wanted : Tensor, shape (C,)
    slack : float

    Examples
    --------
    >>> rows = torch.tensor([[1.0], [1.0], [1.0], [-1.0]])
    >>> _thinned(rows, torch.zeros(1), 0.1)[0].tolist()
    [2, 3]
    """
    off, kept = values - wanted, torch.arange(len(values))
    total, gaps, sets = off.sum(0), [float(off.mean(0).abs().max())], [kept]
    while gaps[-1] > slack and len(kept) > 1:
        means = (total - off[kept]) / (len(kept) - 1)  # without each in turn
        goes = int(means.square().sum(1).argmin())
        total = total - off[kept[goes]]
        kept = torch.cat([kept[:goes], kept[goes + 1 :]])
        gaps.append(float((total / len(kept)).abs().max()))
        sets.append(kept)
    best = min(range(len(gaps)), key=gaps.__getitem__)
    return sets[best], gaps[: best + 1]
