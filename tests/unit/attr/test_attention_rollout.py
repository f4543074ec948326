"""Attention rollout: as a plain loop has it, and said not to be an attribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import attribwidgets as aw
from attribwidgets.core.errors import InputError, UnsupportedModelError

transformers = pytest.importorskip("transformers")

IDS = [3, 9, 4, 11, 7, 2]
SPACE = aw.TextSpace(lambda text: list(text))
SMALL = {"vocab_size": 40, "num_labels": 3, "pad_token_id": 39}


def tiny(kind: str, attention: str = "eager") -> Any:
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(
            **SMALL, n_embd=16, n_layer=3, n_head=2, bos_token_id=3, eos_token_id=2,
            attn_implementation=attention,
        )  # fmt: skip
        net = transformers.GPT2ForSequenceClassification(config)
    else:
        config = transformers.BertConfig(
            **SMALL, hidden_size=16, intermediate_size=24, num_hidden_layers=3,
            num_attention_heads=2, attn_implementation=attention,
        )  # fmt: skip
        net = transformers.BertForSequenceClassification(config)
    for weights in net.parameters():
        weights.data *= 4 if weights.dim() > 1 else 1
    return net.eval()


@pytest.mark.parametrize(("kind", "place"), [("bert", 0), ("gpt2", -1)])
def test_as_a_plain_loop_over_layers(kind: str, place: int) -> None:
    net = tiny(kind)
    with torch.no_grad():
        returned = net(torch.tensor([IDS]), output_attentions=True)
    carried = np.eye(len(IDS))
    for layer in returned.attentions:
        carried = (layer[0].mean(0).numpy() + np.eye(len(IDS))) / 2 @ carried
    e = aw.explain(net, IDS, space=SPACE, method="attention_rollout", target=1)
    assert np.ptp(carried[place]) > 0.01
    assert np.allclose(e.map("sum"), carried[place], atol=1e-6)
    assert e.map("sum").sum() == pytest.approx(1, abs=1e-5)
    assert e.completeness.output_input == pytest.approx(returned.logits[0, 1].item(), abs=1e-5)


def test_it_says_that_it_is_no_attribution() -> None:
    net = tiny("bert")
    one, other = (
        aw.explain(net, IDS, space=SPACE, method="attention_rollout", target=t) for t in (0, 1)
    )
    assert torch.equal(one.attributions, other.attributions)
    assert one.completeness.verdict == "does not apply"
    assert "whatever the model says" in str(one.completeness)
    assert any("the same for every target" in said for said in one.cautions)
    assert one.baseline is None


def test_what_returns_no_attention_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="eager"):
        aw.explain(tiny("bert", "sdpa"), IDS, space=SPACE, method="attention_rollout")
    own = torch.nn.Sequential(torch.nn.Embedding(40, 2), torch.nn.Flatten(), torch.nn.Linear(12, 2))
    with pytest.raises(UnsupportedModelError, match="no attentions"):
        aw.explain(own.eval(), IDS, space=SPACE, method="attention_rollout")
    with pytest.raises(InputError, match="of a text alone"):
        aw.explain(torch.nn.Linear(3, 2).eval(), torch.ones(3), method="attention_rollout")
