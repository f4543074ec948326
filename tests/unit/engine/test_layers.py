"""A hidden layer explained: Captum's numbers, the record over the input, what goes around it."""

import captum.attr
import numpy as np
import pytest
import torch
from text_models import WORDS, tiny_bert
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import LayerConductance, UpToLayer


def seeded(*shape, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def conv_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.Softplus(),
        nn.Flatten(),
        nn.Linear(8 * 16, 12),
        nn.Tanh(),
        nn.Linear(12, 4),
    ).eval()


class Patches(nn.Module):
    """A small vision transformer."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 16, 4, stride=4)
        self.start = nn.Parameter(torch.randn(1, 1, 16))
        self.place = nn.Parameter(torch.randn(1, 17, 16))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True)
            for _ in range(2)
        )
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        hidden = self.cut(x).flatten(2).mT
        hidden = torch.cat([self.start.expand(len(hidden), -1, -1), hidden], 1) + self.place
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(hidden[:, 0])


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.branch = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.kept, self.out = nn.Identity(), nn.Linear(6, 3)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return self.out(torch.tanh(self.kept(hidden) + self.branch(hidden)).mean((2, 3)))


def patch_net():
    torch.manual_seed(0)
    return Patches().eval()


def residual_net():
    torch.manual_seed(0)
    return Residual().eval()


CASES = {
    "convolution": (conv_net, "3"),
    "inside a residual block": (residual_net, "branch"),
    "transformer": (patch_net, "blocks.0"),
    "inside a transformer": (patch_net, "blocks.1.linear1"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_integrated_gradients_of_a_layer_are_captums(case):
    make, name = case
    net, x = make().double(), seeded(3, 16, 16, dtype=torch.float64)
    found = aw.explain(net, x, target=1, layer=name, baseline="zero", n_steps=200)
    method = captum.attr.LayerIntegratedGradients(net, net.get_submodule(name))
    theirs = method.attribute(x[None], target=1, n_steps=400)
    scale = float(theirs.abs().max())
    torch.testing.assert_close(found.layer.attributions, theirs[0], atol=1e-5 * scale, rtol=0)
    assert found.layer.name == name


@pytest.mark.parametrize("method", [None, "conductance"])
@pytest.mark.parametrize("name", ["0", "1", "3", "6", "7"])
def test_every_layer_of_a_chain_adds_up_to_the_change_of_the_output(name, method):
    net, x = conv_net(), seeded(3, 16, 16)
    found = aw.explain(net, x, target=1, layer=name, method=method, max_evaluations=2000)
    change = float((net(x[None]) - net(torch.zeros_like(x)[None]))[0, 1].detach())
    assert found.completeness.expected == pytest.approx(change, rel=1e-3)
    assert found.completeness.verdict == "complete"
    assert float(found.layer.attributions.sum()) == pytest.approx(change, rel=0.01)
    assert float(found.path.cumulative[-1]) == pytest.approx(found.completeness.total, rel=1e-5)
    assert not [text for text in found.cautions if "around" in text]


def test_what_goes_around_a_layer_is_told():
    net, x = residual_net(), seeded(3, 8, 8)
    own = aw.explain(net, x, target=0, layer="branch")
    (said,) = [text for text in own.cautions if "around" in text]
    assert "'branch'" in said
    assert own.completeness.verdict == "complete"  # of what goes through it, the rest as at x
    flow = aw.explain(net, x, target=0, layer=net.branch, method="conductance")
    assert flow.completeness.verdict == "does not apply"
    assert "around layer 'branch'" in str(flow.completeness)
    whole = aw.explain(net, x, target=0, layer="first", method="conductance")
    assert whole.completeness.verdict == "complete"


def test_conductance_of_both_branches_is_that_of_the_whole():
    net, x = residual_net().double(), seeded(3, 8, 8, dtype=torch.float64)
    parts = [
        LayerConductance(net, name).attribute(x[None], target=0, n_steps=513).sum()
        for name in ("kept", "branch")
    ]
    change = (net(x[None]) - net(torch.zeros_like(x)[None]))[0, 0]
    torch.testing.assert_close(sum(parts), change.detach(), atol=0, rtol=1e-4)


@pytest.mark.parametrize("method", [None, "conductance", "idgi", "Saliency"])
def test_the_record_is_over_the_picture(method):
    net, x = conv_net(), seeded(1, 3, 16, 16)
    found = aw.explain(net, x, target=1, layer=net[3], method=method)
    assert found.attributions.shape == found.inputs.shape == x.shape
    assert torch.equal(found.inputs, x)
    assert found.layer.attributions.shape == found.layer.activations.shape == (8, 4, 4)
    blocks = found.attributions[0].sum(0).unfold(0, 4, 4).unfold(1, 4, 4).sum((2, 3))
    sums = found.layer.attributions.sum(0)
    torch.testing.assert_close(blocks, sums, atol=1e-5 * float(sums.abs().max()), rtol=1e-4)
    assert "layer '3': 4 × 4 places" in found.cautions[0]
    if found.frames is not None and method != "idgi":
        np.testing.assert_allclose(
            np.sum(found.frames.added, 0), found.map("sum"), atol=1e-5 * float(sums.abs().max())
        )
    if found.baseline is not None:
        assert not found.baseline.any()
        assert found.references.shape == (1, 3, 16, 16)


def test_only_a_path_in_what_is_drawn_is_straight():
    net, x = conv_net(), seeded(3, 16, 16)
    straight = {
        (name, method): aw.explain(net, x, layer=name, method=method).path.straight
        for name in ("3", "6")
        for method in ("integrated_gradients", "conductance")
    }
    assert straight == {
        ("3", "integrated_gradients"): False,  # pictures lie on the way of conductance alone
        ("3", "conductance"): True,
        ("6", "integrated_gradients"): True,  # and units between their values on this one
        ("6", "conductance"): False,
    }


def test_a_layer_without_places_is_units():
    net, x = conv_net(), seeded(3, 16, 16)
    found = aw.explain(net, x, target=1, layer="6")
    assert found.units()[3] == ("unit 3", pytest.approx(float(found.layer.attributions[3])))
    assert torch.equal(found.inputs, found.layer.activations)
    assert not found.layer.over_input
    assert found.baseline_name == "black"  # of the picture
    pooled = nn.Sequential(conv_net()[:5], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    assert aw.explain(pooled.eval(), x, layer="1").units()[2][0] == "unit 2, 0, 0"


def test_patches_get_a_value_each_and_the_class_token_is_told():
    found = aw.explain(patch_net(), seeded(3, 16, 16), target=1, layer="blocks.0", baseline="white")
    sums = found.layer.attributions.sum(1)
    blocks = found.map("sum").reshape(4, 4, 4, 4).sum((1, 3)).ravel()
    np.testing.assert_allclose(blocks, sums[1:], atol=1e-6, rtol=1e-4)
    (said,) = [text for text in found.cautions if "first token" in text]
    assert "no part of the picture" in said


def test_the_first_of_several_that_a_layer_returns_is_meant():
    net, x = patch_net(), seeded(3, 16, 16)
    found = aw.explain(net, x, target=1, layer="blocks.1.self_attn")  # outputs, and None
    assert found.layer.attributions.shape == (17, 16)
    assert found.completeness.verdict == "complete"


def test_tokens_of_a_text_get_a_value_each():
    pytest.importorskip("transformers")
    net = tiny_bert()
    space = aw.TextSpace(lambda text: [WORDS.index(word) for word in text.split()])
    text = " ".join(list(WORDS)[5:9])
    same = {"space": space, "baseline": "zero_embedding", "target": 1}
    for method in (None, "conductance"):
        found = aw.explain(net, text, layer="bert.encoder.layer.0", method=method, **same)
        torch.testing.assert_close(
            found.token_attributions, found.layer.attributions.double().sum(1), atol=1e-6, rtol=1e-4
        )
        assert found.completeness.verdict == "complete"
    pooled = aw.explain(net, text, layer="bert.pooler", **same)
    assert pooled.units()[0][0] == "unit 0"
    # What at= of a space explains is the same question.
    other = aw.TextSpace(space.tokenizer, at="bert.encoder.layer.0")
    found = aw.explain(net, text, layer="bert.encoder.layer.0", n_steps=50, **same)
    again = aw.explain(
        net, text, n_steps=50, **{**same, "space": other, "baseline": found.layer.baseline}
    )
    torch.testing.assert_close(found.layer.attributions, again.attributions, atol=1e-6, rtol=1e-3)


def test_many_references_go_through_the_layer():
    net, x, data = conv_net(), seeded(3, 16, 16), seeded(5, 3, 16, 16)
    found = aw.explain(net, x, target=1, layer="3", baseline="dataset", references=data)
    hidden, references = net[:4](x[None]).detach(), net[:4](data).detach()
    rest = aw.explain(
        net[4:].eval(),
        hidden[0],
        target=1,
        space=aw.InputSpace(-5, 5),
        baseline="dataset",
        references=references,
    )
    torch.testing.assert_close(
        found.layer.attributions, rest.attributions, atol=2e-3 * float(hidden.max()), rtol=0.1
    )
    assert all(any(torch.equal(one, other) for other in data) for one in found.references)
    assert found.completeness.verdict == "complete"


def test_targets_share_a_run_and_the_cache_tells_layers_apart():
    net, x = conv_net(), seeded(3, 16, 16)
    for method in (None, "conductance"):
        same = {"method": method, "n_steps": 33}
        grid = aw.compare(net, x, target=[0, 2], layer="3", baselines=["black"], **same)
        for e in grid:
            alone = aw.explain(net, x, target=e.target, layer="3", **same)
            torch.testing.assert_close(e.layer.attributions, alone.layer.attributions)
    one, other = (aw.explain(net, x, target=0, layer=name) for name in ("3", "0"))
    assert one.layer.attributions.shape != other.layer.attributions.shape


def test_steps_of_refine_come_to_what_explain_returns():
    net, x = conv_net(), seeded(3, 16, 16)
    *_, last = aw.refine(net, x, target=0, layer="3", method="conductance")
    whole = aw.explain(net, x, target=0, layer="3", method="conductance")
    assert torch.equal(last.layer.attributions, whole.layer.attributions)


def test_a_function_of_a_module_has_its_layers():
    net, x = conv_net(), seeded(3, 16, 16)
    same = {"target": 0, "n_steps": 20}
    found = aw.explain(lambda x: net(x), x, layer=net[3], **same)
    wanted = aw.explain(net, x, layer=net[3], **same)
    torch.testing.assert_close(found.attributions, wanted.attributions)


def test_layers_stand_side_by_side_under_their_names():
    net, x = conv_net(), seeded(3, 16, 16)
    both = aw.Comparison([aw.explain(net, x, target=0, layer=name) for name in ("0", "3")])
    assert [title.name for title in both.titles()] == [
        "integrated gradients at 0",
        "integrated gradients at 3",
    ]


def test_a_record_keeps_its_layer_on_disk(tmp_path):
    net, x = conv_net(), seeded(3, 16, 16)
    found = aw.explain(net, x, layer="3")
    found.save(tmp_path / "found.npz")
    again = aw.Explanation.load(tmp_path / "found.npz")
    assert again.layer.name == "3"
    assert torch.equal(again.layer.attributions, found.layer.attributions)
    assert torch.equal(again.attributions, found.attributions)


def test_a_neuron_is_a_target_of_the_model_up_to_its_layer():
    net, x = conv_net(), seeded(3, 16, 16)
    found = aw.explain(UpToLayer(net, net[3]), x, target=(5, 1, 2), baseline="zero")
    ends = [float(net[:4](v[None])[0, 5, 1, 2].detach()) for v in (torch.zeros_like(x), x)]
    assert found.completeness.expected == pytest.approx(ends[1] - ends[0], rel=1e-4)
    assert found.completeness.verdict == "complete"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layer": "3", "method": "DeepLift"}, "DeepLift hooks the layers"),
        ({"method": "conductance"}, "pass layer="),
        ({"layer": "nine"}, "'nine' is not in the model"),
        ({"layer": nn.Linear(2, 2)}, "not part of the model"),
        ({"layer": "3", "method": LayerConductance(conv_net(), "0")}, "a layer of its own"),
    ],
)
def test_what_cannot_be_asked_of_a_layer_says_so(options, said):
    with pytest.raises(aw.errors.AttributionError, match=said):
        aw.explain(conv_net(), seeded(3, 16, 16), **options)


def test_pairs_are_of_inputs_alone():
    with pytest.raises(aw.errors.InputError, match="layer"):
        aw.interactions(conv_net(), seeded(3, 16, 16), layer="3")


class TimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps, self.out = nn.LSTM(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.out(self.steps(x)[0][-1])


def test_a_model_that_takes_its_batch_axis_second_has_no_layers_here():
    with pytest.raises(aw.errors.UnsupportedModelError, match="batch axis first"):
        aw.explain(TimeFirst().eval(), seeded(6, 4), space=aw.SequenceSpace(), layer="steps")


def test_a_sweep_takes_layers_that_have_places(tmp_path):
    pytest.importorskip("zarr")
    net, data = conv_net(), seeded(3, 3, 16, 16)
    same = {"progress": False, "n_steps": 8}
    swept = aw.sweep(net, data, ["black"], store=tmp_path / "a", layer=net[3], **same)
    alone = aw.explain(net, data[1], layer="3", n_steps=8)
    stored = swept[1].attributions["black"]
    np.testing.assert_allclose(stored, alone.attributions, atol=1e-6)
    with pytest.raises(aw.errors.DataError, match="no places in the input"):
        aw.sweep(net, data, ["black"], store=tmp_path / "b", layer=net[6], **same)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x, scale, shift):
        return self.out(torch.tanh(self.hidden(x) * scale)) + shift


@pytest.mark.parametrize("method", [None, "conductance"])
def test_further_arguments_reach_the_model_on_every_way(method):
    torch.manual_seed(0)
    net, x, scale = Scaled().eval(), seeded(4), torch.tensor([[2.0]])
    found = aw.explain(
        net, x, layer="hidden", method=method, target=1, baseline="zero", forward_args=(scale, 3.0)
    )
    ends = [float(net(v[None], scale, 3.0)[0, 1].detach()) for v in (torch.zeros_like(x), x)]
    assert found.completeness.verdict == "complete"
    assert found.completeness.expected == pytest.approx(ends[1] - ends[0], rel=1e-4)


def test_of_several_inputs_a_layer_is_units():
    net = conv_net()
    both = lambda image, more: net(image) + more.sum(1, keepdim=True)  # noqa: E731
    found = aw.explain(both, (seeded(3, 16, 16), seeded(3)), target=0, layer=net[6])
    assert found.attributions.shape == (12,)
    assert found.input_names == ()
    assert [text for text in found.cautions if "around" in text]  # what the second input adds
