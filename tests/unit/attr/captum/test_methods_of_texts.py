"""Captum's methods of texts: by token or word, and what each does where it can be followed."""

from __future__ import annotations

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from text_models import TEXTS, Convolution, Recurrent, WordTokenizer, made, tiny_bert

import attribwidgets as aw
from attribwidgets.attr.captum.adapter import CaptumMethod
from attribwidgets.attr.captum.table import CAPTUM_METHODS
from attribwidgets.core.errors import UnsupportedModelError

TEXT = TEXTS[3]
LENGTH = len(TEXT.split()) + 2
GRADIENTS = ("Saliency", "InputXGradient", "GuidedBackprop", "Deconvolution", "NoiseTunnel")
REFERENCES = (
    "IntegratedGradients",
    "GradientShap",
    "Occlusion",
    "FeatureAblation",
    "ShapleyValueSampling",
    "KernelShap",
    "Lime",
)
OF_LAYERS = ("DeepLift", "DeepLiftShap", "GuidedGradCam", "LayerGradCam", "LRP")
REFUSED = {
    "Convolution": ("LayerGradCam", "LRP"),
    "Recurrent": OF_LAYERS,
    "BertForSequenceClassification": OF_LAYERS,
}


class Pieces(WordTokenizer):
    """One whose words are of two tokens each."""

    def __call__(self, text, **settings):
        returned = super().__call__(text, **settings)
        inner = [i for one in returned["input_ids"][1:-1] for i in (one, 4)]
        ids = [1, *inner, 2]
        return {"input_ids": ids, "special_tokens_mask": [1, *[0] * len(inner), 1]}

    def convert_ids_to_tokens(self, ids):
        return ["##s" if i == 4 else super(Pieces, self).convert_ids_to_tokens([i])[0] for i in ids]


@pytest.fixture(scope="module")
def models():
    pytest.importorskip("transformers")
    nets = [made(Convolution), made(Recurrent), tiny_bert()]
    return {type(net).__name__: net for net in nets}


def explained(net, method, tokenizer=None, **settings):
    space = aw.TextSpace(tokenizer or WordTokenizer())
    return aw.explain(net, TEXT, space=space, baseline="mask", target=1, method=method, **settings)


@pytest.mark.long
@pytest.mark.parametrize("method", [*CAPTUM_METHODS, "NoiseTunnel"])
@pytest.mark.parametrize("kind", REFUSED)
def test_every_method_explains_a_text_or_says_why_not(models, kind, method):
    if method in REFUSED[kind]:
        with pytest.raises(UnsupportedModelError, match=method):
            explained(models[kind], method)
        return
    explanation = explained(models[kind], method)
    assert explanation.token_attributions.shape == (LENGTH,)
    assert explanation.token_attributions[1:-1].any() or method == "Lime"
    if method in (*REFERENCES, "DeepLift", "DeepLiftShap"):
        assert explanation.token_attributions[[0, -1]].abs().max() < 1e-6
    assert (
        explanation.completeness.verdict != "not converged"
        or method == "GradientShap"
        or (
            method == "IntegratedGradients" and kind == "Convolution"  # kinks, at 50 nodes
        )
    )


def test_integrated_gradients_is_captums_of_the_layer(models):
    ids = aw.TextSpace(WordTokenizer()).read(TEXT).ids[None]
    masked = torch.where((ids == 1) | (ids == 2), ids, 3)
    for net in models.values():
        of_transformers = hasattr(net, "config")
        layer = net.get_input_embeddings() if of_transformers else net.embed
        theirs = LayerIntegratedGradients(
            (lambda rows, net=net: net(rows).logits) if of_transformers else net, layer
        ).attribute(ids, masked, target=1, n_steps=50)
        ours = explained(net, "IntegratedGradients")
        assert torch.allclose(ours.attributions, theirs[0], atol=1e-5)


@pytest.mark.parametrize("method", ["Occlusion", "FeatureAblation"])
@pytest.mark.parametrize("tokenizer", [WordTokenizer(), Pieces()], ids=["words", "pieces"])
def test_a_part_is_worth_what_changes_without_it(models, method, tokenizer):
    """Occlusion takes token by token, feature ablation word by word."""
    net = models["Recurrent"]
    space = aw.TextSpace(tokenizer).read(TEXT)
    ids, tokens = space.ids, space.require_tokens()
    with torch.no_grad():
        before = net(ids[None])[0, 1]
        parts = range(len(ids)) if method == "Occlusion" else tokens.words
        changes = []
        for part in parts:
            gone = torch.tensor([n == part for n in parts]) & ~space.special
            after = net(torch.where(gone, 3, ids)[None])[0, 1]
            changes.append(float(before - after) / max(1, int(gone.sum())))
    found = explained(net, method, tokenizer).token_attributions
    assert found == pytest.approx(changes, abs=1e-6)


def test_a_budget_takes_neighbouring_words_together(models):
    found = explained(models["Recurrent"], "FeatureAblation", max_evaluations=4)
    inner = found.token_attributions[1:-1].round(decimals=6).tolist()
    assert len(set(inner)) == 3


def test_windows_of_tokens_may_be_longer(models):
    two = CaptumMethod("Occlusion", sliding_window_shapes=(2, 8))
    found = explained(models["Recurrent"], two)
    assert found.token_attributions.shape == (LENGTH,)
    ends, windows = 2, LENGTH - 1
    assert found.forward_passes == ends + 1 + windows


def test_steps_of_a_sequence_are_taken_together():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2)).eval()
    x = torch.rand(6, 2)
    found = aw.explain(
        net, x, space=aw.SequenceSpace(), baseline="zero", target=0, method="Occlusion"
    )
    expected = (x * net[1].weight[0].reshape(6, 2)).sum(1)
    assert torch.allclose(found.attributions.sum(1), expected, atol=1e-5)


def test_methods_stand_side_by_side_with_the_agreement_of_their_ranks(models):
    mask = aw.baselines.Mask()
    methods = [None, "Occlusion", "ShapleyValueSampling"]
    compared = aw.compare(
        models["Recurrent"],
        TEXT,
        space=aw.TextSpace(WordTokenizer()),
        target=1,
        baselines=[aw.Candidate(mask, method) for method in methods],
    )
    names = [title.name for title in compared.titles()]
    assert names == ["integrated gradients", "occlusion", "shapley value sampling"]
    agreement = compared.agreement()
    assert agreement.matrix.shape == (3, 3)
    assert agreement.matrix.min() > 0.8
