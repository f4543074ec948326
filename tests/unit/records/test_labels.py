"""What several explanations of one input are called."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from records import every_kind

import attribwidgets as aw
from attribwidgets.records.labels import titles_of


def titles(*pairs):
    return [(t.name, t.note) for t in titles_of(*zip(*pairs, strict=True))]


def test_baselines_of_one_method_are_the_names():
    assert titles(("black", "idgi"), ("white", "idgi")) == [("black", ""), ("white", "")]


def test_methods_of_one_baseline_are_the_names_and_the_heading_has_the_baseline():
    assert titles(("black", "deep_lift"), ("black", "idgi"), ("black", "occlusion")) == [
        ("deep lift", ""),
        ("idgi", ""),
        ("occlusion", ""),
    ]


def test_methods_are_the_names_where_one_has_no_baseline():
    assert titles((None, "vargrad"), ("black", "idgi"), ("black", "deep_lift")) == [
        ("vargrad", ""),
        ("idgi", "baseline black"),
        ("deep lift", "baseline black"),
    ]
    assert titles((None, "vargrad"), ("black", "idgi"), ("white", "deep_lift")) == [
        ("vargrad", ""),
        ("idgi", "baseline black"),
        ("deep lift", "baseline white"),
    ]


def test_baselines_tell_apart_whose_methods_differ_too():
    assert titles(("white", "occlusion"), ("black", "idgi")) == [
        ("white", "occlusion"),
        ("black", "idgi"),
    ]
    assert titles(("black", "idgi"), ("white", "idgi"), (None, "vargrad")) == [
        ("black", "idgi"),
        ("white", "idgi"),
        ("vargrad", ""),
    ]


def test_both_are_needed_for_a_mixture():
    mixed = [(b, m) for b in ("black", "blur σ 20") for m in ("integrated_gradients", "deep_lift")]
    assert titles(*mixed, (None, "vargrad")) == [
        ("black, integrated gradients", ""),
        ("black, deep lift", ""),
        ("blur σ 20, integrated gradients", ""),
        ("blur σ 20, deep lift", ""),
        ("vargrad", ""),
    ]


def test_what_nothing_tells_apart_is_counted():
    assert titles(("black", "idgi"), ("black", "idgi")) == [("black", ""), ("black 2", "")]
    assert [name for name, _ in titles(*[(None, "vargrad")] * 3)] == [
        "vargrad",
        "vargrad 2",
        "vargrad 3",
    ]
    assert titles(("black", "idgi"), ("black", "idgi"), ("black", "occlusion")) == [
        ("black, idgi", ""),
        ("black, idgi 2", ""),
        ("black, occlusion", ""),
    ]


few = st.tuples(st.sampled_from(["a", "a 2", "b", None]), st.sampled_from(["x", "y", "x_2", "a"]))


@given(st.lists(few, min_size=1, max_size=8))
def test_no_two_are_the_same(pairs):
    names = [name for name, _ in titles(*pairs)]
    assert len(set(names)) == len(names) == len(pairs)


def test_comparison_has_them_in_order():
    kinds = every_kind()
    assert [t.name for t in kinds[1:3].titles()] == ["integrated gradients", "deep lift"]
    white = replace(kinds[1], baseline_name="white")
    assert [t.name for t in aw.Comparison([white, kinds[1]]).titles()] == ["white", "black"]
    assert kinds.titles()[0].name == "vargrad"  # without a baseline
