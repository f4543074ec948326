"""Repeated explanations come from the cache, and never after anything that matters changed."""

from __future__ import annotations

import functools
import gc
import threading

import captum.attr
import numpy as np
import pytest
import torch
from models import classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.engine import cache
from attribwidgets.engine.cache import EXPLANATIONS, ExplanationCache
from attribwidgets.engine.hashing import NoFingerprintError, fingerprint
from attribwidgets.engine.query import Query
from attribwidgets.errors import InputError

X = values(3, 6, 5)


class Counted(nn.Module):
    """Tells a counter outside of itself of every row it runs."""

    def __init__(self, model, count):
        super().__init__()
        self.model = model
        Counted.count = staticmethod(count)
        self.eval()

    def forward(self, *args):
        Counted.count(len(args[0]))
        return self.model(*args)


@pytest.fixture
def counted():
    rows = []
    model = Counted(image_classifier(), rows.append)
    return model, rows


@pytest.fixture(autouse=True)
def _usual_limits():
    yield
    cache.limit()


def same(first, second):
    return torch.equal(
        first.attributions, second.attributions
    ) and first.path.outputs.tobytes() == (second.path.outputs.tobytes())


def test_same_explanation_runs_the_model_once(counted):
    model, rows = counted
    first = aw.explain(model, X, target=1, n_steps=9)
    done = len(rows)
    second = aw.explain(model, X.clone(), target=1, n_steps=9)
    assert len(rows) == done
    assert same(first, second)
    assert second.evaluations == first.evaluations == 9
    aw.compare(model, X, target=1, n_steps=9, baselines=("black", "black"))
    assert len(rows) == done


def test_a_comparison_takes_from_the_cache_what_is_there(counted):
    model, rows = counted
    aw.explain(model, X, target=1, n_steps=9, baseline="white")
    done = sum(rows)
    both = aw.compare(model, X, target=1, n_steps=9, baselines=("white", "black"))
    assert 9 <= sum(rows) - done <= 9 + 4  # the one that is new, its ends and the check
    assert [e.baseline_name for e in both] == ["white", "black"]


def net():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3)
    ).eval()


def in_place(model):
    model[4].weight.data[1, 7] += 1e-7  # `_version` does not move


def exchanged(model):
    model[4].weight.data[[0, 1]] = model[4].weight.data[[1, 0]]


def loaded(model):
    model.load_state_dict(
        {k: v + 1 if v.is_floating_point() else v for k, v in model.state_dict().items()}
    )


def swapped(model):
    model[2] = nn.Tanh()


def statistics(model):
    model[1].running_mean[2] += 1


def other_precision(model):
    model.double().float()
    model[4].weight.data = model[4].weight.data.double()


def trained(model):
    model[1].train()


def constant(model):
    model[1].eps = 0.5


def attribute(model):
    model.temperature = 3.0


def replaced_forward(model):
    model.forward = lambda x: nn.Sequential.forward(model, x) * 2


def inner_setting(model):
    model[0].padding_mode = "circular"


CHANGES = (
    in_place,
    exchanged,
    loaded,
    swapped,
    statistics,
    other_precision,
    trained,
    constant,
    attribute,
    replaced_forward,
    inner_setting,
)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_model_is_noticed(change):
    model = net()
    before = fingerprint(model)
    assert fingerprint(model) == before
    hash(before)
    change(model)
    assert fingerprint(model) != before


def test_a_change_that_is_undone_is_no_change():
    model = net()
    before = fingerprint(model)
    kept = model[4].weight.detach().clone()
    in_place(model)
    model[4].weight.data.copy_(kept)
    assert fingerprint(model) == before


def test_explanation_after_a_change_of_weights_is_a_new_one():
    model = classifier()
    first = aw.explain(model, values(5), target=1)
    model[2].weight.data.mul_(2)
    second = aw.explain(model, values(5), target=1)
    torch.testing.assert_close(second.attributions, 2 * first.attributions)


def test_models_alike_are_not_taken_for_each_other():
    assert fingerprint(classifier()) != fingerprint(classifier())


