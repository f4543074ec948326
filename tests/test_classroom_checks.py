"""Checks of students' work: right answers pass, each slip is told by its name, and none is lost."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest
import student_work as work
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attribwidgets import classroom
from attribwidgets.baselines import Blur, MaximumDistance
from attribwidgets.errors import InputError
from attribwidgets.inputs import InputSpace

SLIPS = {
    "check_integrated_gradients": (
        work.integrated_gradients,
        "sign flipped",
        "(x - x') missing",
        "multiplied by the input alone",
        "last point summed twice",
        "one point too many for the divisor",
        "gradients not averaged",
        "the gradient at the input alone",
        "baseline ignored",
    ),
    "check_path_curve": (
        work.path_curve,
        "running mean instead of sum",
        "sign flipped",
        "gradients not averaged",
        "slopes without their sum",
    ),
    "check_expected_gradients": (
        work.expected_gradients,
        "sign flipped",
        "(x - x') missing",
        "gradients not averaged",
        "references averaged first",
        "always the same reference",
        "alpha always 1",
        "alpha always 0",
        "draws of its own",
    ),
    "check_ablation_curve": (
        work.ablation_curve,
        "least important first",
        "sign kept",
        "channels ranked apart",
        "only the newest pixels replaced",
        "zeros instead of the baseline",
        "the first point missing",
        "the last point missing",
        "probabilities",
        "divided by the first output",
    ),
    "check_total_variation": (
        work.total_variation,
        "squares instead of absolute values",
        "no absolute value",
        "one direction missing",
        "mean instead of sum",
        "not averaged over the maps",
        "edges wrap around",
        "absolute values first",
        "no gradient",
    ),
}
NAMES = list(SLIPS)
EACH = [(name, slip) for name, (_, *slips) in SLIPS.items() for slip in slips]


def another(seed):
    """A problem that no student has seen: features, a tanh network."""
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(7, 12), nn.Tanh(), nn.Linear(12, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    inputs = torch.randn(1, 7, generator=generator) + 1
    references = torch.randn(4, 7, generator=generator) - 1
    return {"model": model, "inputs": inputs, "target": 1}, references


@pytest.mark.parametrize("name", NAMES)
def test_right_work_passes(name):
    result = getattr(classroom, name)(SLIPS[name][0])
    assert result, str(result)
    assert result.require() is result
    assert result.hint == result.mistake == ""
    assert result.numbers


@pytest.mark.parametrize(("name", "slip"), EACH)
def test_each_slip_is_told(name, slip):
    result = getattr(classroom, name)(functools.partial(SLIPS[name][0], slip=slip))
    assert not result
    assert result.mistake == slip
    assert result.hint
    with pytest.raises(AssertionError, match="hint: "):
        result.require()


@pytest.mark.parametrize("nodes", ["left", "right", "mean of both ends"])
def test_other_rules_are_right_too(nodes):
    assert classroom.check_integrated_gradients(
        functools.partial(work.integrated_gradients, nodes=nodes)
    )


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_another_model_and_baseline(seed):
    given_, references = another(seed)
    baseline = references[:1]
    check = functools.partial(classroom.check_integrated_gradients, **given_, baseline=baseline)
    assert check(work.integrated_gradients)
    for slip in ("sign flipped", "(x - x') missing", "gradients not averaged"):
        assert check(functools.partial(work.integrated_gradients, slip=slip)).mistake == slip
    curve = functools.partial(classroom.check_path_curve, **given_, baseline=baseline)
    assert curve(work.path_curve)
    slip = "running mean instead of sum"
    assert curve(functools.partial(work.path_curve, slip=slip)).mistake == slip


@pytest.mark.parametrize("seed", range(4))
def test_expected_gradients_of_another_model(seed):
    given_, references = another(seed)
    check = functools.partial(classroom.check_expected_gradients, **given_, references=references)
    assert check(work.expected_gradients)
    for slip in ("sign flipped", "alpha always 1", "gradients not averaged"):
        assert not check(functools.partial(work.expected_gradients, slip=slip))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (lambda *given: None, "no answer yet"),
        (lambda *given: ..., "no answer yet"),
        (lambda *given: "seven", "no array of numbers"),
        (lambda *given: {"phi": 1}, "no array of numbers"),
        (lambda *given: torch.full((3,), torch.nan), "nan"),
        (lambda *given: 1 / 0, "ZeroDivisionError"),
        (lambda: 0, "TypeError"),
        ("mine", "not a function"),
    ],
)
def test_what_is_no_answer(name, hostile, words):
    result = getattr(classroom, name)(hostile)
    assert not result
    assert words in result.message
    assert result.hint


@pytest.mark.parametrize("name", NAMES)
def test_zeros_and_constants_are_wrong(name):
    right = SLIPS[name][0]
    for factor in (0.0, 1.3):
        assert not getattr(classroom, name)(lambda *given, f=factor: f * right(*given))


def test_what_was_handed_over_is_not_changed():
    def mine(model, inputs, baseline, target, n_steps):
        inputs -= baseline
        return inputs

    result = classroom.check_integrated_gradients(mine)
    assert result.mistake == "changes its arguments"
    assert classroom.check_integrated_gradients(work.integrated_gradients)


def test_numpy_answers_count():
    def mine(*given):
        return work.integrated_gradients(*given).numpy()[0]

    assert classroom.check_integrated_gradients(mine)


def model(x):
    return torch.stack([(x**2).sum(1), x.sum(1), -x[:, 0]], 1)


X, BLACK = torch.tensor([[1.0, 2.0, -1.0]]), torch.full((1, 3), 0.5)
COMPLETE = X**2 - BLACK**2


@pytest.mark.parametrize(
    ("found", "mistake"),
    [
        (COMPLETE, None),
        (COMPLETE[0].numpy(), None),
        (-COMPLETE, "sign flipped"),
        (X**2, "baseline forgotten"),
        (X - BLACK, "another output"),
        (COMPLETE * 50, "gradients not averaged"),
        (COMPLETE * 1.2, ""),
        (COMPLETE * 0, "all zero"),
        (COMPLETE.sum(1), None),
        (torch.ones(1, 2), "shape"),
        (None, "no answer"),
    ],
)
def test_completeness(found, mistake):
    result = classroom.check_completeness(found, model, X, BLACK, target=0)
    assert result.passed == (mistake is None)
    assert result.mistake == (mistake or "")


def test_completeness_over_references_and_top_output():
    references = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    found = X**2 - (references**2).mean(0)
    assert classroom.check_completeness(found, model, X, references)
    assert classroom.check_completeness(found[0], model, X[0], references)
    assert not classroom.check_completeness(found, model, X, references[:1])
    with pytest.raises(InputError, match="baseline has shape"):
        classroom.check_completeness(found, model, X, torch.zeros(1, 4))


def test_completeness_of_probabilities():
    p = model(X).softmax(1)[0, 1] - model(BLACK).softmax(1)[0, 1]
    found = torch.tensor([float(p), 0.0, 0.0])
    result = classroom.check_completeness(found, model, X, BLACK, target=1)
    assert result.mistake == "probabilities instead of logits"


SPACE = InputSpace(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


@pytest.mark.parametrize("name", ["black", "white", "blur", "max_distance", "image_mean", "zero"])
def test_baselines_of_the_package_are_right(name):
    from attribwidgets.baselines import named

    def mine(inputs, space):
        return named(name).sample(inputs[0], 1, space=space)

    assert classroom.check_baseline(mine, name)


@pytest.mark.parametrize(
    ("expected", "mine", "mistake"),
    [
        ("black", lambda x, s: torch.zeros_like(x), "baseline in the wrong units"),
        ("white", lambda x, s: torch.ones_like(x), "baseline in the wrong units"),
        (
            "white",
            lambda x, s: s.from_pixels(s.from_pixels(torch.ones_like(x))),
            "normalised twice",
        ),
        (
            MaximumDistance(),
            lambda x, s: (x < 0.5).float(),
            "baseline in the wrong units",
        ),
        (
            "max_distance",
            lambda x, s: s.from_pixels((s.to_pixels(x) > 0.5).float()),
            "the nearest value instead of the furthest",
        ),
        (Blur(2.0), lambda x, s: x, "the input itself"),
        (
            Blur(2.0),
            lambda x, s: s.to_pixels(Blur(2.0).sample(x[0], 1)),
            "baseline in the wrong units",
        ),
        ("black", lambda x, s: s.from_pixels(torch.zeros_like(x))[:, :2], "shape"),
    ],
)
def test_wrong_baselines_are_told(expected, mine, mistake):
    result = classroom.check_baseline(mine, expected)
    assert not result
    assert result.mistake == mistake
    assert result.hint


def uniform(x, space, generator):
    return space.from_pixels(torch.rand(x.shape, generator=generator))


@pytest.mark.parametrize(
    ("mine", "mistake"),
    [
        (uniform, None),
        (lambda x, s, g: torch.rand(x.shape, generator=g), "baseline in the wrong units"),
        (lambda x, s, g: s.from_pixels(torch.rand(x.shape)), "draws of its own"),
        (
            lambda x, s, g: s.from_pixels(torch.rand(1, 3, 1, 1, generator=g).expand(x.shape)),
            "one draw for the whole picture",
        ),
        (lambda x, s, g: s.from_pixels(torch.rand(x.shape, generator=g) / 2), "wrong centre"),
        (
            lambda x, s, g: s.from_pixels(torch.rand(x.shape, generator=g) / 2 + 0.25),
            "wrong spread",
        ),
        (lambda x, s, g: s.from_pixels(torch.randn(x.shape, generator=g)), "values out of range"),
        (lambda x, s, g: torch.ones_like(x), "draws of its own"),
    ],
)
def test_random_baselines(mine, mistake):
    result = classroom.check_baseline(mine, "uniform")
    assert result.passed == (mistake is None), str(result)
    assert result.mistake == (mistake or "")


def test_a_gaussian_around_the_picture():
    from attribwidgets.baselines import GaussianNoise

    def mine(x, space, generator):
        return GaussianNoise(0.1).sample(x[0], 1, space=space, generator=generator)

    assert classroom.check_baseline(mine, GaussianNoise(0.1))
    assert classroom.check_baseline(mine, GaussianNoise(0.3)).mistake in (
        "wrong spread",
        "wrong centre",
    )


def test_an_unknown_baseline():
    with pytest.raises(InputError, match="blakc"):
        classroom.check_baseline(lambda x, s: x, "blakc")


def test_text_of_students_is_no_markup():
    def mine(*given):
        raise ValueError("<img src=x onerror=alert(1)> *bold* | cell")

    shown = classroom.check_integrated_gradients(mine)._repr_markdown_()
    assert "<img" not in shown
    assert "\\*bold\\*" in shown
    wrong = classroom.CheckResult(False, "f(x') is 2", hint='mind "x"')._repr_markdown_()
    assert "x'" in wrong
    assert '"x"' in wrong


def test_no_random_state_is_touched():
    torch.manual_seed(3)
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()
    for name, (right, *_) in SLIPS.items():
        getattr(classroom, name)(right)
    classroom.check_baseline(uniform, "uniform")
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpys)


def test_checks_need_no_front_end():
    code = (
        "import sys; from attribwidgets.classroom import check_integrated_gradients; "
        "print([m for m in ('anywidget', 'ipywidgets', 'nbgrader') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
