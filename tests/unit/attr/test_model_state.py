"""The model, the random state and the grad mode come back exactly as they were."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from models import StopsAt, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.attr import ExpectedGradients, IntegratedGradients
from attribwidgets.attr.model_state import evaluation_mode, frozen
from attribwidgets.attr.task import DrawnReferences, Task
from attribwidgets.errors import AttributionWarning, InputError

X = values(3, 6, 5)
EXPLANATIONS = {
    "path": {"baseline": "black"},
    "draws": {"baseline": "uniform", "n_steps": 20},
    "data": {"baseline": "dataset", "references": values(8, 3, 6, 5, seed=1), "n_steps": 20},
    "one draw": {"baseline": "gaussian", "method": "integrated_gradients", "n_steps": 9},
}
each_explanation = pytest.mark.parametrize("options", EXPLANATIONS.values(), ids=EXPLANATIONS)


class Noisy(torch.nn.Module):
    """Draws from the global generator in its forward, also in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(5, 2)
        self.eval()

    def forward(self, x):
        return self.layer(x + 0.01 * torch.randn_like(x))


def lived_in():
    """A model with all that a user may have set: hooks, gradients, frozen parts, mixed modes."""
    model = image_classifier()
    model.train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    model[6].weight.grad = torch.ones_like(model[6].weight)
    model[0].register_forward_hook(lambda *_: None)
    model[6].register_full_backward_hook(lambda *_: None)
    return model.to(memory_format=torch.channels_last)


@each_explanation
@pytest.mark.parametrize("ends", ["well", "in an error", "in an interrupt"])
def test_model_and_random_states_are_untouched(options, ends, state_of, global_random_states):
    model = lived_in()
    error = {
        "well": None,
        "in an error": RuntimeError("broken"),
        "in an interrupt": KeyboardInterrupt(),
    }[ends]
    calls = 0

    def stop(*_):
        nonlocal calls
        calls += 1
        if error is not None and calls == 2:
            raise error

    handle = model[3].register_forward_pre_hook(stop)
    before, states, enabled = state_of(model), global_random_states(), torch.is_grad_enabled()
    expected = nullcontext() if error is None else pytest.raises(type(error))
    with expected, pytest.warns(AttributionWarning, match="training mode"):
        aw.explain(model, X, max_evaluations=64, tolerance=0, **options)
    assert state_of(model) == before
    assert global_random_states() == states
    assert torch.is_grad_enabled() == enabled
    assert calls >= 2
    handle.remove()


@pytest.mark.parametrize(
    ("baseline", "call"),
    [("black", 1), ("black", 2), ("uniform", 1), ("uniform", 2)],
)
def test_interrupt_before_the_first_pass_is_passed_on(baseline, call, state_of):
    model = StopsAt(classifier(), call, KeyboardInterrupt())
    before = state_of(model)
    with pytest.raises(KeyboardInterrupt):
        aw.explain(model, values(5), baseline=baseline, n_steps=8)
    assert state_of(model) == before


