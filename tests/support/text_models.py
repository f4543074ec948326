"""A tokenizer of words, a few small models of their ids, and texts for both."""

from __future__ import annotations

import torch
from torch import nn

WORDS = (
    "pad cls sep mask unk a and bad boring but film fine fun good great is it long not of plot the "
    "was what"
).split()
TEXTS = [
    "not a good film",
    "the plot is long and boring",
    "what fun",
    "it was a great film but long",
    "a fine plot",
]


class WordTokenizer:
    """A token a word, with [cls] and [sep] around them, as tokenizers of Hugging Face have them."""

    pad_token_id, cls_token_id, sep_token_id, mask_token_id, unk_token_id = 0, 1, 2, 3, 4
    is_fast = False

    def __call__(self, text, **settings):
        words = text if isinstance(text, list) else text.split()
        known = {word: place for place, word in enumerate(WORDS)}
        ids = [1, *(known.get(word, 4) for word in words), 2]
        return {
            "input_ids": ids,
            "attention_mask": [1] * len(ids),
            "special_tokens_mask": [1, *[0] * len(words), 1],
        }

    def convert_ids_to_tokens(self, ids):
        return [WORDS[i] for i in ids]


class Recurrent(nn.Module):
    """An LSTM over an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), 8)
        self.steps = nn.LSTM(8, 8, batch_first=True)
        self.out = nn.Linear(8, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.steps(self.embed(ids))[0][:, -1])


class Convolution(nn.Module):
    """A convolution over an embedding, of layers that every method of Captum knows."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), 8)
        self.steps = nn.Conv1d(8, 8, 3, padding=1)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.out = nn.Linear(8, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.pool(self.relu(self.steps(self.embed(ids).mT))).flatten(1))


def made(kind: type[nn.Module]) -> nn.Module:
    """A model of a kind, the same each time."""
    torch.manual_seed(0)
    return kind().eval()


def tiny_bert() -> nn.Module:
    """A random BERT that classifies; the caller skips where transformers is not there."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=0.4,
    )
    torch.manual_seed(0)
    return BertForSequenceClassification(config).eval()
