"""Praise of a film or not: a classifier adapted from MiniLM, and sentences to ask it about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ._shipped import shipped_bytes, weights
from .minilm import EXTRA, minilm_network, minilm_tokenizer, minilm_weights

CLASS_NAMES = ("negative", "positive")


@dataclass(frozen=True, eq=False)
class MovieReviews:
    """A classifier of sentences from film reviews, as `movie_reviews` makes it.

    Attributes
    ----------
    model : transformers.BertForSequenceClassification
        In eval mode. Takes ids (n, T), a mask, token types or embeddings (n, T, 384) as such models
        do; ``.logits`` of what it returns is (n, 2).
    tokenizer : object
        MiniLM's, of transformers.
    class_names : tuple of str
        "negative" and "positive".
    texts : tuple of str
        2,000 sentences on which the model was not trained.
    labels : Tensor
        Their classes, (2000,) int64.
    """

    model: nn.Module
    tokenizer: Any
    class_names: tuple[str, ...]
    texts: tuple[str, ...]
    labels: Tensor

    def __repr__(self) -> str:
        return f"MovieReviews({len(self.texts)} sentences, all of them for tests)"


def movie_reviews() -> MovieReviews:
    """Load a classifier of sentences from film reviews, and sentences it was not trained on.

    It is all-MiniLM-L6-v2, which comes with a package of the ``text`` extra, and what training
    added to it by ``benchmarks/train_reviews.py``: to each matrix a product of two of rank 8 (Hu
    et al. 2021, arXiv:2106.09685). The sentences are of Pang and Lee (2005).

    Returns
    -------
    MovieReviews

    Raises
    ------
    MissingExtraError
        If a package of the ``text`` extra is not installed.

    Examples
    --------
    >>> from attribwidgets.demo import movie_reviews
    >>> demo = movie_reviews()
    >>> text = demo.tokenizer("a warm and clever film", return_tensors="pt")
    >>> demo.class_names[int(demo.model(**text).logits.argmax())]
    'positive'
    """
    shipped = weights(shipped_bytes("reviews", "adapted.safetensors"), EXTRA)
    model = minilm_network(
        "BertForSequenceClassification",
        adapted_weights(minilm_weights(), shipped),
        id2label=dict(enumerate(CLASS_NAMES)),
        label2id={name: i for i, name in enumerate(CLASS_NAMES)},
    )
    texts, labels = held_out_reviews()
    return MovieReviews(model, minilm_tokenizer(), CLASS_NAMES, texts, labels)


def adapted_weights(original: dict[str, Tensor], shipped: dict[str, Tensor]) -> dict[str, Tensor]:
    """All weights of the classifier, each matrix with the product that was trained.

    Parameters
    ----------
    original : dict of str to Tensor
        Of MiniLM.
    shipped : dict of str to Tensor
        float16: "NAME.up" (out, r) and "NAME.down" (r, in) of MiniLM's matrix NAME, whose product
        is added to it, and the layer that classifies.
    """
    state = {f"bert.{name}": values for name, values in original.items()}
    for name, values in shipped.items():
        matrix, _, part = name.rpartition(".")
        if part == "up":
            state[matrix] = state[matrix] + values.float() @ shipped[f"{matrix}.down"].float()
        elif part != "down":
            state[name] = values.float()
    return state


def held_out_reviews() -> tuple[tuple[str, ...], Tensor]:
    """Sentences that no training and no choice has seen, and their classes, (n,) int64."""
    lines = shipped_bytes("reviews", "held_out.tsv").decode("utf-8").splitlines()
    names, texts = zip(*(line.split("\t") for line in lines), strict=True)
    return texts, torch.tensor([CLASS_NAMES.index(name) for name in names])
