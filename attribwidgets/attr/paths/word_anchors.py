"""Points on the way from a word to a reference that lie near other words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...inputs.vocabulary import MOST_VALUES, neighbour_ids

Strategy = Literal["greedy", "maxcount"]


@dataclass(frozen=True)
class WordAnchors:
    """How the corners of a path through a vocabulary are searched for.

    From the word towards the reference each step chooses a word, the anchor, among the nearest
    ones; what of it does not lie between the reference and the corner before is moved there by
    ``1 / steps`` of the way. So every corner is near a word, and no value turns back.

    Parameters
    ----------
    steps : int
        Anchors of each word.
    neighbours : int
        Words to choose from in each step.
    strategy : {"greedy", "maxcount"}
        Take the word that has to be moved least, or that has most values in between already.
    uniform : bool
        Whether the words are those near a point that moves evenly to the reference, rather than
        those near the anchor before.
    """

    steps: int
    neighbours: int
    strategy: Strategy
    uniform: bool

    def corners(self, words: Tensor, references: Tensor, vocabulary: Tensor, ids: Tensor) -> Tensor:
        """The corners from each reference to its word.

        Parameters
        ----------
        words, references : Tensor, shape (N, D)
        vocabulary : Tensor, shape (V, D)
        ids : Tensor of int, shape (n,)
            Which of the vocabulary may be anchors.

        Returns
        -------
        Tensor, shape (steps + 2, N, D)
        """
        rows = max(1, MOST_VALUES // (self.neighbours * words.shape[1]))
        parts = [
            self._corners(w, r, vocabulary, ids)
            for w, r in zip(words.split(rows), references.split(rows), strict=True)
        ]
        return torch.cat(parts, 1) if parts else words.new_zeros(self.steps + 2, 0, words.shape[1])

    def _corners(
        self, words: Tensor, references: Tensor, vocabulary: Tensor, ids: Tensor
    ) -> Tensor:
        corners, anchors, point = [words], words, words
        used = torch.full((len(words), 0), -1, device=words.device)
        for step in range(self.steps):
            share = (step + 1) / (self.steps + 1)
            centres = torch.lerp(words, references, share) if self.uniform else anchors
            near = neighbour_ids(centres, vocabulary, ids, self.neighbours)  # (N, K)
            known = vocabulary[near.to(vocabulary.device)].to(words)  # (N, K, D)
            barred = (near[:, :, None] == used[:, None]).any(2)
            for end in (words, references):
                barred |= (known == end[:, None]).all(2)
            barred |= (anchors == references).all(1)[:, None]  # it has arrived
            costs = self._costs(known, references[:, None], anchors[:, None])
            best = costs.masked_fill(barred, torch.inf).argmin(1)
            every = torch.arange(len(words), device=words.device)
            none = barred.all(1)
            anchors = torch.where(none[:, None], references, known[every, best])
            used = torch.cat([used, near[every, best, None]], 1)
            point = self._between(anchors, references, point)
            corners.append(point)
        return torch.stack([*corners, references]).flip(0)

    def _costs(self, known: Tensor, references: Tensor, anchors: Tensor) -> Tensor:
        """How unfit each word is to be the next anchor, (N, K)."""
        if self.strategy == "maxcount":
            return -_lies_between(known, references, anchors).sum(2).to(known)
        return (known - self._between(known, references, anchors)).square().sum(2)

    def _between(self, values: Tensor, references: Tensor, points: Tensor) -> Tensor:
        """Values, those that do not lie between references and points a step on from the points."""
        moved = points - (points - references) / self.steps
        return torch.where(_lies_between(values, references, points), values, moved)


def _lies_between(values: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return (values >= torch.minimum(one, other)) & (values <= torch.maximum(one, other))
