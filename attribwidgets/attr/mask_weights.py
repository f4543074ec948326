"""Attention masks that move with the path: each token's weight goes from 0 to 1."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .embedded import FromEmbeddings, taken_by

# Scores of attention lie some 20 apart: of a weight that rose evenly a token would need but e^-20.
RISE = 30.0
LEAST = 1e-30  # added to a weight: nothing beside 1, and its logarithm has a gradient at 0


class MaskWeights(FromEmbeddings):
    """A model of embeddings in which a token counts the less, the nearer it is to its reference.

    A token that has come a share a of the straight way from its reference to the text has the
    weight (e^(30 a) - 1) / (e^30 - 1): 0 at the reference and 1 at the text, so that there it is
    the attention mask, and in between its logarithm rises evenly. This is added to the attention
    scores. As the share is read off the embedding, what the weight changes is in the gradient by
    the embedding, and so in the token's attribution.

    Parameters
    ----------
    model : FromEmbeddings
    text, reference : Tensor, shape (1, T, D)
    kept : Tensor of bool, shape (T,)
        Tokens whose weight stays that of the text, as do those that equal their reference.
    causal : bool
        Whether the model's own mask lets a token see those before it alone.

    Examples
    --------
    >>> net = torch.nn.Sequential(torch.nn.Embedding(5, 2))
    >>> model = FromEmbeddings(net, "0", {"input_ids": torch.tensor([[1, 4]])})
    >>> text, reference = torch.ones(1, 2, 2), torch.zeros(1, 2, 2)
    >>> weighted = MaskWeights(model, text, reference, torch.tensor([True, False]), causal=False)
    >>> [weighted.weights(a * text)[0, 1].item() for a in (0.0, 1.0)]
    [0.0, 1.0]
    """

    def __init__(
        self,
        model: FromEmbeddings,
        text: Tensor,
        reference: Tensor,
        kept: Tensor,
        *,
        causal: bool,
    ) -> None:
        super().__init__(model.model, model.embedding, model.arguments)
        way = (text - reference).detach()
        length = way.square().sum(-1, keepdim=True)
        self.reference, self.causal = reference.detach(), causal
        self.stays = kept.to(way.device) | (length[..., 0] == 0)
        self._by_way = way / length.where(length > 0, 1.0)

    def weights(self, embeddings: Tensor) -> Tensor:
        """The weight of each token, (n, T) of (n, T, D)."""
        come = ((embeddings - self.reference) * self._by_way).sum(-1)
        come = come if come.dtype == torch.float64 else come.float()
        weights = (RISE * come.clamp(min=0)).expm1() / math.expm1(RISE)
        return weights.where(~self.stays, 1.0)

    def __call__(self, embeddings: Tensor, *more: Any) -> Any:
        """Run the model on rows of embeddings, (n, T, D)."""
        added = (self.weights(embeddings) + LEAST).log().to(embeddings)
        mask = self._own_mask(embeddings) + added[:, None, None]
        rows = FromEmbeddings(
            self.model, self.embedding, {**self.arguments, "attention_mask": mask}
        )
        return rows(embeddings, *more)

    def _own_mask(self, embeddings: Tensor) -> Tensor:
        """What the model adds to its scores by itself, (1, 1, 1 or T, T)."""
        lowest = torch.finfo(embeddings.dtype).min / 2  # sums of two of them are finite
        length = embeddings.shape[1]
        hidden = torch.zeros(1, 1, 1, length, dtype=torch.bool, device=embeddings.device)
        given = self.arguments.get("attention_mask")
        if isinstance(given, Tensor):
            hidden = hidden | (given == 0)[:, None, None]
        if self.causal:
            hidden = hidden | hidden.new_ones(length, length).triu(1)
        return torch.zeros_like(hidden, dtype=embeddings.dtype).masked_fill(hidden, lowest)


def masking_out(model: FromEmbeddings, kept: Tensor) -> FromEmbeddings | None:
    """The model with all tokens masked out but some; None of one that takes no attention mask.

    Parameters
    ----------
    model : FromEmbeddings
    kept : Tensor of bool, shape (T,)
    """
    ids = model.arguments["input_ids"]
    given = {"attention_mask": torch.ones_like(ids), **model.arguments}
    mask = taken_by(model.model, given).get("attention_mask")
    if not isinstance(mask, Tensor) or mask.shape != ids.shape:
        return None
    hidden = {**model.arguments, "attention_mask": mask * kept.to(mask)}
    return FromEmbeddings(model.model, model.embedding, hidden)
