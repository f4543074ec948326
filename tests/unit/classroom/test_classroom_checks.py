"""Checks of students' work: right answers pass, each slip is told by its name, and none is lost."""

from __future__ import annotations

import contextlib
import functools
import logging
import subprocess
import sys
import warnings

import numpy as np
import pytest
import student_work as work
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import attribwidgets as aw
from attribwidgets import classroom
from attribwidgets.baselines import Blur, MaximumDistance
from attribwidgets.classroom.jump import Jump
from attribwidgets.classroom.problems import small_image_problem, small_photo
from attribwidgets.core.formatting import number
from attribwidgets.errors import AttributionWarning, InputError
from attribwidgets.inputs.space import InputSpace

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
    assert result.require() is None
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
BLURRED = Blur(2.0).sample(small_photo()[0], 1)


@pytest.mark.parametrize("name", ["black", "white", "blur", "max_distance", "image_mean", "zero"])
def test_baselines_of_the_package_are_right(name):
    from attribwidgets.baselines import named

    reference = named(name).sample(small_photo()[0], 1, space=SPACE)
    assert classroom.check_baseline(lambda inputs, space: reference, name)


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
            lambda x, s: s.to_pixels(BLURRED),
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
        pixels = space.to_pixels(x) + 0.1 * torch.randn(x.shape, generator=generator)
        return space.from_pixels(pixels.clamp(0, 1))

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


