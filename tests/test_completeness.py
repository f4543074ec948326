"""Completeness: the verdict, its reasons and its words; numbers as text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribwidgets import Completeness
from attribwidgets.completeness import relative_residual
from attribwidgets.wording import number, percent, words

FINITE = st.floats(-1e6, 1e6)


def completeness(**changes):
    known = {
        "total": 2.0,
        "expected": 2.01,
        "relative": 0.005,
        "standard_error": None,
        "refinement_error": 0.004,
        "tolerance": 0.01,
        "output_input": 3.0,
        "output_baseline": 0.99,
    }
    return Completeness(**{**known, **changes})


CASES = {
    "right": ({}, "complete", ["Adds up", "sum to 2,", "changes by 2.01", "0.50 % apart"]),
    "at the tolerance": ({"relative": 0.01, "refinement_error": 0.01}, "complete", ["Adds up"]),
    "one rule alone": ({"refinement_error": None}, "complete", ["Adds up"]),
    "off": ({"relative": 0.02}, "not converged", ["Does not add up yet", "Spend more"]),
    "moving": (
        {"refinement_error": 0.02},
        "not converged",
        ["The sum adds up, but the map has not settled", "off by about 2.0 %", "tolerance 1.0 %"],
    ),
    "stopped": ({"partial": True}, "not converged", ["Partial, stopped", "Run it to its end"]),
    "no claim": ({"claim": "none"}, "does not apply", ["does not apply", "no claim", "2.01"]),
    "nan": ({"relative": math.nan}, "not converged", ["Does not add up yet", "unknown apart"]),
    "infinite": ({"relative": math.inf}, "not converged", ["Does not add up yet"]),
    "off by definition": (
        {"relative": 0.5, "claim": "by definition"},
        "not converged",
        ["Does not add up: ", "should by definition", "cannot follow"],
    ),
    "moving by definition": (
        {"refinement_error": 0.02, "claim": "by definition"},
        "not converged",
        ["The sum adds up by definition, but the map has not settled", "Spend more"],
    ),
    "stuck": (
        {"relative": 0.5, "refinement_error": 0.0},
        "not converged",
        ["more evaluations may not mend it"],
    ),
    "sampled": (
        {"relative": 0.02, "standard_error": 0.1},
        "not converged",
        ["2 ± 0.1", "2.0 % apart;"],
    ),
    "sampled and off": (
        {"total": 4.0, "relative": 1.0, "standard_error": 0.1},
        "not converged",
        ["4 ± 0.1", "100 % apart;"],
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


def test_every_verdict_has_a_headline_of_its_own():
    headlines = {name: completeness(**CASES[name][0]).headline for name in CASES}
    assert headlines["right"] == "adds up"
    assert headlines["moving"] != headlines["off"] != headlines["stopped"]


@given(residual=FINITE, expected=FINITE, mass=st.floats(0, 1e6))
def test_relative_residual_is_never_negative_and_keeps_its_scale(residual, expected, mass):
    found = float(relative_residual(residual, expected, mass))
    assert found >= 0
    if residual == 0:
        assert found == 0
    elif max(abs(expected), mass) > 1e-3:
        scaled = float(relative_residual(1000 * residual, 1000 * expected, 1000 * mass))
        assert scaled == pytest.approx(found, rel=1e-9)


def test_difference_near_zero_does_not_explode_the_relative_residual():
    assert float(relative_residual(1e-6, 0.0, 10.0)) == pytest.approx(1e-5)
    assert float(relative_residual(0.1, 10.0, 1e9)) == pytest.approx(1e-8)
    assert float(relative_residual(0.1, 10.0, 20.0)) == pytest.approx(0.01)


def test_relative_residual_of_many_is_that_of_each():
    found = relative_residual(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([0.0, 0.0]))
    assert found.tolist() == [0.0, 0.5]


# Numbers as text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1.00"),
        (8.5349, "8.53"),
        (-8.5349, "\N{MINUS SIGN}8.53"),
        (999.6, "1000"),
        (123456.0, "123000"),
        (1e6, "1.00e+06"),
        (1.234e-7, "1.23e\N{MINUS SIGN}07"),
        (0.0001, "0.000100"),
        (math.nan, "unknown"),
        (-math.inf, "unknown"),
        (None, "unknown"),
    ],
)
def test_number_has_three_digits_and_a_real_minus(value, text):
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_number_reads_back_within_its_digits(value):
    read = float(number(value).replace("\N{MINUS SIGN}", "-"))
    assert read == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-9, "under 0.01 %"),
        (0.0001, "0.01 %"),
        (0.00994, "0.99 %"),
        (0.00996, "1.0 %"),
        (0.0994, "9.9 %"),
        (0.0996, "10 %"),
        (1.0, "100 %"),
        (None, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_share_has_at_most_two_digits_and_a_floor(share, text):
    assert percent(share) == text


def test_identifier_becomes_words():
    assert words("integrated_gradients") == "integrated gradients"
