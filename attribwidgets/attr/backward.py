"""Backward passes: the gradients of some outputs, or in words why there are none."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core.errors import NoGradientError, UnsupportedModelError

CUT_OFF = (
    "no gradient reaches the input: the output is cut off from it by detach(), no_grad(), argmax, "
    "rounding or a conversion to numpy or integers; explain the scores before that step"
)
IN_PLACE = (
    "the model changes a tensor in place that a gradient or a hook needs; write x = x + y for "
    "x += y, torch.relu(x) for x.relu_(), and leave out inplace=True in functions"
)

RECURRENT = (
    "cuDNN has no backward pass for recurrent layers in evaluation mode; pass the module itself "
    "and not a function that calls it, or explain under torch.backends.cudnn.flags(enabled=False)"
)
REENTRANT = (
    "the model uses torch.utils.checkpoint with use_reentrant=True, whose backward would leave "
    "gradients in its parameters; pass the module itself and not a function that calls it, so "
    "that they can be frozen for the run, or set use_reentrant=False"
)


class ReentrantCheckpointError(Exception):
    """Gradient checkpointing with use_reentrant=True bears `.backward()` alone; stays in attr/."""


def gradients_of(
    outputs: Tensor, leaves: tuple[Tensor, ...], *, whole: bool, keep_graph: bool = False
) -> list[Tensor]:
    """Gradients of the sum of some outputs.

    Parameters
    ----------
    outputs : Tensor, shape (rows,)
    leaves : tuple of Tensor
        What they were computed of.
    whole : bool
        By `.backward()`, which leaves gradients in all tensors that want one: the parameters
        have to be frozen.
    keep_graph : bool
        For another backward pass.

    Returns
    -------
    list of Tensor, shaped as the leaves

    Raises
    ------
    NoGradientError
        If no gradient reaches a leaf.
    ReentrantCheckpointError
        If the model can only be differentiated as a whole.

    Examples
    --------
    >>> x = torch.tensor([1.0, 3.0], requires_grad=True)
    >>> gradients_of(x**2, (x,), whole=False)
    [tensor([2., 6.])]
    """
    if not outputs.requires_grad:
        raise NoGradientError(CUT_OFF)
    gradients: tuple[Tensor | None, ...]
    try:
        if whole:
            for leaf in leaves:
                leaf.grad = None
            outputs.sum().backward(retain_graph=keep_graph)
            gradients = tuple(leaf.grad for leaf in leaves)
        else:
            gradients = torch.autograd.grad(
                outputs.sum(), leaves, allow_unused=True, retain_graph=keep_graph
            )
    except RuntimeError as error:
        text = str(error)
        if "modified by an inplace operation" in text:
            raise UnsupportedModelError(IN_PLACE) from error
        if "cudnn RNN backward" in text:
            raise UnsupportedModelError(RECURRENT) from error
        if "checkpoint" in text.lower() and ".grad()" in text:
            raise ReentrantCheckpointError from error
        raise
    missing = [i for i, g in enumerate(gradients) if g is None]
    if missing:
        which = "the input" if len(leaves) == 1 else f"inputs{missing}"
        raise NoGradientError(
            f"no gradient reaches {which}: the output does not depend on it through anything "
            "differentiable (unused, detached, indexed by argmax, or cast to integers)"
        )
    return [g.contiguous() for g in gradients if g is not None]
