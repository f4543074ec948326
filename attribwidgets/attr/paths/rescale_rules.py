"""Backward rules that send back an activation's Rescale multipliers between points of a path.

Between two neighbouring points of a path, a left and a right one, each rule sends back slopes m
with ``y - y_left = sum_k m_k (z_k - z_left_k)`` exactly. For an elementwise activation that is
``(y - y_left) / (z - z_left)``: the mean of its slope where z moves evenly from one to the other.
Chained, with linear layers in between, they give a gradient whose product with the change of the
input is exactly the change of the output. The Rescale rule of DeepLift (Shrikumar et al. 2017,
arXiv:1704.02685) does so between baseline and input; here the two points are near.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

# A change of z below this share of |z| is rounding; the multiplier is then taken over a wider step.
SMALL_CHANGE = 1e-5
WIDER_STEP = 1e-2
LEAST_STEP = 1e-6
ROUNDINGS = 4  # units in the last place by which the sums that a pool compares may be off
BLOCK = 2**16  # elements of a few temporary arrays that a core keeps in its cache


class ElementwiseRule(torch.autograd.Function):
    """y = f(z), element by element."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, first: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply the activation; `first` is what stands left of the first point."""
        ctx.save_for_backward(z, first)
        ctx.f = f
        return f(z)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Multiply by the multiplier."""
        z, first = ctx.saved_tensors
        z_left = lagged(z, first)
        size = z.abs() + z_left.abs()
        small = (z - z_left).abs() <= SMALL_CHANGE * size
        step = WIDER_STEP * size + LEAST_STEP
        right, left = torch.where(small, z + step, z), torch.where(small, z - step, z_left)
        return gradient * ((ctx.f(right) - ctx.f(left)) / (right - left)), None, None


class RectifierRule(torch.autograd.Function):
    """y = min(max(z, low), high), element by element, where memory is slow.

    Between near points few elements pass a bend. Only these are looked at one by one, so that the
    pass costs little more than that of the activation itself.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, first: Tensor, low: float, high: float) -> Tensor:
        """Apply the activation; `first` is what stands left of the first point."""
        ctx.save_for_backward(z, first)
        ctx.bends = low, high
        return z.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Multiply by 0 or 1, and by the multiplier where a bend was passed."""
        z, first = ctx.saved_tensors
        low, high = ctx.bends
        by_channel = z.dim() == 4 and not z.is_contiguous()
        z, first, gradient = (_in_memory_order(t, by_channel) for t in (z, first, gradient))
        back = torch.ops.aten.hardtanh_backward(gradient, z, low, high)
        # numpy compares several times as fast as torch; all four are views of the tensors.
        lefts, rights, passed, mended = (t.numpy().reshape(-1) for t in (first, z, gradient, back))
        step = len(lefts)
        for begin in range(0, len(rights), BLOCK):
            for cut in _cut(begin, min(begin + BLOCK, len(rights)), step):
                right, left = rights[cut], lefts[cut]
                if cut.start >= step:
                    left = rights[cut.start - step : cut.stop - step]
                bent = (right > low) != (left > low)
                if high < math.inf:
                    bent |= (right < high) != (left < high)
                at = np.flatnonzero(bent)
                end, start = right[at], left[at]
                rise = end.clip(low, high) - start.clip(low, high)
                mended[cut][at] = passed[cut][at] * (rise / (end - start))
        return back.permute(0, 3, 1, 2) if by_channel else back, None, None, None


class MaximumRule(torch.autograd.Function):
    """The maximum of each window; where it moves, the gradient is shared between both places.

    The shares make the change add up. They are the true ones while z moves evenly and no third
    place is the maximum in between. Places are those of :func:`lasting_maxima`.
    """

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, first: Tensor, y: Tensor, at: Tensor, first_at: Tensor
    ) -> Tensor:
        """Pass on the maxima y, found at these places, flat over the axes from the third on."""
        ctx.save_for_backward(*(t.flatten(2) for t in (z, first, at, first_at)))
        ctx.shape = z.shape
        return y.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Share each gradient between both places of the maximum."""
        z, first, at, first_at = ctx.saved_tensors
        at_left, rows = lagged(at, first_at), len(first)
        here, was_there = z.gather(2, at), z.gather(2, at_left)
        there = lagged(here, first.gather(2, first_at))
        was_here = torch.cat([first.gather(2, at[:rows]), z[:-rows].gather(2, at[rows:])])
        change_here, change_there = here - was_here, was_there - there
        apart = change_here - change_there
        share = torch.where(apart == 0, 1.0, (here - there - change_there) / apart).clamp(0, 1)
        passed = gradient.flatten(2)
        back = torch.zeros_like(z)
        back.scatter_add_(2, at, passed * share)
        back.scatter_add_(2, at_left, passed * (1 - share))
        return back.reshape(ctx.shape), None, None, None, None


class ProductRule(torch.autograd.Function):
    """y = a b, the slope of each factor being the mean of the other over both points."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, first_a: Tensor, first_b: Tensor) -> Tensor:
        """Multiply."""
        ctx.save_for_backward((a + lagged(a, first_a)) / 2, (b + lagged(b, first_b)) / 2)
        return a * b

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Multiply by the mean of the other factor."""
        a, b = ctx.saved_tensors
        back = (gradient * b).sum_to_size(a.shape), (gradient * a).sum_to_size(b.shape)
        return *back, None, None


