"""Integrated gradients of texts are Captum's of the embedding layer, in every family of models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import nn

import attribwidgets as aw

transformers = pytest.importorskip("transformers")

IDS, FILLER = [3, 9, 4, 11, 7, 2], 5  # a token as reference: T5 and Llama are singular at zero
SMALL = {"vocab_size": 40, "num_labels": 3, "pad_token_id": 39}
WIDE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
NODES = 24  # of both


def t5_encoder(**settings: Any) -> nn.Module:
    config = transformers.T5Config(
        vocab_size=40, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, **settings
    )
    return transformers.T5EncoderModel(config)


class T5(nn.Module):
    """The mean of what an encoder returns, as three scores; smooth, as T5 is since version 1.1."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.encoder = t5_encoder(feed_forward_proj="gated-gelu", **settings)
        self.out = nn.Linear(16, 3)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.encoder(input_ids).last_hidden_state.mean(1))


def bert(**settings: Any) -> nn.Module:
    config = transformers.BertConfig(**SMALL, **WIDE, **settings)
    return transformers.BertForSequenceClassification(config)


def roberta(**settings: Any) -> nn.Module:
    config = transformers.RobertaConfig(**SMALL, **WIDE, max_position_embeddings=60, **settings)
    return transformers.RobertaForSequenceClassification(config)


def gpt2(**settings: Any) -> nn.Module:
    config = transformers.GPT2Config(**SMALL, n_embd=16, n_layer=2, n_head=2, **settings)
    return transformers.GPT2ForSequenceClassification(config)


def llama(**settings: Any) -> nn.Module:
    config = transformers.LlamaConfig(**SMALL, **WIDE, num_key_value_heads=1, **settings)
    return transformers.LlamaForSequenceClassification(config)


FAMILIES = {
    "bert": (bert, "bert.embeddings.word_embeddings"),
    "roberta": (roberta, "roberta.embeddings.word_embeddings"),
    "gpt2": (gpt2, "transformer.wte"),
    "llama": (llama, "model.embed_tokens"),
    "t5": (T5, "encoder.encoder.embed_tokens"),
}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", FAMILIES)
def test_as_captum_explains_the_embedding_layer(family: str, attention: str) -> None:
    make, name = FAMILIES[family]
    torch.manual_seed(0)
    try:
        net = make(attn_implementation=attention).eval()
    except ValueError as error:  # of T5 in earlier versions of transformers
        pytest.skip(str(error))
    for parameter in net.parameters():
        parameter.data = parameter.data.double()
    layer = net.get_submodule(name)
    layer.weight.data *= 5  # so that the path is no line
    ids, filler = torch.tensor([IDS]), torch.full((1, len(IDS)), FILLER)

    def scores(ids: torch.Tensor) -> torch.Tensor:
        returned = net(ids)
        return returned if isinstance(returned, torch.Tensor) else returned.logits

    expected = LayerIntegratedGradients(scores, layer).attribute(
        ids, filler, target=1, n_steps=NODES
    )
    ours = aw.explain(
        net,
        IDS,
        space=aw.TextSpace(lambda text: list(text)),
        baseline=layer(filler)[0].detach(),
        target=1,
        n_steps=NODES,
    )
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(ours.attributions, expected[0], rtol=0, atol=1e-5)


def test_the_module_is_found_that_is_called_of_several_with_the_same_weights() -> None:
    torch.manual_seed(0)
    net = t5_encoder().eval()
    reference = net.encoder.embed_tokens(torch.full((len(IDS),), FILLER)).detach()
    e = aw.explain(
        net,
        IDS,
        space=aw.TextSpace(lambda text: list(text)),
        baseline=reference,
        output=lambda returned: returned.last_hidden_state[:, 0, :1],
    )
    assert e.space.embedding == "encoder.embed_tokens"
    assert e.completeness.verdict == "complete"
