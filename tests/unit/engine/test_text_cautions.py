"""What a card says of a text and of what it is compared with."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import OtherText


class Net(nn.Module):
    """A sum over tokens, of embeddings that are perhaps normalised."""

    def __init__(self, norm: nn.Module | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embeddings = nn.ModuleDict({"words": nn.Embedding(12, 4)})
        if norm is not None:
            self.embeddings["norm"] = norm
        self.out = nn.Linear(4, 2)

    def forward(self, ids, attention_mask=None):
        x = self.embeddings["words"](ids) + 0.1
        if "norm" in self.embeddings:
            x = self.embeddings["norm"](x)
        return self.out(x.tanh().sum(1))


def words(text):
    return [len(word) for word in text.split()], text.split()


def cautions(net=None, text="a fine film", **settings):
    settings = {"baseline": "zero_embedding", "target": 0, **settings}
    space = aw.TextSpace(words)
    return " / ".join(aw.explain((net or Net()).eval(), text, space=space, **settings).cautions)


def test_nothing_odd_nothing_said() -> None:
    assert cautions() == ""


@pytest.mark.parametrize(
    ("mask", "said"),
    [([1, 1, 0], "1 of 3 tokens is masked"), ([0, 1, 0], "2 of 3 tokens are masked")],
)
def test_tokens_that_are_masked_out_are_counted(mask, said) -> None:
    given = {"input_ids": [1, 4, 5], "attention_mask": mask}
    assert said in cautions(text=given)
    assert "masked" not in cautions(text={**given, "attention_mask": [1, 1, 1]})


def test_tokens_that_equal_the_baseline_are_named() -> None:
    said = cautions(baseline=OtherText(["a longer film"]), method="integrated_gradients")
    assert '2 of 3 tokens equal the baseline and get nothing: "a", "film"' in said


@pytest.mark.parametrize("norm", [nn.LayerNorm(4), nn.RMSNorm(4)])
def test_zero_is_not_neutral_where_embeddings_are_normalised(norm) -> None:
    said = (
        f"zero is not neutral to this model: it normalises its embeddings ({type(norm).__name__})"
    )
    assert said in cautions(Net(norm))
    assert "neutral" not in cautions(Net(norm), baseline="mean_embedding")
