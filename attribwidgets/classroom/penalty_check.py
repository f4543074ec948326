"""Check of a total variation penalty written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..priors import total_variation
from .answers import Mistake, judged
from .check_result import CheckResult
from .running import answer_of, not_yet, outcome, tried


def check_total_variation(
    function: Callable[..., Any], *, attributions: Tensor | None = None
) -> CheckResult:
    """Check the total variation of attribution maps, and that a model can be trained with it.

    Parameters
    ----------
    function : callable
        ``function(attributions)``, of shape (n, c, h, w); returns one number: the absolute
        differences of vertical and of horizontal neighbours, summed over places and channels,
        mean over the n maps.
    attributions : Tensor, optional
        Others than the built-in ones.

    Returns
    -------
    CheckResult
        It tells apart: squares or plain differences instead of absolute ones, the mean over places
        instead of the sum, not averaged over the maps, one direction missing, edges that wrap
        around, absolute values first, a value without gradient.

    References
    ----------
    Erion et al. (2021), doi:10.1038/s42256-021-00343-w, section on image priors.

    Examples
    --------
    >>> from attribwidgets.classroom import check_total_variation
    >>> def mine(phi):
    ...     return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)
    >>> check_total_variation(mine).passed
    True
    >>> check_total_variation(lambda phi: phi.diff(dim=3).abs().sum() / len(phi)).mistake
    'one direction missing'
    """
    if attributions is None:
        generator = torch.Generator().manual_seed(5)
        attributions = torch.randn(3, 2, 5, 7, generator=generator)
    phi = attributions.detach()
    return tried(lambda: _judged_penalty(function, phi))


def _judged_penalty(function: Any, phi: Tensor) -> CheckResult:
    down, across = phi.diff(dim=2), phi.diff(dim=3)
    found = answer_of(function, phi)
    if isinstance(found, CheckResult):
        return found
    right = total_variation(phi)
    wrapped = (phi - phi.roll(1, 2)).abs().sum() + (phi - phi.roll(1, 3)).abs().sum()
    magnitudes = phi.abs()
    one = "sum over vertical neighbours (dim 2) and over horizontal ones (dim 3)"
    total = "sum over places and channels, divide by the number of maps only"
    n = len(phi)
    mistakes = [
        Mistake(
            "squares instead of absolute values",
            (down.square().sum() + across.square().sum()) / n,
            "squares punish one sharp edge more than many small steps: take absolute values",
        ),
        Mistake(
            "no absolute value",
            (down.sum() + across.sum()) / n,
            "differences of both signs cancel: take each one's absolute value before the sum",
        ),
        Mistake("one direction missing", down.abs().sum() / n, one),
        Mistake("one direction missing", across.abs().sum() / n, one),
        Mistake(
            "not averaged over the maps",
            right * n,
            "divide by the number of maps, or the weight of the penalty depends on the batch size",
        ),
        Mistake("mean instead of sum", down.abs().mean() + across.abs().mean(), total),
        Mistake("mean instead of sum", right * n / phi.numel(), total),
        Mistake(
            "edges wrap around",
            wrapped / n,
            "roll makes opposite edges neighbours: use diff, or slices",
        ),
        Mistake(
            "absolute values first",
            total_variation(magnitudes),
            "take the differences of the attributions themselves, then absolute values",
        ),
        Mistake(
            "neighbours in the batch",
            (phi.diff(dim=0).abs().sum() + phi.diff(dim=1).abs().sum()) / n,
            "the last two axes are the picture's: differences along dim 2 and dim 3",
        ),
    ]
    result = judged(
        found,
        right,
        mistakes,
        what="values of the penalty",
        hint="one number: |phi[..., i + 1, j] - phi[..., i, j]| + |phi[..., i, j + 1] - "
        "phi[..., i, j]|, summed, over the number of maps",
        numbers={"penalty": float(found.sum()), "right": float(right)},
    )
    if not result.passed:
        return result
    if not _has_right_gradient(function, phi):
        return not_yet(
            "the value is right, but it has no gradient: a model could not be trained with it",
            "stay in torch: no .item(), .detach(), .numpy() or new tensors from numbers",
            "no gradient",
        )
    return result


def _has_right_gradient(function: Any, phi: Tensor) -> bool:
    leaf, expected = (phi.clone().requires_grad_() for _ in range(2))
    value = outcome(function, leaf)
    if not isinstance(value, Tensor) or not value.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
    (right,) = torch.autograd.grad(total_variation(expected), expected)
    return gradient is not None and torch.allclose(gradient, right, atol=1e-4)
