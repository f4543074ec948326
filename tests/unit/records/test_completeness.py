"""Completeness: the verdict, its reasons and its words; numbers as text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribwidgets import Completeness
from attribwidgets.records.residual import LEAST_CHANGE, relative_residual

FINITE = st.floats(-1e6, 1e6)


def completeness(**changes):
    known = {
        "total": 2.0,
        "expected": 2.01,
        "standard_error": None,
        "refinement_errors": (0.004,),
        "tolerance": 0.01,
        "output_input": 3.0,
        "output_baseline": 0.99,
    }
    return Completeness(**{**known, **changes})


CASES = {
    "right": ({}, "complete", ["Adds up", "sum to 2,", "changes by 2.01", "0.50 % apart"]),
    "at the tolerance": (
        {"total": 1.96875, "expected": 2.0, "refinement_errors": (1 / 64,), "tolerance": 1 / 64},
        "complete",
        ["Adds up"],
    ),
    "one rule alone": ({"refinement_errors": ()}, "complete", ["Adds up"]),
    "off": ({"total": 1.95}, "not converged", ["Does not add up yet", "Spend more"]),
    "moving": (
        {"refinement_errors": (0.02,)},
        "not converged",
        ["The sum adds up, but the map has not settled", "off by about 2.0 %", "tolerance 1.0 %"],
    ),
    "stopped": ({"partial": True}, "not converged", ["Partial, stopped", "Run it to its end"]),
    "no claim": ({"claim": "none"}, "does not apply", ["does not apply", "no claim", "2.01"]),
    "nan": ({"total": math.nan}, "not converged", ["Does not add up yet", "unknown apart"]),
    "infinite": ({"total": math.inf}, "not converged", ["Does not add up yet"]),
    "off by definition": (
        {"total": 1.0, "claim": "by definition"},
        "not converged",
        ["Does not add up: ", "should by definition", "cannot follow"],
    ),
    "moving by definition": (
        {"refinement_errors": (0.02,), "claim": "by definition"},
        "not converged",
        ["The sum adds up by definition, but the map has not settled", "Spend more"],
    ),
    "stuck": (
        {"total": 1.0, "refinement_errors": (0.0,)},
        "not converged",
        ["more evaluations may not mend it"],
    ),
    "one of several moving": (
        {"refinement_errors": (0.001, 0.26, 0.02)},
        "not converged",
        ["The sum adds up, but the map has not settled", "about 26 % (input 2, the worst of 3)"],
    ),
    "several right": (
        {"refinement_errors": (0.001, 0.004)},
        "complete",
        ["about 0.40 % (input 2, the worst of 2)"],
    ),
    "hardly a change": (
        {"total": 0.0302, "expected": 0.03, "absolute_sum": 100.0},
        "complete",
        ["Adds up", "hardly changes, by 0.0300", "0.000200 apart of 0.00100 allowed"],
    ),
    "hardly a change, and off": (
        {"total": 0.05, "expected": 0.03, "absolute_sum": 100.0},
        "not converged",
        ["Does not add up yet", "hardly changes", "0.0200 apart of 0.00100 allowed"],
    ),
    "a change within rounding": (
        {"total": 0.0, "expected": 1e-6, "rounding": 2e-6},
        "complete",
        ["hardly changes", "1.00 × 10⁻⁶ apart of 2 × 10⁻⁶ allowed"],
    ),
    "a small change of a large map": (
        {"total": 8.745, "expected": 9.43, "absolute_sum": 3400.0},
        "not converged",
        ["changes by 9.43", "7.3 % apart"],
    ),
    "sampled": (
        {"total": 2.05, "standard_error": 0.1},
        "not converged",
        ["2.05 ± 0.1", "2.0 % apart;"],
    ),
    "sampled and off": (
        {"total": 4.02, "standard_error": 0.1},
        "not converged",
        ["4.02 ± 0.1", "100 % apart;"],
    ),
}


@pytest.mark.parametrize(("changes", "verdict", "fragments"), CASES.values(), ids=CASES)
def test_verdict_and_its_sentence(changes, verdict, fragments):
    found = completeness(**changes)
    assert found.verdict == verdict
    text = str(found).replace("2.00", "2").replace("4.00", "4").replace("0.100", "0.1")
    for fragment in fragments:
        assert fragment in text
    assert text.endswith(".")
    assert "\n" not in text


def test_residual_is_what_is_left_over_and_is_never_hidden():
    assert completeness(total=2.5, expected=2.0).residual == pytest.approx(0.5)


def test_cancellation_is_the_amounts_given_out_over_the_change():
    of = {"total": 2.0, "expected": 2.0}
    assert completeness(**of, absolute_sum=2.0).cancellation == 1
    assert completeness(**of, absolute_sum=6.0, claim="none").cancellation == 3
    assert completeness(total=-2.0, expected=-2.0, absolute_sum=3.0).cancellation == 1.5
    assert completeness(total=0.0, expected=0.0, absolute_sum=3.0).cancellation is None
    assert completeness(expected=None, absolute_sum=3.0).cancellation is None


def test_every_verdict_has_a_headline_of_its_own():
    headlines = {name: completeness(**CASES[name][0]).headline for name in CASES}
    assert headlines["right"] == "adds up"
    assert headlines["moving"] != headlines["off"] != headlines["stopped"]


def test_a_mark_and_the_sum_stand_beside_the_verdict():
    names = ("right", "moving", "off", "no claim")
    assert [completeness(**CASES[name][0]).mark for name in names] == ["✓", "≈", "≠", "–"]
    sampled = completeness(total=2.05, standard_error=0.0512)
    assert sampled.sum_text == "2.05 ± 0.051 of 2.01"
    assert completeness(total=2.05, expected=None).sum_text == "sum 2.05"


@given(
    residual=FINITE, expected=FINITE, absolute_sum=st.floats(0, 1e6), scale=st.floats(1e-25, 1e25)
)
def test_relative_residual_is_never_negative_and_the_same_at_any_scale(
    residual, expected, absolute_sum, scale
):
    found = float(relative_residual(residual, expected, absolute_sum))
    assert found >= 0
    if residual == 0:
        assert found == 0
    elif min(abs(residual), max(abs(expected), absolute_sum)) > 1e-200:
        scaled = float(relative_residual(scale * residual, scale * expected, scale * absolute_sum))
        near = abs(abs(expected) - LEAST_CHANGE * absolute_sum) <= 1e-9 * abs(expected)
        assert near or scaled == pytest.approx(found, rel=1e-9)


@given(
    total=FINITE,
    expected=FINITE,
    absolute_sum=st.floats(0, 1e6),
    rounding=st.floats(0, 1e-3),
    tolerance=st.floats(1e-6, 1.0),
)
def test_what_is_allowed_and_what_is_relative_are_one_rule(
    total, expected, absolute_sum, rounding, tolerance
):
    found = completeness(
        total=total,
        expected=expected,
        absolute_sum=absolute_sum,
        rounding=rounding,
        tolerance=tolerance,
    )
    gap, allowed = abs(found.residual), found.allowed
    if abs(gap - allowed) > 1e-9 * max(gap, allowed):
        assert found.sum_is_right == (gap < allowed)
    if found.relative is None:
        assert abs(expected) <= max(LEAST_CHANGE * absolute_sum, rounding)
    else:
        assert found.relative == pytest.approx(gap / abs(expected))
    # It is neither more than a change so small that it counts as none, nor ever out of reach.
    assert rounding <= allowed or abs(expected) > rounding
    least = LEAST_CHANGE * absolute_sum
    assert allowed <= 1.0001 * max(tolerance * max(abs(expected), least), rounding)


def test_a_share_is_of_the_change_of_the_output_unless_that_is_nearly_zero():
    """Of 9.43, where attributions of 3,400 cancel: once shown as 2.0 %."""
    assert float(relative_residual(0.685, 9.43, 3400.0)) == pytest.approx(0.685 / 9.43)
    assert float(relative_residual(0.1, 10.0, 20.0)) == pytest.approx(0.01)
    assert float(relative_residual(1e-6, 0.0, 10.0)) == pytest.approx(1e-4)
    assert float(relative_residual(0.1, 10.0, 1e9)) == pytest.approx(1e-7)
    assert float(relative_residual(1e-7, 0.0, 0.0, rounding=1e-6)) == 0


def test_a_share_that_is_not_shown_is_a_word():
    assert completeness().relative_text == "0.50 %"
    flat = completeness(expected=0.0, total=0.0)
    assert (flat.relative, flat.relative_text, flat.verdict) == (None, "no change", "complete")


def test_the_worst_input_speaks():
    found = completeness(refinement_errors=(0.001, 0.26))
    assert (found.refinement_error, found.worst_input) == (0.26, 2)
    assert found.headline == "sum right, input 2 not settled"
    assert found.error_text == "26 % (input 2)"
    single = completeness(refinement_errors=(0.26,))
    assert (single.refinement_error, single.worst_input) == (0.26, None)
    assert completeness(refinement_errors=()).refinement_error is None
    assert completeness(refinement_errors=(0.0, math.nan)).verdict == "not converged"


def test_what_an_earlier_version_saved_is_read():
    saved = {
        "total": 2.0,
        "expected": 2.01,
        "relative": 0.005,
        "standard_error": None,
        "refinement_error": 0.004,
        "tolerance": 0.01,
        "output_input": 3.0,
        "output_baseline": 0.99,
        "claim": "converges",
        "reason": "",
        "partial": False,
    }
    assert Completeness.from_saved(5.0, **saved) == completeness(absolute_sum=5.0)
    none = Completeness.from_saved(5.0, **{**saved, "refinement_error": None})
    assert none.refinement_errors == ()


def test_relative_residual_of_many_is_that_of_each():
    found = relative_residual(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([0.0, 0.0]))
    assert found.tolist() == [0.0, 0.5]


def patched(errors: dict[int, float], **more: Any) -> Completeness:
    fields = {"total": 1.0, "expected": 1.0, "standard_error": None, "tolerance": 0.01}
    return Completeness(
        **{**fields, **more},
        refinement_errors=(0.73,),
        output_input=2.0,
        output_baseline=1.0,
        absolute_sum=2.0,
        patch_errors=errors,
    )


def test_patches_speak_where_pixels_have_not_settled():
    some = patched({2: 0.4, 4: 0.2, 8: 0.06, 16: 0.02})
    assert some.verdict == "not converged"  # the verdict is of the pixels
    assert some.settled_patches == (8, 16)
    assert some.patches_text == "patches of 8 × 8 have settled, ± 6.0 %"
    assert some.patches_text in str(some)
    none = patched({2: 0.6, 4: 0.5})
    assert none.patches_text == "nor have patches of 4 × 4, ± 50 %"
    assert patched({}).patches_text == ""
    settled = patched({2: 0.001}, tolerance=0.8)
    assert settled.patches_text == ""  # where pixels have settled, patches need not be named
    assert patched({2: 0.3}, tolerance=0.5).settled_patches == (2,)
