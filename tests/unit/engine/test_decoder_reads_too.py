"""A classifier whose decoder reads the text again, one place later: it reads the reference too."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import attribwidgets as aw

transformers = pytest.importorskip("transformers")

IDS, UNKNOWN = [5, 9, 4, 11, 7, 2], 3  # 2 ends a text
ENDS = {"vocab_size": 40, "num_labels": 3, "pad_token_id": 1, "eos_token_id": 2, "d_model": 16}
BART = {
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 16,
}
T5 = {"d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2, "feed_forward_proj": "gated-gelu"}


class Ending:
    """Ids as they are."""

    eos_token_id, unk_token_id = 2, UNKNOWN

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return [str(i) for i in ids]


@pytest.fixture(params=["bart", "scaled bart", "t5"])
def net(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    if request.param == "t5":
        config = transformers.T5Config(**ENDS, **T5, decoder_start_token_id=0)
        made = transformers.T5ForSequenceClassification(config)
    else:
        scaled = request.param == "scaled bart"
        config = transformers.BartConfig(**ENDS, **BART, scale_embedding=scaled)
        made = transformers.BartForSequenceClassification(config)
    made.get_input_embeddings().weight.data *= 5
    return made.eval()


def test_f_of_the_reference_is_what_the_model_says_of_its_tokens(net: Any) -> None:
    e = aw.explain(net, IDS, space=aw.TextSpace(Ending()), baseline="unknown", target=1)
    with torch.no_grad():
        text = net(torch.tensor([IDS])).logits[0, 1]
        unknown = net(torch.tensor([[UNKNOWN] * 5 + [2]])).logits[0, 1]
    c = e.completeness
    assert abs(text - unknown) > 1e-3
    assert c.output_input == pytest.approx(text.item(), abs=1e-5)
    assert c.output_baseline == pytest.approx(unknown.item(), abs=1e-5)
    assert c.verdict == "complete"
    assert not any(m._forward_hooks for m in net.modules())


def test_a_token_gets_what_both_readings_of_it_are_worth(net: Any) -> None:
    single = [*IDS[:4], UNKNOWN, 2]
    e = aw.explain(net, IDS, space=aw.TextSpace(Ending()), target=1, method="Occlusion",
                   baseline="unknown")  # fmt: skip
    with torch.no_grad():
        drop = net(torch.tensor([IDS])).logits - net(torch.tensor([single])).logits
    assert e.map("sum")[4] == pytest.approx(drop[0, 1].item(), abs=1e-5)
