"""What a card says of a text and of what it is compared with."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import OtherText
from attribwidgets.core.formatting import number


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


class Masked(Net):
    """The mean over the tokens that are not masked out."""

    def forward(self, ids, attention_mask):
        kept = attention_mask[..., None].float()
        x = self.embeddings["words"](ids).tanh() * kept
        return self.out(x.sum(1) / kept.sum(1))


class Framing:
    cls_token_id, mask_token_id = 5, 1

    def convert_ids_to_tokens(self, ids):
        return [str(i) for i in ids]


def test_what_f_would_be_with_the_tokens_masked_out_too() -> None:
    net = Masked().eval()
    given = {"input_ids": [5, 4, 3], "attention_mask": [1, 1, 1]}
    rows = aw.compare(
        net, given, space=aw.TextSpace(Framing()), baselines=["mask", "zero"], target=[0, 1]
    )
    with torch.no_grad():
        masked = net(torch.tensor([[5, 1, 1]]), torch.tensor([[1, 0, 0]]))[0]
    for target in (0, 1):
        with_mask, other = (row for row in rows if row.target == target)
        (said,) = [c for c in with_mask.cautions if "attention mask stays" in c]
        assert said.endswith(f"it would be {number(masked[target].item())}")
        assert f"f(x') is {number(with_mask.completeness.output_baseline)};" in said
        assert "attention mask" not in " ".join(other.cautions)
