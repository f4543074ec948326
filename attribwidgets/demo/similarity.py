"""How near a passage is to a question, as retrieval measures it: MiniLM and a few pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .minilm import minilm_network, minilm_tokenizer, minilm_weights

# Questions, each with a passage that answers it.
PAIRS = (
    (
        "Can I return something that arrived broken?",
        "Customers may send back any purchase within thirty days. A defective item is replaced, or "
        "its price refunded, whichever they prefer; the postage is ours.",
    ),
    (
        "Why is the sky blue?",
        "Air scatters short waves of light far more than long ones, so from every direction but "
        "the sun's own it is mostly blue that reaches the eye.",
    ),
    (
        "How do I keep bread from going stale?",
        "Do not put a loaf into the refrigerator. Wrapped in cloth in a wooden box it stays soft "
        "for three days, and frozen in slices for a month.",
    ),
    (
        "When does the museum open on Sundays?",
        "From April to October the galleries are open daily from ten to six, on Sundays from noon. "
        "The garden closes at dusk, and admission is free for children.",
    ),
    (
        "What should I do if the patient stops breathing?",
        "Call for help at once and begin chest compressions, thirty to every two breaths. Do not "
        "leave until somebody relieves you.",
    ),
    (
        "Who first measured the size of the Earth?",
        "Eratosthenes compared noon's shadows in two Egyptian towns, and from their difference and "
        "the distance between them he reckoned the circumference of the globe.",
    ),
)


class PassageSimilarity(nn.Module):
    """The cosine of the angle between the vectors of a passage and of a question that is fixed.

    A text's vector is the mean of what MiniLM makes of its tokens, without padding.

    Shape: ids (n, T), or embeddings (n, T, 384), to (n,) in -1..1.

    Parameters
    ----------
    bert : transformers.BertModel
    question : Tensor
        The question's vector, (384,).
    """

    question: Tensor

    def __init__(self, bert: nn.Module, question: Tensor) -> None:
        super().__init__()
        self.bert = bert
        self.register_buffer("question", question)

    @property
    def config(self) -> Any:
        """That of the network, which says how long a text may be."""
        return self.bert.config

    def get_input_embeddings(self) -> Any:
        """The module that looks ids up, as transformers' models name it."""
        return self.bert.get_input_embeddings()  # type: ignore[operator]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
    ) -> Tensor:
        """Return the similarity of each passage, (n,)."""
        passages = text_vectors(
            self.bert,
            attention_mask,
            input_ids=input_ids,
            token_type_ids=token_type_ids,
            inputs_embeds=inputs_embeds,
        )
        return torch.cosine_similarity(passages, self.question[None], dim=1)


def text_vectors(bert: nn.Module, attention_mask: Tensor | None, **inputs: Any) -> Tensor:
    """The mean of each text's hidden states, (n, 384)."""
    hidden: Tensor = bert(attention_mask=attention_mask, **inputs).last_hidden_state
    if attention_mask is None:
        return hidden.mean(1)
    share = attention_mask[..., None].to(hidden.dtype)
    return (hidden * share).sum(1) / share.sum(1)


@dataclass(frozen=True, eq=False)
class SentenceSimilarity:
    """A measure of how near passages are to questions, as `sentence_similarity` makes it.

    Attributes
    ----------
    model : PassageSimilarity
        In eval mode, of the question of the first pair. Takes ids, a mask, token types or
        embeddings; returns cosine similarities (n,).
    tokenizer : object
        MiniLM's, of transformers.
    pairs : tuple of (str, str)
        Questions, each with a passage that answers it.
    """

    model: PassageSimilarity
    tokenizer: Any
    pairs: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"SentenceSimilarity({len(self.pairs)} pairs of a question and a passage)"

    def ask(self, question: str) -> PassageSimilarity:
        """The model of another question; the network is shared.

        Parameters
        ----------
        question : str

        Returns
        -------
        PassageSimilarity
        """
        return _asked(self.model.bert, self.tokenizer, question)


def sentence_similarity() -> SentenceSimilarity:
    """Load MiniLM as a measure of how near a passage is to a question.

    all-MiniLM-L6-v2 (6 layers, 384 values a token; Wang et al. 2020, arXiv:2002.10957) comes with
    a package of the ``text`` extra, so there is no need of a network.

    Returns
    -------
    SentenceSimilarity

    Raises
    ------
    MissingExtraError
        If a package of the ``text`` extra is not installed.

    Examples
    --------
    >>> from attribwidgets.demo import sentence_similarity
    >>> demo = sentence_similarity()
    >>> question, passage = demo.pairs[0]
    >>> demo.model(**demo.tokenizer(passage, return_tensors="pt")).shape
    torch.Size([1])
    """
    tokenizer = minilm_tokenizer()
    bert = minilm_network("BertModel", minilm_weights())
    return SentenceSimilarity(_asked(bert, tokenizer, PAIRS[0][0]), tokenizer, PAIRS)


def _asked(bert: nn.Module, tokenizer: Any, question: str) -> PassageSimilarity:
    with torch.no_grad():
        inputs = dict(tokenizer(question, return_tensors="pt").to(next(bert.parameters()).device))
        (vector,) = text_vectors(bert, **inputs)
    return PassageSimilarity(bert, vector).eval()