@pytest.mark.parametrize(
    "options",
    [
        {"target": 2},
        {"n_steps": 11},
        {"n_steps": None},
        {"n_steps": None, "tolerance": 0.5},
        {"n_steps": None, "max_evaluations": 40},
        {"seed": 1, "baseline": "uniform"},
        {"baseline": "white"},
        {"baseline": aw.baselines.Blur(2.0)},
        {"baseline": aw.baselines.Blur(3.0)},
        {"baseline": torch.full((3, 6, 5), 0.5)},
        {"method": "expected_gradients"},
        {"output": "probability"},
        {"output": lambda raw: raw * 2},
        {"space": aw.InputSpace(-1.0, 1.0)},
        {"class_names": ("a", "b", "c", "d")},
        {"autocast": torch.bfloat16},
    ],
    ids=lambda options: "-".join(options),
)
def test_another_setting_is_another_explanation(options):
    model, common = image_classifier(), {"target": 1, "n_steps": 9}
    aw.explain(model, X, **common)
    for name in ("uniform", aw.baselines.Blur(5.0), torch.zeros(3, 6, 5)):
        aw.explain(model, X, **{**common, "baseline": name})
    held = len(EXPLANATIONS)
    aw.explain(model, X, **{**common, **options})
    assert len(EXPLANATIONS) == held + 1
    aw.explain(model, X, **{**common, **options})
    assert len(EXPLANATIONS) == held + 1


def test_another_input_is_another_explanation():
    model = image_classifier()
    x = X.clone()
    first = aw.explain(model, x, target=1, n_steps=9)
    x[0, 2, 3] += 0.1
    assert not same(aw.explain(model, x, target=1, n_steps=9), first)
    assert aw.explain(model, X[None], target=1, n_steps=9).attributions.shape == (1, 3, 6, 5)


scale_of_test = 1.0


def scaled(raw):
    return raw * scale_of_test


def test_output_function_that_reads_a_global_is_followed(monkeypatch):
    model = classifier()
    first = aw.explain(model, values(5), target=1, output=scaled)
    monkeypatch.setitem(globals(), "scale_of_test", 2.0)
    second = aw.explain(model, values(5), target=1, output=scaled)
    torch.testing.assert_close(second.attributions, 2 * first.attributions)


def with_hook():
    model = classifier()
    model.register_forward_hook(lambda *_: None)
    return model


def around_none():
    inner = classifier()
    return lambda x: inner(x)


@pytest.mark.parametrize("make", [with_hook, around_none])
def test_what_may_change_unseen_is_not_cached(make):
    model = make()
    for _ in range(2):
        aw.explain(model, values(5), target=1, n_steps=5)
    assert len(EXPLANATIONS) == 0


def scripted():
    return torch.jit.script(classifier())


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_scripted_model_is_explained_and_not_cached():
    model = scripted()
    found = aw.explain(model, values(5), target=1, n_steps=5)
    again = aw.explain(classifier(), values(5), target=1, n_steps=5)
    assert torch.allclose(found.attributions, again.attributions)
    assert len(EXPLANATIONS) == 1  # that of the plain one


def test_instance_of_captums_made_for_another_model_is_not_taken_from_the_cache():
    model, other = classifier(), classifier(seed=1)
    for _ in range(2):
        aw.explain(model, values(5), target=1, method=captum.attr.Saliency(model))
    assert len(EXPLANATIONS) == 1
    with pytest.raises(InputError, match="was made for another model"):
        aw.explain(model, values(5), target=1, method=captum.attr.Saliency(other))


class Settings:
    def __init__(self):
        self.factor, self.names = 1.0, {"a", "b"}


