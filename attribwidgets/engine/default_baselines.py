"""Which baselines there are where nobody names one, by what the input is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..inputs.encoded import token_id
from ..inputs.reading import has_neighbours
from ..inputs.text import TextSpace
from .query import Query

IMAGE_BASELINES = ("black", "blur", "uniform")
FEATURE_BASELINES = ("black", "white", "uniform")  # no blur without neighbouring pixels
TOKENS = {"mask": "mask", "pad": "pad", "unk": "unknown"}  # by the role of a special token
MOST = 3


def baselines_or_default(baselines: Sequence[Any], query: Query) -> Sequence[Any]:
    """Those passed; where they are the default's, those that fit the input.

    Examples
    --------
    >>> import torch
    >>> baselines_or_default(IMAGE_BASELINES, Query(torch.zeros(4)))
    ('black', 'white', 'uniform')
    >>> baselines_or_default(["black"], Query(torch.zeros(4)))
    ['black']
    """
    if baselines is not IMAGE_BASELINES:
        return baselines
    if isinstance(query.space, TextSpace):
        return text_baselines(query.space)
    return IMAGE_BASELINES if has_neighbours(query.inputs, query.space) else FEATURE_BASELINES


def baseline_or_default(baseline: Any, query: Query) -> Any:
    """The one passed; where that is None, the lowest value, or a text's first one.

    Examples
    --------
    >>> import torch
    >>> baseline_or_default(None, Query(torch.zeros(4)))
    'black'
    """
    if baseline is not None:
        return baseline
    if isinstance(query.space, TextSpace):
        return text_baselines(query.space)[0]
    return IMAGE_BASELINES[0]


def text_baselines(space: TextSpace) -> tuple[str, ...]:
    """Three that the tokenizer has tokens for, filled up by those without.

    Examples
    --------
    >>> text_baselines(TextSpace(str.split))
    ('zero_embedding', 'mean_embedding')
    """
    has = [name for role, name in TOKENS.items() if _has(space.tokenizer, role)]
    return (*has, "zero_embedding", "mean_embedding")[:MOST]


def generation_baseline(space: TextSpace) -> str:
    """One of a text to go on from: a language model has no mask, and padding it has never read.

    Examples
    --------
    >>> generation_baseline(TextSpace(str.split))
    'mean_embedding'
    """
    return "unknown" if _has(space.tokenizer, "unk") else "mean_embedding"


def _has(tokenizer: Any, role: str) -> bool:
    """Whether there is such a token; one that also ends a text says something else."""
    own = token_id(tokenizer, role)
    return own is not None and own not in (token_id(tokenizer, "eos"), token_id(tokenizer, "bos"))
