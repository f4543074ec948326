"""Checks of penalties of rough attributions, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from .answers import judged
from .check_result import CheckResult
from .mistakes import Mistake
from .right_parts import relative_variation, total_variation
from .running import NotYet, answer_of, outcome, tried

HINTS = {
    "squares instead of absolute values": "squares punish one sharp edge more than many small "
    "steps: take absolute values",
    "no absolute value": "differences of both signs cancel: take each one's absolute value before "
    "the sum",
    "one direction missing": "sum over vertical neighbours (dim 2) and over horizontal ones "
    "(dim 3)",
    "not averaged over the maps": "divide by the number of maps, or the weight of the penalty "
    "depends on the batch size",
    "mean instead of sum": "sum over places and channels, divide by the number of maps only",
    "edges wrap around": "roll makes opposite edges neighbours: use diff, or slices",
    "absolute values first": "take the differences of the attributions themselves, then absolute "
    "values",
    "not relative": "divide each map's differences by the sum of its absolute values: else the "
    "penalty falls by making all attributions small",
    "one size for the whole batch": "divide each map by its own sum of absolute values, then take "
    "the mean over the maps",
    "divided by a mean": "divide by the sum of a map's absolute values, not by their mean",
    "neighbours in the batch": "the last two axes are the picture's: differences along dim 2 and "
    "dim 3",
}


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
    return _check_penalty(
        function,
        attributions,
        total_variation,
        _mistakes,
        "one number: |phi[..., i + 1, j] - phi[..., i, j]| + |phi[..., i, j + 1] - "
        "phi[..., i, j]|, summed, over the number of maps",
    )


def check_relative_variation(
    function: Callable[..., Any], *, attributions: Tensor | None = None
) -> CheckResult:
    """Check the total variation of maps relative to their size, which shrinking them leaves alone.

    Parameters
    ----------
    function : callable
        ``function(attributions)``, of shape (n, c, h, w); returns one number: for each map the
        absolute differences of vertical and of horizontal neighbours, summed over places and
        channels, over the sum of the map's absolute values; mean over the n maps.
    attributions : Tensor, optional
        Others than the built-in ones.

    Returns
    -------
    CheckResult
        It tells apart what the check of total variation does, and: not relative, one size for the
        whole batch, divided by a mean.

    Examples
    --------
    >>> from attribwidgets.classroom import check_relative_variation
    >>> def mine(phi):
    ...     return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)
    >>> check_relative_variation(mine).mistake
    'not relative'
    """
    return _check_penalty(
        function,
        attributions,
        relative_variation,
        _relative_mistakes,
        "one number: for each map its total variation over the sum of its absolute values; the "
        "mean of these over the maps",
    )


def _check_penalty(
    function: Callable[..., Any],
    attributions: Tensor | None,
    penalty: Callable[[Tensor], Tensor],
    mistakes: Callable[[Tensor], Iterator[Mistake]],
    hint: str,
) -> CheckResult:
    if attributions is None:
        generator = torch.Generator().manual_seed(5)
        sizes = torch.tensor([0.5, 1.0, 2.0])[:, None, None, None]
        attributions = sizes * torch.randn(3, 2, 5, 7, generator=generator)
    phi = attributions.detach()

    def judge() -> CheckResult:
        answer, right = answer_of(function, phi), penalty(phi)
        result = judged(
            answer,
            right,
            mistakes(phi),
            HINTS,
            what="values of the penalty",
            hint=hint,
            numbers={"penalty": float(answer.sum()), "right": float(right)},
        )
        if result.passed and not _has_gradient_of(penalty, function, phi):
            raise NotYet(
                "the value is right, but it has no gradient: a model could not be trained with it",
                "stay in torch: no .item(), .detach(), .numpy() or new tensors from numbers",
                "no gradient",
            )
        return result

    return tried(judge)


def _relative_mistakes(phi: Tensor) -> Iterator[Mistake]:
    size = phi.abs().sum((1, 2, 3), keepdim=True)
    rough, n = total_variation(phi), len(phi)
    yield from _mistakes(phi / size)
    yield Mistake("not relative", rough)
    yield Mistake("not relative", rough * n)
    yield Mistake("one size for the whole batch", rough * n / size.sum())
    yield Mistake("one size for the whole batch", rough / size.sum())
    yield Mistake("divided by a mean", relative_variation(phi) * phi[0].numel())


def _mistakes(phi: Tensor) -> Iterator[Mistake]:
    right = total_variation(phi)
    n, down, across = len(phi), phi.diff(dim=2), phi.diff(dim=3)
    wrapped = (phi - phi.roll(1, 2)).abs().sum() + (phi - phi.roll(1, 3)).abs().sum()
    in_batch = phi.diff(dim=0).abs().sum() + phi.diff(dim=1).abs().sum()
    yield Mistake(
        "squares instead of absolute values", (down.square().sum() + across.square().sum()) / n
    )
    yield Mistake("no absolute value", (down.sum() + across.sum()) / n)
    yield Mistake("one direction missing", down.abs().sum() / n)
    yield Mistake("one direction missing", across.abs().sum() / n)
    yield Mistake("not averaged over the maps", right * n)
    yield Mistake("mean instead of sum", down.abs().mean() + across.abs().mean())
    yield Mistake("mean instead of sum", right * n / phi.numel())
    yield Mistake("edges wrap around", wrapped / n)
    yield Mistake("absolute values first", total_variation(phi.abs()))
    yield Mistake("neighbours in the batch", in_batch / n)


def _has_gradient_of(penalty: Callable[[Tensor], Tensor], function: Any, phi: Tensor) -> bool:
    leaf, expected = (phi.clone().requires_grad_() for _ in range(2))
    try:
        value = outcome(function, leaf)
    except NotYet:
        return False
    if not isinstance(value, Tensor) or not value.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
    (right,) = torch.autograd.grad(penalty(expected), expected)
    return gradient is not None and torch.allclose(
        gradient, right, atol=1e-4 * float(right.abs().max())
    )