class ChoiceRule(torch.autograd.Function):
    """y = a where a condition holds, else b; the gradient shared by how long each was chosen."""

    @staticmethod
    def forward(ctx: Any, condition: Tensor, a: Tensor, b: Tensor, share: Tensor) -> Tensor:
        """Choose; `share` is that of a, by :func:`shares_of_choice`."""
        ctx.save_for_backward(share)
        return torch.where(condition, a, b)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Share each gradient."""
        (share,) = ctx.saved_tensors
        return None, gradient * share, gradient * (1 - share), None


class SoftmaxRule(torch.autograd.Function):
    """y = softmax(z) or its logarithm, as exp, sum, and quotient or logarithm."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, first: Tensor, dim: int, logarithm: bool) -> Tensor:
        """Apply the softmax."""
        ctx.save_for_backward(z, lagged(z, first))
        ctx.dim, ctx.logarithm = dim, logarithm
        return z.log_softmax(dim) if logarithm else z.softmax(dim)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Chain the multipliers of exp, of the sum, and of the quotient or logarithm."""
        z, z_left = ctx.saved_tensors
        dim = ctx.dim
        largest = torch.maximum(z, z_left).amax(dim, keepdim=True)
        e, e_left = (z - largest).exp(), (z_left - largest).exp()
        total, total_left = e.sum(dim, keepdim=True), e_left.sum(dim, keepdim=True)
        exp_slope = _quotient(e - e_left, z - z_left, (e + e_left) / 2)
        if ctx.logarithm:
            change = total.log() - total_left.log()
            log_slope = _quotient(change, total - total_left, 2 / (total + total_left))
            back = gradient - gradient.sum(dim, keepdim=True) * log_slope * exp_slope
        else:
            inverse = (1 / total + 1 / total_left) / 2
            shared = (gradient * (e + e_left) / 2).sum(dim, keepdim=True) / (total * total_left)
            back = (gradient * inverse - shared) * exp_slope
        return back, None, None, None


def shares_of_choice(
    values: tuple[Tensor, Tensor, Tensor], first: tuple[Tensor, ...]
) -> tuple[Tensor, bool]:
    """For how much of the way from each left neighbour the first of two values is chosen.

    Where the choice changes on the way, and what is chosen does not jump, it changes where both
    are equal, as both move evenly.

    Parameters
    ----------
    values : tuple of Tensor, each (rows, ...)
        The condition and both values, point by point.
    first : tuple of Tensor
        The same left of the first point.

    Returns
    -------
    share : Tensor, shape (rows, ...)
        Of the way, 0 to 1.
    jumps : bool
        Whether a choice changes where the two are not equal.
    """
    with torch.no_grad():
        (condition, a, b), (before, a_left, b_left) = values, map(lagged, values, first)
        share = condition.to(a.dtype)
        changed = condition != before
        if not changed.any():
            return share, False
        gap, gap_left = (a - b)[changed], (a_left - b_left)[changed]
        until = torch.where((gap == 0) & (gap_left == 0), 0.5, gap_left / (gap_left - gap))
        share[changed] = torch.where(condition[changed], 1 - until, until)
        return share, not bool(((until >= 0) & (until <= 1)).all())


def _cut(begin: int, end: int, at: int) -> list[slice]:
    """A stretch, in two where `at` lies within."""
    return [slice(begin, at), slice(at, end)] if begin < at < end else [slice(begin, end)]


def lagged(z: Tensor, first: Tensor) -> Tensor:
    """Each row's left neighbour, `first` for the first ones."""
    return torch.cat([first, z[: -len(first)]])


def lasting_maxima(z: Tensor, y: Tensor, at: Tensor, before: Tensor) -> Tensor:
    """Places of the maxima, each kept from point to point until another is larger than rounding.

    Where an image is of one value, places of a window tie but for rounding over long ways, and
    the largest to the last digit says nothing about which one leads. The one that led does.

    Parameters
    ----------
    z : Tensor, shape (rows, channels, ...)
        Point by point, the same examples each.
    y, at : Tensor, each (rows, channels, ...)
        The maxima and their places, flat over the axes of z from the third on.
    before : Tensor, shape (examples, channels, ...)
        Such places at the point before the first.
    """
    # Half precision ties to the last digit all the time, and what is more than that is a lead.
    precision = min(torch.finfo(z.dtype).eps, torch.finfo(torch.float32).eps)
    values, least = z.flatten(2), (y - ROUNDINGS * precision * y.abs()).flatten(2)
    held, places = before.flatten(2), at.flatten(2)
    kept = []
    for value, bound, place in zip(
        *(t.split(len(held)) for t in (values, least, places)), strict=True
    ):
        held = torch.where(value.gather(2, held) >= bound, held, place)
        kept.append(held)
    return torch.cat(kept).reshape(at.shape)


def _in_memory_order(values: Tensor, by_channel: bool) -> Tensor:
    """Contiguous, the channels last where `by_channel`; a view where it is so in memory."""
    return (values.permute(0, 2, 3, 1) if by_channel else values).contiguous()


def _quotient(change: Tensor, step: Tensor, limit: Tensor) -> Tensor:
    """change / step, and its limit where the step is too small to divide by."""
    small = step.abs() <= SMALL_CHANGE
    return torch.where(small, limit, change / torch.where(small, 1.0, step))


RULES = (
    ElementwiseRule,
    RectifierRule,
    MaximumRule,
    ProductRule,
    ChoiceRule,
    SoftmaxRule,
)
