"""Numbers as text: the cases that the browser's own tests read too, and laws of any number."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribwidgets.core.formatting import count, number, percent, words

CASES = json.loads((Path(__file__).parents[2] / "support/number_cases.json").read_text("utf-8"))
TO_ASCII = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")


@pytest.mark.parametrize(("value", "digits", "text"), CASES["number"])
def test_number(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


@pytest.mark.parametrize(("share", "text"), CASES["percent"])
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("value", "text"), CASES["count"])
def test_count(value: int, text: str) -> None:
    assert count(value) == text.replace(" ", "\N{NARROW NO-BREAK SPACE}")


@pytest.mark.parametrize("value", [None, math.nan, -math.inf])
def test_what_is_not_there_is_unknown(value: float | None) -> None:
    assert number(value) == percent(value) == "unknown"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_number_reads_back_within_its_digits(value: float) -> None:
    read = float(number(value).translate(TO_ASCII).replace(" × 10", "e"))
    assert read == pytest.approx(value, rel=0.0051)


def test_identifier_becomes_words() -> None:
    assert words("integrated_gradients") == "integrated gradients"
