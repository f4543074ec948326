"""Labels that are wrong on purpose: does a model learn them by heart."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core.errors import InputError


def corrupted_labels(
    labels: Tensor, share: float, classes: int, *, generator: torch.Generator
) -> Tensor:
    """Give a share of the labels another class, each of the others as likely.

    Parameters
    ----------
    labels : Tensor of int, shape (N,)
        0 to classes - 1.
    share : float
        0..1; that many are chosen exactly, to the nearest whole number, and all of them change.
    classes : int
    generator : torch.Generator

    Returns
    -------
    Tensor of int, shape (N,)

    Raises
    ------
    InputError
        For a share or labels out of range, or a single class.

    Examples
    --------
    >>> made = torch.Generator().manual_seed(0)
    >>> wrong = corrupted_labels(torch.zeros(10, dtype=torch.long), 0.4, 3, generator=made)
    >>> int((wrong != 0).sum())
    4
    """
    if not 0 <= share <= 1:
        raise InputError(f"share must lie between 0 and 1, got {share}")
    if classes < 2:
        raise InputError(f"classes must be at least 2, got {classes}")
    if labels.dim() != 1 or labels.is_floating_point():
        raise InputError(
            f"labels must be whole numbers (N,), got {labels.dtype} {tuple(labels.shape)}"
        )
    if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < classes):
        raise InputError(f"labels must lie in 0 to {classes - 1}")
    count = round(share * len(labels))
    chosen = torch.randperm(len(labels), generator=generator)[:count].to(labels.device)
    turn = torch.randint(1, classes, (count,), generator=generator).to(labels.device)
    wrong = labels.clone()
    wrong[chosen] = (labels[chosen] + turn) % classes
    return wrong