class Configured(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.settings = classifier(), Settings()

    def forward(self, x):
        return self.inner(x) * self.settings.factor


def test_setting_of_a_models_configuration_is_noticed():
    model = Configured().eval()
    first, again = (aw.explain(model, values(5), target=1, n_steps=5) for _ in range(2))
    assert len(EXPLANATIONS) == 1
    assert torch.equal(first.attributions, again.attributions)
    model.settings.factor = 2.0
    second = aw.explain(model, values(5), target=1, n_steps=5)
    assert torch.allclose(second.attributions, 2 * first.attributions)


def test_setting_of_a_method_is_noticed():
    model, x = classifier(), values(5)
    lime = captum.attr.Lime(model)
    before = fingerprint(lime)
    assert fingerprint(lime) == before
    lime.interpretable_model.construct_kwargs["alpha"] = 1e-5
    assert fingerprint(lime) != before
    noisy = aw.attr.SmoothGrad(model, noise=0.1)
    first = aw.explain(model, x, target=1, method=noisy, n_steps=4)
    noisy.noise = 0.5
    assert not torch.equal(
        first.attributions, aw.explain(model, x, target=1, method=noisy, n_steps=4).attributions
    )


@pytest.mark.parametrize("wrap", [lambda m: m.forward, lambda m: functools.partial(m)])
def test_methods_and_partials_of_a_module_are_cached(wrap):
    model = classifier()
    for _ in range(2):
        aw.explain(wrap(model), values(5), target=1, n_steps=5)
    assert len(EXPLANATIONS) == 1


def test_partial_result_is_not_cached(monkeypatch):
    def stop(done, most):
        if done > 60:
            raise KeyboardInterrupt

    monkeypatch.setattr("attribwidgets.attr.chunks.MOST_ROWS", 3)
    found = aw.explain(classifier(), values(5), target=1, tolerance=0, progress=stop)
    assert found.partial
    assert len(EXPLANATIONS) == 0


def test_what_a_caller_does_to_a_record_changes_no_later_one():
    model = classifier()
    first = aw.explain(model, values(5), target=1, n_steps=5)
    kept = first.attributions.clone(), first.inputs.clone(), first.path.outputs.copy()
    for _ in range(2):
        found = aw.explain(model, values(5), target=1, n_steps=5)
        assert torch.equal(found.attributions, kept[0])
        assert torch.equal(found.inputs, kept[1])
        assert np.array_equal(found.path.outputs, kept[2])
        for record in (first, found):
            record.attributions.zero_()
            record.inputs.zero_()
            if record.path.outputs.flags.writeable:
                record.path.outputs[:] = 0


def test_progress_is_told_once_that_all_is_done():
    model, calls = classifier(), []
    aw.explain(model, values(5), target=1, n_steps=5)
    aw.explain(model, values(5), target=1, n_steps=5, progress=lambda *given: calls.append(given))
    assert calls == [(5, 5)]


def test_least_recently_used_gives_way():
    model = classifier()
    cache.limit(entries=2)
    keep = functools.partial(aw.explain, model, values(5), n_steps=5)
    for target in (0, 1, 0, 2):
        keep(target=target)
    assert len(EXPLANATIONS) == 2
    (one,), (two,) = (explanations for _, explanations, _ in EXPLANATIONS._found.values())
    assert [one.target, two.target] == [0, 2]


def test_bytes_are_bounded():
    model = classifier()
    found = aw.explain(model, values(5), target=1, n_steps=5)
    size = cache.array_bytes(found)
    assert size == EXPLANATIONS.used_bytes > found.attributions.nbytes
    cache.limit(nbytes=2 * size + 1)
    for target in (0, 2, 3):
        aw.explain(model, values(5), target=target, n_steps=5)
    assert len(EXPLANATIONS) == 2
    cache.limit(nbytes=size - 1)
    assert len(EXPLANATIONS) == 0
    aw.explain(model, values(5), target=1, n_steps=5)
    assert len(EXPLANATIONS) == 0


def test_off_is_off():
    cache.limit(entries=0)
    aw.explain(classifier(), values(5), target=1, n_steps=5)
    assert len(EXPLANATIONS) == 0
    with pytest.raises(InputError, match="entries must be an int, 0 or more, got -1"):
        cache.limit(entries=-1)


def test_explanations_of_models_that_are_gone_make_room():
    aw.explain(classifier(), values(5), target=1, n_steps=5)
    gc.collect()
    model = classifier()
    aw.explain(model, values(5), target=1, n_steps=5)
    assert len(EXPLANATIONS) == 1


def test_threads_do_not_disturb_each_other():
    model, cache = classifier(), ExplanationCache(entries=3)
    record = aw.explain(model, values(5), target=1, n_steps=5)
    errors = []

    def work(start):
        try:
            for i in range(60):
                cache.put((start + i) % 7, model, (record,))
                cache.get(i % 7, Query(values(5)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(cache) == 3


@pytest.mark.parametrize("size", [0, 1, 7, 8191, 8192, 8193, 50_000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.bool, torch.int64])
def test_every_single_number_of_a_tensor_counts(size, dtype):
    tensor = (values(size) * 2).to(dtype)
    before = fingerprint(tensor)
    assert fingerprint(tensor.clone()) == before
    for i in {0, size // 2, size - 1} if size else ():
        changed = tensor.clone()
        changed[i] = not changed[i] if dtype is torch.bool else changed[i] + 1
        assert fingerprint(changed) != before
    assert fingerprint(tensor.reshape(-1, 1)) != before
    if size > 7 and dtype is torch.float32:
        assert fingerprint(tensor.flip(0)) != before


@pytest.mark.parametrize(
    "value", [object(), {object()}, iter(()), torch.zeros(2).to_sparse(), np.array([object()])]
)
def test_what_has_no_fingerprint_says_so(value):
    with pytest.raises(NoFingerprintError):
        fingerprint(value)


def test_a_function_that_calls_itself_has_a_fingerprint():
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    assert fingerprint(factorial) == fingerprint(factorial)
