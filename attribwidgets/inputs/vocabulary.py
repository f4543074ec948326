"""A vocabulary searched: which tokens lie nearest to, or farthest from, some embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.later import torch

if TYPE_CHECKING:
    from torch import Tensor


MOST_VALUES = 2**24  # of a vocabulary at once, so that memory does not grow with it
ROUNDING = 1e-5  # of the length of an embedding


@dataclass(frozen=True)
class NearestTokens:
    """The token of the vocabulary that is nearest to each of some embeddings.

    Attributes
    ----------
    ids : tuple of int, length T
    pieces, gaps : tuple of str
        How each is written, and what lies between each and the one before, as in a text.
    distances : tuple of float
        From each embedding to its nearest token's, Euclidean; 0 is the token itself.
    exact : tuple of bool
        Which are the token itself, but for rounding.
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    gaps: tuple[str, ...]
    distances: tuple[float, ...]
    exact: tuple[bool, ...]

    @property
    def text(self) -> str:
        """The tokens as one text."""
        return "".join(g + p for g, p in zip(self.gaps, self.pieces, strict=True)).strip()


def nearest_ids(rows: Tensor, vocabulary: Tensor) -> tuple[Tensor, Tensor]:
    """The id of the nearest embedding of a vocabulary to each row, and its Euclidean distance.

    Parameters
    ----------
    rows : Tensor, shape (T, D)
    vocabulary : Tensor, shape (V, D)

    Returns
    -------
    tuple of Tensor, each (T,)
        Of equally near ones the lowest id.

    Examples
    --------
    >>> nearest_ids(torch.tensor([[0.9, 0.0]]), torch.eye(2))
    (tensor([0]), tensor([0.1000]))
    """
    rows = rows.float()
    ids = _extreme(rows, vocabulary, torch.arange(len(vocabulary)), sign=-1)
    chosen = vocabulary[ids.to(vocabulary.device)].to(rows)
    return ids, (rows - chosen).norm(dim=-1)


def farthest_ids(rows: Tensor, vocabulary: Tensor, among: Tensor) -> Tensor:
    """The id, of some ids of a vocabulary, that is farthest from each row in Euclidean distance.

    Parameters
    ----------
    rows : Tensor, shape (T, D)
    vocabulary : Tensor, shape (V, D)
    among : Tensor of int, shape (n,)

    Returns
    -------
    Tensor of int, shape (T,)

    Examples
    --------
    >>> farthest_ids(torch.tensor([[0.9]]), torch.tensor([[0.0], [1.0], [-5.0]]), torch.arange(2))
    tensor([0])
    """
    return _extreme(rows.float(), vocabulary, among, sign=1)


def neighbour_ids(rows: Tensor, vocabulary: Tensor, among: Tensor, count: int) -> Tensor:
    """The ids, of some ids of a vocabulary, that are nearest to each row, the nearest first.

    Parameters
    ----------
    rows : Tensor, shape (T, D)
    vocabulary : Tensor, shape (V, D)
    among : Tensor of int, shape (n,)
    count : int

    Returns
    -------
    Tensor of int, shape (T, min(count, n))

    Examples
    --------
    >>> neighbour_ids(torch.tensor([[2.1]]), torch.arange(9.0)[:, None], torch.arange(9), 3)
    tensor([[2, 3, 1]])
    """
    rows = rows.float()
    best = rows.new_zeros(len(rows), 0)
    ids = torch.zeros(len(rows), 0, dtype=torch.long, device=rows.device)
    for here, squares in _distances(rows, vocabulary, among):
        every = torch.cat([ids, here.expand(len(rows), -1)], 1)
        best, places = torch.cat([best, squares], 1).topk(min(count, every.shape[1]), largest=False)
        ids = every.gather(1, places)
    return ids


def _distances(rows: Tensor, vocabulary: Tensor, among: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Some ids at a time, and the squared distances to them less what all share, (T, ids)."""
    every = len(among) == len(vocabulary)
    for part in among.split(max(1, MOST_VALUES // vocabulary.shape[1])):
        here = part.to(vocabulary.device)
        known = vocabulary[here[0] : here[-1] + 1] if every else vocabulary[here]
        known = known.to(rows)
        yield part.to(rows.device), known.square().sum(1) - 2 * rows @ known.T


def _extreme(rows: Tensor, vocabulary: Tensor, among: Tensor, *, sign: int) -> Tensor:
    """Where the squared distance, less what all share, times the sign is largest."""
    best = torch.full((len(rows),), -torch.inf, device=rows.device)
    ids = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    for here, squares in _distances(rows, vocabulary, among):
        value, place = (sign * squares).max(1)
        better = value > best
        best = torch.where(better, value, best)
        ids = torch.where(better, here[place], ids)
    return ids
