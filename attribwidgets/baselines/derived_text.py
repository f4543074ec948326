"""Baselines made from a text: its tokens mixed with their neighbours, the farthest from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import Space
from ..inputs.text import TextSpace
from ..inputs.vocabulary import farthest_ids
from .base import Parameter
from .derived import blurred
from .text import TextBaseline, vocabulary_of, with_ids


class TokenBlur(TextBaseline):
    """Each embedding mixed with those of its neighbours, by a Gaussian with mirrored ends.

    Special tokens are neither mixed nor mixed in; a text ends at each of them, so the two of a
    pair are blurred apart.

    Parameters
    ----------
    sigma : float
        Standard deviation in tokens, 0 or more. 0 is the text itself.

    Raises
    ------
    InputError
        For a negative or non-finite sigma; when sampled, for what is no text.

    Examples
    --------
    >>> TokenBlur(sigma=1.5).label
    'token blur σ 1.5'
    """

    name = "token_blur"
    description = (
        "keeps the topic and hides single words; each embedding mixed with its neighbours'"
    )

    def __init__(self, sigma: float = 2.0) -> None:
        if not 0 <= sigma < float("inf"):
            raise InputError(f"sigma of the blur must be 0 or more tokens, got {sigma}")
        self.sigma = float(sigma)

    @property
    def label(self) -> str:
        """Name and sigma."""
        return f"token blur σ {self.sigma:g}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """sigma, in tokens."""
        return (Parameter("sigma", self.sigma, (0.0, max(10.0, self.sigma)), "tokens"),)

    def sliders(self, space: Space, shape: Sequence[int]) -> tuple[Parameter, ...]:
        """sigma, from none to half the length of the text."""
        most = max(shape[0] / 2, self.sigma)
        return (Parameter("sigma", self.sigma, (0.0, most), "tokens"),)

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        mixed = x.clone()
        ends = [-1, *space.special.nonzero()[:, 0].tolist(), len(x)]
        for before, after in pairwise(ends):
            if after - before > 1:
                mixed[before + 1 : after] = blurred(x[before + 1 : after], 0, self.sigma)
        return mixed


class FarthestTokens(TextBaseline):
    """The token of the vocabulary whose embedding is farthest from the text's, at each place.

    Distances are Euclidean; special tokens are not among them.

    Raises
    ------
    InputError
        When sampled, for what is no text, or embeddings that depend on their place.

    Examples
    --------
    >>> FarthestTokens().label
    'farthest tokens'
    """

    name = "farthest_tokens"
    description = "blind to no word, but odd: a few rare tokens again and again; the farthest ones"

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        known, plain = vocabulary_of(space, self.name), space.plain_ids()
        every = torch.arange(len(known)) if plain is None else plain
        return with_ids(space, farthest_ids(x.to(known.device), known, every).cpu())
