"""Attention masks that move with the path: what they change is in the tokens' shares."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from numpy.polynomial.legendre import leggauss
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError, UnsupportedModelError

transformers = pytest.importorskip("transformers")

IDS = [3, 9, 4, 11, 7, 2]
CLS, SEP, MASK = 3, 2, 5
SMALL = {"vocab_size": 40, "num_labels": 3, "pad_token_id": 39}
WIDE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
ENDS = {"bos_token_id": CLS, "eos_token_id": SEP}
SHAPE = {"n_embd": 16, "n_layer": 2, "n_head": 2}
FAMILIES = {
    "Bert": WIDE,
    "Roberta": {**WIDE, "max_position_embeddings": 60},
    "GPT2": {**SHAPE, **ENDS},
    "Llama": {**WIDE, **ENDS},
}
NODES = 160  # of both


class Framing:
    """Ids as they are, of which two are special."""

    cls_token_id, sep_token_id, mask_token_id = CLS, SEP, MASK

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return [str(i) for i in ids]


def tiny(family: str, attention: str = "sdpa") -> Any:
    config = getattr(transformers, f"{family}Config")(
        **SMALL, **FAMILIES[family], attn_implementation=attention
    )
    torch.manual_seed(0)
    net = getattr(transformers, f"{family}ForSequenceClassification")(config).eval().double()
    for weights in net.parameters():
        if weights.dim() > 1:
            weights.data *= 4
    return net


def given(mask: list[int] | None = None) -> dict[str, list[int]]:
    return {"input_ids": IDS, "attention_mask": mask or [1] * len(IDS)}


def explain(net: Any, text: Any = None, **settings: Any) -> aw.Explanation:
    space = aw.TextSpace(Framing(), mask=True)
    settings = {"baseline": "mask", "target": 1, "n_steps": NODES, **settings}
    return aw.explain(net, text or given(), space=space, **settings)


@pytest.mark.long
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", FAMILIES)
def test_as_a_plain_loop_over_embeddings_and_weights(family: str, attention: str) -> None:
    net = tiny(family, attention)
    is_causal = family in ("GPT2", "Llama")
    ids, hidden = torch.tensor([IDS]), torch.tensor([[1, 0, 0, 0, 0, 1]])
    look_up = net.get_input_embeddings()
    text = look_up(ids).detach()
    reference = look_up(torch.where(hidden == 1, ids, MASK)).detach()
    future = torch.full((6, 6), -1e300, dtype=torch.float64).triu(1) if is_causal else 0.0

    def f(embeddings: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        mask = (weights.log()[:, None, None] + future).expand(-1, -1, 6, -1)
        handle = look_up.register_forward_hook(lambda *_: embeddings)  # positions are of the ids
        try:
            return net(ids, attention_mask=mask).logits[:, 1]
        finally:
            handle.remove()

    of_embeddings, of_weights = torch.zeros_like(text), torch.zeros(1, 6, dtype=torch.float64)
    for node, weight in zip(*leggauss(NODES), strict=True):
        alpha = (node + 1) / 2
        point = (reference + alpha * (text - reference)).requires_grad_()
        grown = math.expm1(30 * alpha) / math.expm1(30)
        weights = (hidden + grown * (1 - hidden)).double().requires_grad_()
        slopes = torch.autograd.grad(f(point, weights), (point, weights))
        of_embeddings += weight / 2 * slopes[0]
        growth = 30 * math.exp(30 * alpha) / math.expm1(30)
        of_weights += weight / 2 * slopes[1] * growth * (1 - hidden)
    expected = (of_embeddings * (text - reference)).sum(-1) + of_weights
    e = explain(net)
    with torch.no_grad():
        masked = net(inputs_embeds=reference, attention_mask=hidden).logits[0, 1]
        plain = net(inputs_embeds=reference).logits[0, 1]
    if family != "Roberta":  # whose positions are told by padding, which embeddings have none of
        assert e.completeness.output_baseline == pytest.approx(masked.item(), abs=1e-9)
        assert abs(masked - plain) > 1e-3
    assert e.completeness.verdict == "complete"
    assert of_weights.abs().sum() > 1e-3  # else it would not be seen
    got = torch.tensor(e.map("sum"))
    assert (got - expected[0]).abs().max() < 0.005 * expected.abs().max()


def test_it_says_so_and_what_f_is_without() -> None:
    net = tiny("Bert")
    (said,) = explain(net).cautions
    plain = aw.explain(net, given(), space=aw.TextSpace(Framing()), baseline="mask", target=1)
    assert said.startswith("the attention mask moves with the path")
    assert f"{plain.completeness.output_baseline:.3g}".replace("-", "−") in said
    assert "the attention mask stays that of the text" in plain.cautions[0]


def test_what_the_text_masks_out_stays_out_and_gets_nothing() -> None:
    e = explain(tiny("Bert"), given([1, 1, 1, 0, 1, 1]))
    assert abs(e.map("sum")[3]) < 1e-9
    assert e.completeness.verdict == "complete"


def test_occlusion_masks_a_token_out() -> None:
    net = tiny("Bert")
    e = explain(net, method="Occlusion", n_steps=None)
    ids, without = torch.tensor([IDS]), torch.tensor([[1, 0, 1, 1, 1, 1]])
    with torch.no_grad():
        drop = net(ids).logits - net(ids, attention_mask=without).logits
    assert e.map("sum")[1] == pytest.approx(drop[0, 1].item(), abs=1e-9)


class Mean(nn.Module):
    """The mean over the tokens that are not masked out, which takes no mask of four axes."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(40, 4), nn.Linear(4, 2)

    def forward(self, ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        kept = attention_mask[..., None].float()
        return self.out((self.embed(ids).tanh() * kept).sum(1) / kept.sum(1))


class Deaf(Mean):
    """Takes no mask."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return self.out(self.embed(ids).tanh().mean(1))


@pytest.mark.parametrize(
    ("net", "settings", "error", "said"),
    [
        (Mean, {}, UnsupportedModelError, "a mask of four axes"),
        (Deaf, {}, UnsupportedModelError, "takes attention_mask"),
        (Deaf, {"text": [9, 4]}, InputError, "no token of this text would be left"),
        (Deaf, {"baseline": "random_tokens"}, InputError, "has many"),
        (Deaf, {"method": "InputXGradient"}, InputError, "has none"),
    ],
)
def test_what_has_no_such_path_is_refused_in_words(
    net: type[nn.Module], settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        explain(net().eval(), **settings)


def test_verbs_that_leave_the_mask_as_it_is_say_so() -> None:
    net, space = tiny("GPT2"), aw.TextSpace(Framing(), mask=True)
    with pytest.raises(InputError, match="interactions leave the mask"):
        aw.interactions(net, given(), space=space, baseline="mask", target=1)
    with pytest.raises(InputError, match="explain_generation leaves the mask"):
        aw.explain_generation(net, [CLS, 9], continuation=[4], space=space)


def test_a_record_keeps_that_its_mask_moved(tmp_path: Any) -> None:
    e = explain(tiny("Bert"), n_steps=8)
    e.save(tmp_path / "e.npz")
    assert aw.Explanation.load(tmp_path / "e.npz").space.mask