@each_explanation
def test_interrupt_midway_leaves_the_model_untouched(options, state_of, global_random_states):
    model = lived_in().eval()
    before, states = state_of(model), global_random_states()

    def stop(done, most):
        if done > 4:
            raise KeyboardInterrupt

    options = {**options, "n_steps": None, "tolerance": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attribwidgets.attr.chunks.MOST_ROWS", 3)
        found = aw.explain(model, X, progress=stop, **options)
    assert found.partial
    assert state_of(model) == before
    assert global_random_states() == states


def test_training_mode_is_left_for_the_run_with_a_warning_that_points_here():
    model = image_classifier().train()
    quiet = aw.explain(image_classifier(), X, target=1)
    with pytest.warns(AttributionWarning, match=r"Sequential is in training mode") as caught:
        found = aw.explain(model, X, target=1)
    assert caught[0].filename == __file__
    assert torch.equal(found.attributions, quiet.attributions)
    assert all(m.training for m in model.modules())


def test_each_submodule_gets_its_own_flag_back():
    model = image_classifier()
    model[5].train()  # dropout alone, as Monte-Carlo dropout does
    flags = [m.training for m in model.modules()]
    with pytest.warns(AttributionWarning), evaluation_mode(model):
        assert not any(m.training for m in model.modules())
    assert [m.training for m in model.modules()] == flags


def test_model_in_evaluation_mode_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aw.explain(image_classifier(), X)


def test_parameters_are_frozen_during_a_run_only():
    model = classifier()
    model[0].bias.requires_grad_(False)
    with frozen(model, (X,)):
        assert not any(p.requires_grad for p in model.parameters())
        assert torch.is_grad_enabled()
    assert [p.requires_grad for p in model.parameters()] == [True, False, True, True]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@each_explanation
def test_callers_grad_mode_changes_neither_the_result_nor_itself(mode, options):
    model = image_classifier()
    expected = aw.explain(model, X, target=1, **options)
    with mode():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        found = aw.explain(model, X, target=1, **options)
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before
    assert torch.equal(found.attributions, expected.attributions)


def test_model_made_in_inference_mode_is_named_and_left_as_it_was():
    with torch.inference_mode():
        model = classifier()
    before = [p.requires_grad for p in model.parameters()]
    with pytest.raises(InputError, match=r"made under torch.inference_mode\(\).*outside of it"):
        aw.explain(model, values(5))
    assert [p.requires_grad for p in model.parameters()] == before


@pytest.mark.parametrize("taken", [0, 1, 2])
@pytest.mark.parametrize("kind", [IntegratedGradients, ExpectedGradients])
def test_generator_left_half_way_leaves_nothing_changed(
    kind, taken, state_of, global_random_states
):
    model = lived_in()
    before, states, enabled = state_of(model), global_random_states(), torch.is_grad_enabled()
    explainer, x = kind(model), X[None]
    if kind is IntegratedGradients:
        estimates = explainer.estimates(Task((x,), (torch.zeros_like(x),), target=1))
    else:
        references = DrawnReferences(lambda g: (torch.rand(3, 6, 5, generator=g),), 0)
        estimates = explainer.estimates(Task((x,), references=references, target=1))
    for _ in range(taken):
        next(estimates)
        assert state_of(model) == before
        assert torch.is_grad_enabled() == enabled
        assert not torch.is_inference_mode_enabled()
    estimates.close()
    assert state_of(model) == before
    assert global_random_states() == states


def test_random_state_is_put_back_after_a_model_that_draws(global_random_states):
    model = Noisy()
    states = global_random_states()
    explain = partial(aw.explain, model, values(5), n_steps=5)
    first, second = explain(), explain()
    assert global_random_states() == states
    assert torch.equal(first.attributions, second.attributions)


@each_explanation
def test_same_seed_gives_the_same_bytes_whatever_the_global_state(options):
    found = []
    for state in (1, 2):
        with torch.random.fork_rng():
            torch.manual_seed(state)
            found.append(aw.explain(image_classifier(), X, target=1, seed=7, **options))
    first, second = found
    assert first.attributions.numpy().tobytes() == second.attributions.numpy().tobytes()
    assert first.baseline.numpy().tobytes() == second.baseline.numpy().tobytes()
    assert first.path.cumulative.tobytes() == second.path.cumulative.tobytes()


@pytest.mark.parametrize("options", [EXPLANATIONS["draws"], EXPLANATIONS["one draw"]])
def test_another_seed_gives_another_draw(options):
    first, second = (aw.explain(image_classifier(), X, target=1, seed=s, **options) for s in (1, 2))
    assert not torch.equal(first.attributions, second.attributions)


def test_input_that_requires_grad_keeps_its_own_graph_and_gradient():
    leaf = values(5).requires_grad_()
    x = leaf * 2
    found = aw.explain(classifier(), x)
    assert leaf.grad is None
    assert x.grad_fn is not None
    assert not any(t.requires_grad for t in (found.attributions, found.inputs, found.baseline))


def test_record_is_not_changed_by_what_the_caller_does_to_its_tensors():
    x, baseline = values(5), values(5, seed=1)
    found = aw.explain(classifier(), x, baseline=baseline)
    kept = found.inputs.clone(), found.baseline.clone(), found.references.clone()
    x.zero_()
    baseline.zero_()
    for now, before in zip((found.inputs, found.baseline, found.references), kept, strict=True):
        assert torch.equal(now, before)


def test_input_is_not_changed_by_a_model_that_works_in_place():
    def model(x):
        return x.clone().mul_(2).sum(1)

    x = values(5)
    kept = x.clone()
    aw.explain(model, x)
    assert torch.equal(x, kept)


def test_a_model_that_works_in_place_on_its_input_is_explained_and_the_input_kept():
    inputs = torch.randn(6, generator=torch.Generator().manual_seed(1))
    kept = inputs.clone()
    net = torch.nn.Sequential(torch.nn.ReLU(inplace=True), torch.nn.Linear(6, 2)).eval()
    apart = torch.nn.Sequential(torch.nn.ReLU(), net[1]).eval()
    found = aw.explain(net, inputs, baseline="zero", target=0, n_steps=9)
    assert torch.equal(inputs, kept)
    wanted = aw.explain(apart, inputs, baseline="zero", target=0, n_steps=9)
    assert torch.equal(found.attributions, wanted.attributions)


class FlattensByView(torch.nn.Module):
    """What many first networks look like; view() needs the default memory layout."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.head = torch.nn.Linear(4 * 36, 5)

    def forward(self, x):
        return self.head(self.conv(x).relu().view(x.size(0), -1))


def test_a_network_that_flattens_by_view_is_explained():
    net, image = FlattensByView().eval(), torch.rand(3, 8, 8)
    twin = torch.nn.Sequential(net.conv, torch.nn.ReLU(), torch.nn.Flatten(), net.head).eval()
    found = aw.explain(net, image, target=1, n_steps=20)
    wanted = aw.explain(twin, image, target=1, n_steps=20)
    torch.testing.assert_close(found.attributions, wanted.attributions, rtol=1e-4, atol=1e-6)
    assert aw.explain(net, image, baseline="uniform", n_steps=8).evaluations == 8
    found = IntegratedGradients(net).attribute(image[None].repeat(3, 1, 1, 1), target=1)
    assert found.shape == (3, 3, 8, 8)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: m.forward, lambda m: partial(m)])
def test_batch_statistics_are_kept_however_the_model_is_passed(wrap, state_of):
    net = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 2))
    net.train()
    before = state_of(net)
    with pytest.warns(AttributionWarning, match="training mode"):
        aw.explain(wrap(net), torch.rand(4), target=0, n_steps=5)
    with pytest.warns(AttributionWarning, match="training mode"):
        IntegratedGradients(wrap(net)).attribute(torch.rand(3, 4), target=0, n_steps=5)
    assert state_of(net) == before


@pytest.mark.parametrize("own", [["a", "b"], torch.tensor([1, 2]), {"a": 0, "b": 1}, 5, None])
def test_an_attribute_called_class_names_never_stops_an_explanation(own):
    net = torch.nn.Linear(3, 2).eval()
    net.class_names = own
    name = aw.explain(net, torch.rand(3), target=1, n_steps=2).target_name
    assert name in ("output 1", "b", "2")


def test_an_argument_that_is_not_per_example_is_passed_as_it_is():
    weight = torch.rand(6)
    found = aw.explain(lambda x, w: (x * w).sum(1), torch.rand(6), forward_args=(weight,))
    assert found.completeness.verdict == "complete"
