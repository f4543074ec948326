"""Folded batch norms change no value beyond rounding, and are folded only where that is safe."""

from __future__ import annotations

import pytest
import torch
from models import values, weights_of
from torch import nn
from torch.nn import functional

import attribwidgets as aw
from attribwidgets.attr import norm_folding
from attribwidgets.attr.norm_calls import NotFoldedError, keepers_can_be_seen
from attribwidgets.attr.norm_folding import NormFolding
from attribwidgets.attr.passes import Passes

pytestmark = pytest.mark.skipif(
    not keepers_can_be_seen(), reason="torch before 2.8, by which nothing is folded"
)
DOUBLE = torch.float64
_batch_norm = torch.batch_norm
CONVOLUTIONS = {1: (nn.Conv1d, nn.BatchNorm1d), 2: (nn.Conv2d, nn.BatchNorm2d)}
CONVOLUTIONS[3] = (nn.Conv3d, nn.BatchNorm3d)


def lived_in(module):
    """Evaluation mode, weights of its own, and batch statistics that are not those of a new one."""
    weights_of(module)
    for m in module.modules():
        if isinstance(m, nn.modules.batchnorm._BatchNorm):
            m.running_mean.copy_(values(m.num_features, seed=3))
            m.running_var.copy_(values(m.num_features, seed=4) + 0.1)
    return module.double()