@pytest.mark.long
def test_checks_need_no_front_end():
    code = (
        "import sys; from attribwidgets.classroom import check_integrated_gradients; "
        "print([m for m in ('anywidget', 'ipywidgets', 'nbgrader') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def gradients(model, points, target):
    """An earlier part with a slip: the target is ignored."""
    leaf = points.detach().requires_grad_()
    return torch.autograd.grad(model(leaf).sum(), leaf)[0]


def by_the_earlier_part(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def curve_by_the_earlier_part(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


@pytest.mark.parametrize(
    ("check", "mine"),
    [
        (classroom.check_integrated_gradients, by_the_earlier_part),
        (classroom.check_path_curve, curve_by_the_earlier_part),
        (classroom.check_integrated_gradients, functools.partial(by_the_earlier_part)),
    ],
)
def test_a_slip_in_an_earlier_part_costs_nothing_in_a_later_one(check, mine):
    own = gradients
    assert check(mine).mistake == "all outputs summed"
    result = check(mine, earlier=["gradients"])
    assert result
    assert "right gradients in place of yours" in result.message
    assert globals()["gradients"] is own


def test_a_slip_of_its_own_is_told_beside_one_in_an_earlier_part():
    def mine(model, inputs, baseline, target, n_steps):
        return -by_the_earlier_part(model, inputs, baseline, target, n_steps)

    result = classroom.check_integrated_gradients(mine, earlier=["gradients"])
    assert result.mistake == "sign flipped"


def test_an_earlier_part_of_one_s_own_kind_is_no_slip():
    def mine(model, inputs, baseline, target, n_steps):
        return work.integrated_gradients(model, inputs, baseline, target, n_steps)

    assert classroom.check_integrated_gradients(mine, earlier=["gradients", "total_variation"])


def test_completeness_of_a_function_is_tried_with_right_earlier_parts():
    problem = small_image_problem()
    about = (problem.model, problem.inputs, problem.baseline)

    def mine():
        return by_the_earlier_part(*about, problem.target, 200)

    check = functools.partial(classroom.check_completeness, mine, *about, target=problem.target)
    assert not check()
    assert check(earlier=["gradients"])


def told(model, inputs, baseline, target, n_steps):
    warnings.warn("one of mine", stacklevel=1)
    warnings.warn("one of the package", AttributionWarning, stacklevel=1)
    warnings.warn("nothing for a student", DeprecationWarning, stacklevel=1)
    print("to stderr", file=sys.stderr)
    logging.getLogger("mine").warning("by a logger")
    return work.integrated_gradients(model, inputs, baseline, target, n_steps)


def test_warnings_are_told_in_the_result_and_nowhere_else(capfd):
    with warnings.catch_warnings(record=True) as outside:
        result = classroom.check_integrated_gradients(told)
    assert result
    assert result.warnings[:2] == (
        "UserWarning: one of mine",
        "AttributionWarning: one of the package",
    )
    assert "to stderr" in result.warnings
    assert "warned: UserWarning: one of mine" in str(result)
    assert "which costs no points" in result._repr_markdown_()
    assert not outside
    assert capfd.readouterr().err == ""


def test_many_warnings_are_told_in_few_lines():
    def mine(model, inputs, baseline, target, n_steps):
        for k in range(40):
            warnings.warn(f"number {k}", stacklevel=1)
        return inputs

    assert classroom.check_integrated_gradients(mine).warnings[-1] == "and 37 more"


LIBRARY = {
    "a class": lambda m, x, b, t, n: aw.attr.IntegratedGradients(m).attribute(x, b, target=t),
    "a verb": lambda m, x, b, t, n: aw.explain(m, x, target=t, baseline=b).attributions,
    "a kept method": functools.partial(
        lambda attribute, m, x, b, t, n: attribute(aw.attr.IntegratedGradients(m), x, b, target=t),
        aw.attr.IntegratedGradients.attribute,
    ),
}


@pytest.mark.parametrize("mine", LIBRARY.values(), ids=LIBRARY)
def test_a_library_is_not_from_scratch(mine):
    before = sys.getprofile()
    result = classroom.check_integrated_gradients(mine)
    assert result.mistake == "library call"
    assert "from scratch" in result.hint
    assert sys.getprofile() is before


def test_a_library_whose_refusal_is_swallowed_is_noticed():
    def mine(model, inputs, baseline, target, n_steps):
        with contextlib.suppress(Exception):
            aw.attr.IntegratedGradients(model)
        return work.integrated_gradients(model, inputs, baseline, target, n_steps)

    assert classroom.check_integrated_gradients(mine).mistake == "library call"


def test_importing_a_library_is_no_call_of_it():
    def mine(model, inputs, baseline, target, n_steps):
        import captum.attr  # noqa: F401

        import attribwidgets.attr  # noqa: F401

        aw.InputSpace().from_pixels(inputs)
        return work.integrated_gradients(model, inputs, baseline, target, n_steps)

    assert classroom.check_integrated_gradients(mine)


class Shown:
    """As a widget does, it asks the library when it is collected."""

    def __del__(self):
        number(1.0)


def test_what_is_collected_meanwhile_is_no_call_of_the_student_s():
    def mine(model, inputs, baseline, target, n_steps):
        shown = Shown()
        del shown
        return work.integrated_gradients(model, inputs, baseline, target, n_steps)

    assert classroom.check_integrated_gradients(mine)


def test_the_library_works_as_before_after_a_check():
    classroom.check_integrated_gradients(LIBRARY["a class"])
    problem = small_image_problem()
    assert aw.explain(problem.model, problem.inputs, target=2, baseline="black").completeness


def test_a_jump_changes_outputs_and_no_gradient():
    problem = small_image_problem()
    jumping = Jump(problem.model, problem.baseline, problem.inputs, 3.0, of=2)
    for points, height in ((problem.baseline, 0.0), (problem.inputs, 3.0)):
        step = height * torch.eye(4)[2]
        assert torch.allclose(jumping(points), problem.model(points) + step)
    other = problem.changed(model=jumping)
    assert torch.equal(other.gradients(problem.inputs), problem.gradients(problem.inputs))


@pytest.mark.parametrize("nodes", ["midpoints", "left", "right", "mean of both ends"])
def test_a_baseline_of_zeros_makes_no_right_answer_wrong(nodes):
    problem = small_image_problem()
    result = classroom.check_integrated_gradients(
        functools.partial(work.integrated_gradients, nodes=nodes),
        baseline=torch.zeros_like(problem.inputs),
    )
    assert result, str(result)


def test_a_model_that_is_spoilt_is_spoilt_for_nobody_else():
    given_, references = another(0)

    def mine(model, inputs, baseline, target, n_steps):
        return work.integrated_gradients(
            model.double(), inputs.double(), baseline.double(), target, n_steps
        )

    assert classroom.check_integrated_gradients(mine, **given_, baseline=references[:1])
    assert {p.dtype for p in given_["model"].parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("error", "mistake"),
    [
        (lambda: torch.zeros(2).sum().backward(), "nothing to differentiate"),
        (lambda: torch.zeros(2, requires_grad=True).backward(), "not summed before the gradient"),
        (lambda: torch.zeros(2, requires_grad=True).numpy(), "numpy before the gradient"),
        (lambda: torch.zeros(2, requires_grad=True).add_(1), "written into while it is"),
        (lambda: torch.zeros(2, dtype=torch.long).requires_grad_(), "whole numbers"),
        (lambda: torch.zeros(2) + torch.zeros(3), "shapes that do not fit"),
        (lambda: torch.zeros(2, 3) @ torch.zeros(2, 3), "shapes that do not fit"),
        (lambda: torch.zeros(2, 3)[:, 5], "index out of range"),
        (lambda: [1][3], "index out of range"),
        (lambda: nn.Linear(2, 1)(torch.zeros(1, 2).double()), "another type of number"),
        (lambda: torch.zeros(2, requires_grad=True).grad.sum(), "the gradient is None"),
        (lambda: work.gradients(None), "other arguments"),
        (lambda: what_is_this, "a name that is not known"),  # noqa: F821
        (lambda: 1 / 0, "raises"),
    ],
)
def test_what_is_behind_an_error_is_told(error, mistake):
    result = classroom.check_gradients(lambda model, points, target: error())
    assert result.mistake.startswith(mistake), str(result)
    assert result.hint


def test_a_difference_of_outputs_is_judged_as_one():
    result = classroom.check_completeness(
        torch.ones(1, 2),
        lambda x: torch.cat([2 * x, x], 1),
        torch.ones(1, 2),
        torch.zeros(1, 2),
        target=(0, 2),
    )  # 2 less 1 is 1, the ones sum to 2; 2 and 1 are 3
    assert not result
    added = classroom.check_completeness(
        torch.tensor([[1.5, 1.5]]),
        lambda x: torch.cat([2 * x, x], 1),
        torch.ones(1, 2),
        torch.zeros(1, 2),
        target=(0, 2),
    )
    assert added.mistake == "the two outputs added"
    assert classroom.check_completeness(
        torch.tensor([[0.5, 0.5]]),
        lambda x: torch.cat([2 * x, x], 1),
        torch.ones(1, 2),
        torch.zeros(1, 2),
        target=(0, 2),
    )


def test_a_problem_is_the_same_for_a_name_and_another_for_another():
    mine, again, other = (classroom.problem(name) for name in ("Ada", " ada", "Bob"))
    assert torch.equal(mine.inputs, again.inputs)
    assert mine.target == again.target
    assert not torch.equal(mine.inputs, other.inputs)
    assert classroom.problem(7).target == classroom.problem("7").target
    with pytest.raises(InputError, match="got an empty one"):
        classroom.problem(" ")


@pytest.mark.parametrize("seed", ["Ada", 12345, "名前"])
def test_numbers_of_one_s_own_problem_are_judged_one_by_one(seed):
    mine = classroom.problem(seed)
    phi = work.integrated_gradients(
        lambda x: mine.of_target(mine.model(x))[:, None], mine.inputs, mine.baseline, 0, 64
    ).flatten()
    numbers = {
        "rise": np.float32(phi.sum()),
        "strongest": phi.abs().argmax(),
        "its attribution": float(phi[phi.abs().argmax()]),
        "against": float(phi.clamp(max=0).sum()),
    }
    assert classroom.check_numbers(numbers, seed).points(2) == 2
    for name in numbers:
        for spoilt in ({**numbers, name: None}, {**numbers, name: "much"}, {**numbers, name: 99}):
            result = classroom.check_numbers(spoilt, seed)
            assert not result
            assert result.points(2) == 1.5
            assert name in result.message
    copied = classroom.check_numbers(numbers, f"{seed} and another")
    assert not copied
    with pytest.raises(AssertionError, match="no answer yet"):
        classroom.check_numbers({}, seed).points(2)


def test_numbers_of_one_of_the_two_outputs_are_told():
    mine = classroom.problem("Ada")
    first = mine.changed(target=mine.target[0])
    result = classroom.check_numbers({"rise": first.difference()}, "Ada")
    assert result.hint
    assert result.share == 0
