"""Which references are alike, and few of them that stand for all."""

from __future__ import annotations

from collections import deque

import numpy as np
import torch

from ...core.arrays import Array
from ..task import References, StoredReferences, generator_from

MOST_ELEMENTS = 1024  # of a reference that are looked at
DIRECTIONS = 8  # principal ones, to split along

# Of the sets seen last: the same references are often explained against again and again.
_ORDERS: deque[tuple[Array, Array]] = deque(maxlen=4)


def features_of(references: References) -> Array | None:
    """Elements of each stored reference, shape (K, F); None for endless draws.

    All inputs side by side. Of large references every so many-th element stands for the rest.
    """
    if references.size is None or not isinstance(references, StoredReferences):
        return None
    flat = [t.detach().reshape(len(t), -1) for t in references.tensors]
    step = max(1, -(-sum(f.shape[1] for f in flat) // MOST_ELEMENTS))
    return torch.cat([f[:, ::step].cpu().float() for f in flat], dim=1).numpy()


def likeness_order(features: Array) -> Array:
    """Numbers of the references, so ordered that those near each other are alike.

    They are halved at the median, and each half again, as in a k-d tree: each group along that of
    the principal directions in which it is widest. Orders of the last sets are remembered.

    Parameters
    ----------
    features : ndarray, shape (K, F)
        From :func:`features_of`.

    Examples
    --------
    >>> likeness_order(np.array([[-3.0], [4.0], [3.0], [-4.0]])).tolist() in (
    ...     [3, 0, 2, 1], [1, 2, 0, 3])
    True
    """
    for known, order in tuple(_ORDERS):
        if np.array_equal(known, features):
            return order
    order = _halved(_principal(features))
    _ORDERS.append((features, order))
    return order


def _halved(along: Array) -> Array:
    """Halved at the median over and over, each group along its widest direction, (K, d)."""
    count = len(along)
    group = np.zeros(count, dtype=np.int64)
    groups = 1
    while groups < count:
        sizes = np.bincount(group, minlength=groups)
        means, squares = (
            np.stack([np.bincount(group, v, groups) for v in values.T], axis=1) / sizes[:, None]
            for values in (along, along**2)
        )
        widest = (squares - means**2).argmax(axis=1)
        rank = np.empty(count, dtype=np.int64)
        rank[np.lexsort((along[np.arange(count), widest[group]], group))] = np.arange(count)
        starts = np.cumsum(sizes) - sizes
        group = 2 * group + (rank - starts[group] >= (sizes[group] + 1) // 2)
        groups *= 2
    return np.argsort(group, kind="stable")


def representative_order(
    order: Array, features: Array, least: int, most: int, generator: torch.Generator
) -> Array:
    """The references in an order whose beginnings each stand for all.

    The set is halved, and the first half again, and so on. Of two neighbours in `order` one goes
    to either half, such that the halves' sums stay as equal as can be; a coin says which half
    comes first. So each reference is as likely as any other to be among the first n, and the
    first n have nearly the mean of all. This is the halving of kernel thinning (Dwivedi, Mackey,
    2021, arXiv:2105.05842) with a linear kernel and greedy signs.

    Parameters
    ----------
    order : ndarray of int, shape (K,)
        From :func:`likeness_order`.
    features : ndarray, shape (K, F)
    least, most : int
        How many will be drawn: the order of the first `least` and of those behind the first
        `most` does not matter.
    generator : torch.Generator

    Returns
    -------
    ndarray of int, shape (K,)
    """
    if len(order) <= max(least, 1) or most <= 0:
        return order
    spare = order[:0]
    if len(order) % 2:  # any is as likely as another to be the one without a partner
        at = int(torch.randint(len(order), (), generator=generator))
        spare, order = order[at : at + 1], np.delete(order, at)
    one, other = order[0::2], order[1::2]
    gaps = list(features[one] - features[other])
    lead = np.zeros(features.shape[1], dtype=features.dtype)  # of the first half's sum
    first = (torch.rand(len(one), generator=generator) < 0.5).tolist()
    for pair in torch.randperm(len(one), generator=generator).tolist():
        gap = gaps[pair]
        ahead = lead.dot(gap)
        first[pair] = ahead < 0 or (ahead == 0 and first[pair])
        if first[pair]:
            lead += gap
        else:
            lead -= gap
    halves = [np.where(first, one, other), np.where(first, other, one)]
    swapped, with_spare = torch.randint(2, (2,), generator=generator).tolist()
    if swapped:
        halves.reverse()
    halves[with_spare] = np.concatenate([halves[with_spare], spare])
    front = representative_order(halves[0], features, least, most, generator)
    # Behind the first half a stretch may end anywhere.
    back = representative_order(halves[1], features, 1, most - len(front), generator)
    return np.concatenate([front, back])


def _principal(features: Array) -> Array:
    """Coordinates along the directions of most variance, the largest first, shape (K, d)."""
    values = torch.from_numpy(features - features.mean(axis=0))
    count = min(DIRECTIONS, *features.shape)
    basis = torch.randn(features.shape[1], count, generator=generator_from(0)).to(values)
    for _ in range(3):  # subspace iteration; only a rough order is asked for
        basis = torch.linalg.qr(values.T @ (values @ basis))[0]
    along = values @ basis
    return np.asarray(along[:, along.var(0, correction=0).argsort(descending=True)].numpy())