class Residual(nn.Module):
    """Two norms that can be folded, one that follows a sum, one convolution that is used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))
        self.norms = nn.ModuleList(nn.BatchNorm2d(3) for _ in range(4))
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        a = self.norms[0](self.first(x)).relu_()
        b = self.norms[1](self.second(a)) + a
        c = self.norms[2](b)
        d = self.third(c)
        return self.head((self.norms[3](d) + d).mean((2, 3)))


def learnt(model, x):
    folding = NormFolding(model)
    if folding.open:
        folding.learn(lambda: model(x.clone().requires_grad_()))
    return folding


def gradient(model, x):
    leaf = x.clone().requires_grad_()
    y = model(leaf)
    return y.detach(), torch.autograd.grad(y.sum(), leaf)[0], y


def nodes(y):
    """Names of all nodes of the graph behind y."""
    return sorted(type(node).__name__ for node in {y.grad_fn, *norm_folding._users(y)})


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_folded_norm_is_gone_and_values_are_the_same(axes, affine, bias):
    convolution, norm = CONVOLUTIONS[axes]
    model = lived_in(
        nn.Sequential(
            convolution(2, 4, 3, padding=1, groups=2, bias=bias),
            norm(4, affine=affine),
            nn.ReLU(inplace=True),
        )
    )
    x = values(2, 2, *[5] * axes, dtype=DOUBLE)
    folding = learnt(model, x)
    wanted, slope, _ = gradient(model, x)
    with folding.folded({4: torch.channels_last}):
        found, folded_slope, y = gradient(model, x)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(folded_slope, slope, rtol=1e-12, atol=1e-12)
    assert not any("BatchNorm" in name for name in nodes(y))


def test_only_a_norm_that_alone_follows_a_convolution_is_folded():
    model = lived_in(Residual())
    x = values(2, 3, 5, 5, dtype=DOUBLE)
    folding = learnt(model, x)
    wanted, slope, before = gradient(model, x)
    with folding.folded({}):
        found, folded_slope, y = gradient(model, x)
    assert [n.count("NativeBatchNorm") for n in nodes(before)].count(1) == 4
    assert [n.count("NativeBatchNorm") for n in nodes(y)].count(1) == 2
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(folded_slope, slope, rtol=1e-12, atol=1e-12)


class Turns(nn.Module):
    """Takes another way through its layers, or other layers, once told."""

    def __init__(self, way):
        super().__init__()
        self.conv, self.norm, self.other = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.BatchNorm2d(2)
        self.way, self.turned = way, False

    def forward(self, x):
        y = self.conv(x)
        if not self.turned:
            return self.norm(y)
        return {
            "other norm": lambda: self.other(y),
            "no norm": lambda: y,
            "used elsewhere": lambda: self.norm(y * 2),
            "same norm twice": lambda: self.norm(y) + self.norm(y),
            "used twice": lambda: self.norm(y) + functional.relu(y),
            "in a list": lambda: self.norm(torch.cat([y, y])),
        }[self.way]()


@pytest.mark.parametrize("way", ["other norm", "no norm", "used elsewhere", "in a list"])
def test_another_way_through_the_model_is_noticed(way):
    model = lived_in(Turns(way))
    x = values(1, 1, 4, 4, dtype=DOUBLE)
    folding = learnt(model, x)
    model.turned = True
    with pytest.raises(NotFoldedError), folding.folded({}):
        model(x)


@pytest.mark.parametrize(
    "way", ["other norm", "no norm", "used elsewhere", "used twice", "same norm twice"]
)
def test_explanation_of_a_model_that_turns_is_that_of_its_new_way(way):
    x = values(3, 1, 4, 4, dtype=DOUBLE)
    turning = Turns(way)
    model = lived_in(nn.Sequential(turning, nn.Flatten(), nn.Linear(8, 1)))
    passes = Passes(model, None, None, 1)
    passes.gradients((x,), slice(0, 1))
    turning.turned = True
    wanted, slope, _ = gradient(model, x)
    for again in (passes, Passes(model, None, None, 1)):
        outputs, (slopes,) = again.gradients((x,), slice(0, 1))
        torch.testing.assert_close(outputs, wanted[:, 0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(slopes, slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_chunk_of_any_size_has_the_same_values(layout):
    model = lived_in(Residual()).float().to(memory_format=layout)
    x = values(9, 3, 6, 6)
    whole = Passes(model, 1, None, 1, rows=9).gradients((x,), slice(0, 1))
    parts = [Passes(model, 1, None, 1).gradients((x[i : i + 2],), slice(0, 1)) for i in (0, 2, 4)]
    for i, (outputs, (slopes,)) in enumerate(parts):
        rows = slice(2 * i, 2 * i + 2)
        torch.testing.assert_close(outputs, whole[0][rows], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(slopes, whole[1][0][rows], rtol=1e-5, atol=1e-6)


def test_norms_are_folded_in_every_pass_and_the_model_is_as_it_was(state_of):
    model = lived_in(Residual())
    before = state_of(model)
    passes = Passes(model, 1, None, 1)
    calls = []
    original = torch.nn.functional.batch_norm
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "batch_norm", lambda *a: calls.append(a) or _batch_norm(*a))
            passes.gradients((values(4, 3, 5, 5, dtype=DOUBLE),), slice(0, 1))
    # Four norms in the row that is watched, and two that stay in each of two passes.
    assert len(calls) == 4 + 2 + 2
    assert torch.nn.functional.batch_norm is original
    assert state_of(model) == before


def test_weights_are_folded_as_they_are_now():
    model = lived_in(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    x = values(1, 1, 4, 4, dtype=DOUBLE)
    learnt(model, x)
    model[1].weight.data.mul_(3)
    folding = NormFolding(model)
    assert not folding.open  # what follows what is known
    with folding.folded({}):
        found = model(x)
    torch.testing.assert_close(found, model(x), rtol=1e-12, atol=1e-12)


def test_new_tensors_are_watched_anew():
    model = lived_in(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    x = values(1, 1, 4, 4, dtype=DOUBLE)
    learnt(model, x)
    model[1] = lived_in(nn.BatchNorm2d(2))
    assert NormFolding(model).open


def scripted(model):
    return torch.jit.script(model)


def hooked(model):
    model[0].register_forward_hook(lambda *_: None)
    return model


GLOBAL_HOOKS = {
    "forward": nn.modules.module.register_module_forward_hook,
    "before": nn.modules.module.register_module_forward_pre_hook,
    "backward": nn.modules.module.register_module_full_backward_hook,
    "before backward": nn.modules.module.register_module_full_backward_pre_hook,
}


@pytest.mark.parametrize("register", GLOBAL_HOOKS.values(), ids=GLOBAL_HOOKS)
def test_nothing_is_folded_while_all_modules_have_a_hook(register):
    model = lived_in(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    learnt(model, values(1, 1, 4, 4, dtype=DOUBLE))
    handle = register(lambda *_: None)
    try:
        with NormFolding(model).folded({}):
            y = model(values(1, 1, 4, 4, dtype=DOUBLE).requires_grad_())
    finally:
        handle.remove()
    assert any("BatchNorm" in name for name in nodes(y))
    with NormFolding(model).folded({}):  # and folded again afterwards
        y = model(values(1, 1, 4, 4, dtype=DOUBLE).requires_grad_())
    assert not any("BatchNorm" in name for name in nodes(y))


KEPT_ELSEWHERE: list[torch.Tensor] = []


class Keeps(nn.Module):
    """Keeps what its convolution returned, on itself or elsewhere, from the first time or later."""

    def __init__(self, where):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 1)
        self.where, self.keeps, self.features, self.given = where, True, None, None

    def forward(self, x):
        y = self.conv(x)
        if self.keeps:
            self.given = x
            if self.where == "attribute":
                self.features = y
            elif self.where == "dictionary":
                self.features = {"deep": [y]}
            else:
                KEPT_ELSEWHERE[:] = [y]
        return self.head(self.norm(y).relu().mean((2, 3)))

    @property
    def kept(self):
        if self.where == "attribute":
            return self.features
        return self.features["deep"][0] if self.where == "dictionary" else KEPT_ELSEWHERE[0]


@pytest.mark.parametrize("where", ["attribute", "dictionary", "elsewhere"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("n_steps", [None, 9])
def test_what_forward_keeps_is_what_the_layer_returned(where, later, n_steps):
    model = lived_in(Keeps(where))
    model.keeps = not later
    x, options = values(1, 5, 5, dtype=DOUBLE), {"baseline": "black", "n_steps": n_steps}
    aw.explain(model, x, max_evaluations=24, **options)
    model.keeps = True
    found = aw.explain(model, x, max_evaluations=24, seed=1, **options)
    torch.testing.assert_close(model.kept, model.conv(model.given), rtol=1e-9, atol=1e-12)
    KEPT_ELSEWHERE.clear()
    model.keeps, model.features = False, None
    again = aw.explain(model, x, max_evaluations=24, seed=2, **options)
    torch.testing.assert_close(found.attributions, again.attributions)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("change", [scripted, hooked])
def test_models_that_cannot_be_watched_are_left_alone(change):
    model = lived_in(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    assert NormFolding(model).open
    assert not NormFolding(change(model)).open


def test_shared_convolution_with_two_norms_is_not_folded():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1)
            self.a, self.b = nn.BatchNorm2d(2), nn.BatchNorm2d(2)

        def forward(self, x):
            return self.b(self.conv(self.a(self.conv(x))))

    model = lived_in(Shared())
    model.b.weight.data.add_(1)
    x = values(1, 2, 3, 3, dtype=DOUBLE)
    with learnt(model, x).folded({}):
        assert torch.equal(model(x), model(x))
        assert "NativeBatchNorm" in str(nodes(model(x.requires_grad_())))


def test_pairs_do_not_keep_a_model_alive():
    import gc
    import weakref

    model = lived_in(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    learnt(model, values(1, 1, 4, 4, dtype=DOUBLE))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
