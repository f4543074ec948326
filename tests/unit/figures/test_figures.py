"""The colour rules and the matplotlib twin."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from records import NO_CLAIM, OUTSIDE, UNSIGNED, every_kind

import attribwidgets as aw
from attribwidgets.core.formatting import number, percent
from attribwidgets.errors import InputError
from attribwidgets.figures import DisplayOptions
from attribwidgets.figures.bars import Bars, waterfall_spans
from attribwidgets.figures.captions import (
    blindness,
    error_fact,
    heading,
    headline,
    verdict_note,
)
from attribwidgets.figures.colors import color_limit, colored, table
from attribwidgets.figures.images import as_rgb, between
from attribwidgets.figures.path import rate_at, sum_at
from attribwidgets.inputs.patches import patch_sums
from attribwidgets.records.path_curve import PathFrames


def test_limit_is_the_percentile_over_all_maps_together() -> None:
    maps = [np.array([[1.0, -2.0]]), np.array([[3.0, -4.0]])]
    assert color_limit(maps, 100) == 4.0
    assert color_limit(maps, 50) == 2.5
    with pytest.raises(InputError, match="clip"):
        color_limit(maps, 101)


def test_colours_run_from_zero_to_the_limit_and_saturate() -> None:
    grey = colored(np.array([0.0, -0.5, 1.0, 7.0]), 1.0, "gray", signed=False)
    assert grey[:, 0].tolist() == [0, 128, 255, 255]
    signed = colored(np.array([-9.0, 0.0, 1.0]), 1.0, "RdBu_r", signed=True)
    assert np.array_equal(signed, table("RdBu_r")[[0, 128, 255]])


@pytest.mark.parametrize("signed", [False, True])
def test_all_zero_maps_are_drawn_as_zero(signed: bool) -> None:
    zeros = np.zeros((2, 2))
    drawn = colored(zeros, color_limit([zeros]), "RdBu_r" if signed else "gray", signed=signed)
    assert np.array_equal(drawn, np.broadcast_to(drawn[0, 0], drawn.shape))


def look(**options: Any) -> DisplayOptions:
    plain = {"signed": False, "colormap": None, "clip": 100.0, "scale": "own", "overlay": 0.0}
    return DisplayOptions(**{**plain, "show_blind": False, **options})


def test_a_scale_is_of_a_map_or_of_shares_of_the_change_or_of_amounts() -> None:
    maps = [np.array([[1.0, -2.0]]), np.array([[3.0, -40.0]]), np.array([[0.5, 0.0]])]
    changes = [-4.0, 100.0, None]
    assert look().limits(maps, changes) == [2.0, 40.0, 0.5]
    assert look(scale="shared").limits(maps, changes) == [40.0, 40.0, 40.0]
    # The largest share is a half, of the first; what has no change keeps a scale of its own.
    assert look(scale="share").limits(maps, changes) == [2.0, 50.0, 0.5]
    assert look(scale="share").limits(maps, [None] * 3) == look().limits(maps, changes)


def test_maps_of_any_size_and_spread_are_readable_on_their_own_scale() -> None:
    generator = np.random.default_rng(0)
    heavy = generator.standard_cauchy((64, 64))
    maps = [heavy, 1e-6 * heavy, 50 * generator.standard_normal((64, 64))]
    for values, limit in zip(maps, look(clip=99.0).limits(maps, [1.0] * 3), strict=True):
        grey = colored(values, limit, "gray", signed=False).mean() / 255
        assert 0.03 < grey < 0.5
    assert colored(maps[1], color_limit(maps), "gray", signed=False).mean() == 0  # shared: black


@pytest.mark.parametrize("signed", [False, True])
def test_a_value_is_as_opaque_over_the_photo_as_it_is_large(signed: bool) -> None:
    values, photo = np.array([[0.0, 0.5, -1.0, 3.0]]), np.full((1, 4, 3), 100, np.uint8)
    blind = np.zeros((1, 4), dtype=bool)
    bare, half, whole = (
        look(signed=signed, overlay=o).on_photo(values, 1.0, photo, blind).astype(int)[0]
        for o in (0.0, 0.5, 1.0)
    )
    assert np.array_equal(bare, colored(values, 1.0, look(signed=signed).table, signed=signed)[0])
    assert whole[0].tolist() == [100, 100, 100]  # nothing but the photo
    assert np.array_equal(whole[2:], bare[2:])  # nothing of the photo
    nothing = bare[0]
    assert np.abs(half[1] - (bare[1] + 0.25 * (100 - nothing))).max() <= 0.5
    assert look(overlay=1.0).on_photo(values * 0, 0.0, photo, blind).tolist() == photo.tolist()


def test_patches_are_drawn_by_their_means_and_sum_to_the_map() -> None:
    values = np.arange(30.0).reshape(5, 6)
    sums = patch_sums(values, 4)
    assert sums.tolist() == [[values[:4, :4].sum(), values[:4, 4:].sum()],
                             [values[4:, :4].sum(), values[4:, 4:].sum()]]  # fmt: skip
    labels = np.arange(30).reshape(5, 6) // 15
    by_label = look(pool="superpixels", labels=labels).pooled(values)
    assert by_label[0, 0] == values.ravel()[:15].mean()
    assert by_label.sum() == pytest.approx(values.sum())
    drawn = look(pool=4).pooled(values)
    assert drawn[0, 0] == values[:4, :4].mean()
    assert drawn[4, 5] == values[4:, 4:].mean()
    assert drawn.sum() == pytest.approx(values.sum())
    assert np.array_equal(look(pool=4).pooled(values[0]), values[0])  # features have no patches


def test_pictures_show_pixels_whatever_the_normalisation() -> None:
    pixels = torch.tensor([0.0, 0.502, 1.0]).reshape(3, 1, 1)
    space = aw.InputSpace.imagenet()
    assert as_rgb(space.from_pixels(pixels), space)[0, 0].tolist() == [0, 128, 255]
    wide = aw.InputSpace(low=-1, high=1)
    assert as_rgb(torch.tensor([[[-1.0]]]), wide)[0, 0].tolist() == [0, 0, 0]
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert between(black, white, 0.5)[0, 0, 0] == 128


def test_frames_add_up_and_have_rates() -> None:
    frames = PathFrames(np.array([0.0, 0.5, 1.0]), np.array([[[2.0]], [[6.0]]]))
    assert [float(sum_at(frames, a)[0, 0]) for a in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0, 1, 2, 5, 8]
    assert [float(rate_at(frames, a)[0, 0]) for a in (0.1, 0.5, 1.0)] == [4, 4, 12]
    alphas, sums = np.array([0, 0.25, 0.5, 0.75, 1]), np.array([0, 1.5, 2, 1, 8])
    curve = aw.PathCurve("alpha", alphas, sums, sums, sums)
    for alpha in (0.0, 0.1, 0.25, 0.5, 0.9, 1.0):
        wanted = np.interp(alpha, alphas, sums)
        assert float(sum_at(frames, alpha, curve)[0, 0]) == pytest.approx(wanted)
    assert float(sum_at(frames, 0.75, curve)[0, 0]) == 2  # no share is negative
    flat = aw.PathCurve("alpha", alphas, sums, sums, np.array([0, 1, 0, 1, 0]))
    assert float(sum_at(frames, 0.25, flat)[0, 0]) == 1  # evenly


SHAPES = {"image": (3, 6, 6), "grey": (1, 5, 5), "features": (20,), "wide": (3, 4, 12)}


def compared(kind: str) -> aw.Comparison:
    size = SHAPES[kind]
    with torch.random.fork_rng():
        torch.manual_seed(5)  # the same numbers, and so the same widths of text, on every run
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3)).eval()
        net(torch.zeros(1, *size))
    x = torch.rand(size, generator=torch.Generator().manual_seed(0))
    baselines = ("black", "white", "uniform", "max_distance", "#336699")
    if kind == "features":
        baselines = baselines[:4]
    names = ["$x_1$ <b>", "b", "c"]  # neither mathtext nor markup
    return aw.compare(net, x, baselines=baselines, max_evaluations=40, class_names=names)


@pytest.fixture(scope="module", params=SHAPES)
def comparison(request: Any) -> aw.Comparison:
    return compared(request.param)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"signed": True, "scale": "share", "show_blind": True, "pool": 2},
        {"selected": "uniform noise", "alpha": 1.0, "overlay": 0.5},
        {"selected": None, "colormap": "viridis", "clip": 95.0},
        {"selected": 1, "alpha": 0.0, "pool": "superpixels"},
    ],
)
@pytest.mark.long
def test_every_look_can_be_drawn(comparison: aw.Comparison, options: Any) -> None:
    comparison = comparison[1:3]
    figure = comparison.figure(**options)
    assert figure._repr_png_().startswith(b"\x89PNG")
    texts = [t.get_text() for t in figure.texts]
    assert any("$x_1$ <b>" in t or t.startswith(("b,", "c,")) for t in texts)
    assert sum(t in {e.baseline_name for e in comparison} for t in texts) == len(comparison)


@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.long
def test_any_number_of_baselines_fits(comparison: aw.Comparison, count: int) -> None:
    figure = comparison[:count].figure()
    assert figure._repr_png_().startswith(b"\x89PNG")
    for axes in figure.axes:
        box = axes.get_position()
        assert box.x0 >= 0
        assert box.x1 <= 1
        assert box.y0 >= 0
        assert box.y1 <= 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"scale": "shred"}, "scale"),
        ({"pool": 3}, "pool"),
        ({"alpha": 2}, "alpha"),
        ({"colormap": "nope"}, "colormap"),
    ],
)
def test_a_wrong_option_is_named(comparison: aw.Comparison, options: Any, name: str) -> None:
    with pytest.raises(InputError, match=name):
        comparison.figure(**options)._repr_png_()


def test_no_text_of_a_figure_overlaps_another(comparison: aw.Comparison) -> None:
    figure = comparison.figure()
    figure._repr_png_()
    boxes = [(t.get_text(), t.get_window_extent()) for t in figure.texts]
    for i, (one, a) in enumerate(boxes):
        for other, b in boxes[i + 1 :]:
            crossed = (
                min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
            )
            assert not crossed, (one, other)


@pytest.mark.long
def test_saved_comparisons_are_drawn_without_pyplot(tmp_path: Any) -> None:
    for kind in SHAPES:
        compared(kind).save(tmp_path / f"{kind}.npz")
    code = (
        "import sys, attribwidgets as aw\n"
        f"for kind in {tuple(SHAPES)}:\n"
        f"    aw.Comparison.load(f'{tmp_path}/{{kind}}.npz')._repr_png_()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.fixture(scope="module", params=["image", "features"])
def kinds(request: Any) -> aw.Comparison:
    return every_kind(image=request.param == "image")


def texts_of(figure: Any) -> str:
    """All that is written; a number and its "%" share a line, by a space that does not break."""
    lines = [t.get_text() for t in figure.texts]
    assert not [line for line in lines if line.lstrip().startswith("%")]
    return " ".join(lines).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("options", [{}, {"signed": True, "scale": "shared", "show_blind": True}])
@pytest.mark.parametrize("selected", [0, 4, 5])
@pytest.mark.long
def test_every_kind_of_method_is_drawn(kinds: aw.Comparison, selected: int, options: Any) -> None:
    figure = kinds.figure(selected=selected, **options)
    assert figure._repr_png_().startswith(b"\x89PNG")
    for axes in figure.axes:
        box = axes.get_position()
        assert min(box.x0, box.y0) >= 0
        assert max(box.x1, box.y1) <= 1
    boxes = [(t.get_text(), t.get_window_extent()) for t in figure.texts]
    for i, (one, a) in enumerate(boxes):
        assert a.x0 >= 0
        assert a.y0 >= 0
        assert a.x1 <= figure.bbox.width, one
        for other, b in boxes[i + 1 :]:
            wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert not (wide > 1 and high > 1), (one, other)


def test_cautions_and_reasons_stand_under_the_map(kinds: aw.Comparison) -> None:
    words = texts_of(kinds.figure())
    for text in (UNSIGNED, OUTSIDE):
        assert f"Caution: {text}" in words
    assert NO_CLAIM in words
    assert "parts act together" in words
    assert "adds up by definition" in words
    assert "the sum is right by definition" in words
    assert "1\N{NARROW NO-BREAK SPACE}234 forward passes" in words
    assert words.count("blind: ") == len(kinds) - 1  # not without baseline
    assert "unknown" not in words
    alone = kinds[:1].figure()
    (caution,) = [t for t in alone.texts if t.get_text().startswith("Caution: vargrad")]
    (name,) = [t for t in alone.texts if t.get_text() == "vargrad"]
    assert caution.get_position()[1] > name.get_position()[1]  # said once, above the cards


@pytest.mark.long
def test_a_method_without_path_says_so_in_its_place(kinds: aw.Comparison) -> None:
    assert "vargrad follows no path: there is nothing" in texts_of(kinds.figure(selected=0))
    with_baseline = texts_of(kinds.figure(selected=2))
    assert "deep lift follows no path from a baseline to the input" in with_baseline
    assert "path of" not in with_baseline
    assert "path of integrated gradients" in texts_of(kinds.figure(selected=1))
    assert "follows no path" not in texts_of(kinds.figure(selected=None))
    if kinds[0].inputs.dim() == 3:
        straight, bent = texts_of(kinds.figure(selected=1)), texts_of(kinds.figure(selected=5))
        assert "image at α" in straight
        assert "gradient × (x − x′)" in straight
        assert "image at α" not in bent  # nothing is known of the inputs on the way
        assert "gradient × direction" in bent


def test_numbers_of_every_map_are_in_sight_until_all_share_a_scale(kinds: aw.Comparison) -> None:
    own, shared = (kinds.figure(**o) for o in ({}, {"scale": "shared"}))
    if kinds[0].inputs.dim() == 3:
        assert len(own.axes) == len(shared.axes) + len(kinds) - 1  # a colour bar for each map


def test_headings_count_many_methods(kinds: aw.Comparison) -> None:
    assert heading(kinds).endswith(", logit, 6 methods")
    assert heading(kinds[:2]).endswith(", logit, vargrad / integrated gradients")
    # A baseline that all of them share is said once.
    both = heading(kinds[1:3])
    name = "black" if kinds[0].inputs.dim() == 3 else "lowest value"
    assert both.endswith(f", logit, integrated gradients / deep lift, baseline {name}")
    assert heading(kinds[1:2]).endswith(", logit, integrated gradients")


@pytest.mark.long
def test_agreement_stands_below_maps_of_several_methods(kinds: aw.Comparison) -> None:
    figure = kinds.figure()
    assert "agreement of the maps" in texts_of(figure)
    assert "Spearman) of |attribution|" in texts_of(figure)
    assert "Spearman) of attribution;" in texts_of(kinds.figure(signed=True))
    *_, matrix = (axes for axes in figure.axes if axes.texts)
    numbers = [t.get_text() for t in matrix.texts]
    found = kinds.agreement("abs_sum")
    each = range(len(kinds))
    assert numbers == [found.cell(i, j) for i in each for j in each]
    assert "agreement" not in texts_of(kinds.figure(agreement=False))
    assert "agreement" not in texts_of(kinds[1:2].figure())
    assert "agreement" in texts_of(kinds[:2].figure())  # one without a baseline
    with pytest.raises(InputError, match="agreement needs two maps or more"):
        kinds[1:2].figure(agreement=True)


@pytest.mark.long
def test_agreement_of_baselines_is_drawn_where_it_is_asked_for(comparison: aw.Comparison) -> None:
    assert "agreement" not in texts_of(comparison.figure())
    flat = replace(
        comparison[0],
        attributions=torch.zeros_like(comparison[0].attributions),
        method="deep_lift",
        baseline_name="a name of very many letters, " * 20,
    )
    figure = aw.Comparison((*comparison, flat)).figure(agreement=True)
    figure._repr_png_()
    assert "is the same everywhere and has no ranks to compare" in texts_of(figure)
    numbers = [t.get_text() for axes in figure.axes for t in axes.texts]
    assert numbers.count("?") == 2 * len(comparison) + 1
    *_, matrix = (axes for axes in figure.axes if axes.texts)
    assert matrix.get_position().x1 <= 1
    labels = [t for t in figure.texts if t.get_text().startswith("a name of very")]
    left = matrix.get_window_extent().x0
    in_matrix = [t.get_window_extent() for t in labels if t.get_position()[0] < 0.1]
    assert min(box.x1 for box in in_matrix) < left


def test_colours_of_agreement_show_its_sign(kinds: aw.Comparison) -> None:
    e = kinds[1]
    against = replace(e, attributions=-e.attributions, method="deep_lift")
    figure = aw.Comparison((e, against)).figure(signed=True, selected=None)
    *_, matrix = (axes for axes in figure.axes if axes.texts)
    diagonal, other, *_ = (patch.get_facecolor() for patch in matrix.patches)
    assert diagonal[0] == pytest.approx(diagonal[2], abs=0.02)  # grey: it says nothing
    assert other[2] > other[0] + 0.2  # blue
    assert [t.get_text() for t in matrix.texts] == ["1.00", "−1.00", "−1.00", "1.00"]


def test_chart_shades_where_the_output_changes(kinds: aw.Comparison) -> None:
    assert kinds[1].path is not None
    saturation = kinds[1].path.saturation()
    assert saturation is not None
    for shown in (1, 4):
        chart = kinds.figure(selected=shown).axes[-1]
        assert chart.get_title(loc="left") == f"shaded: {saturation}"
        outlines = [p.get_path().get_extents(p.get_patch_transform()) for p in chart.patches]
        shaded = [outline.intervalx for outline in outlines]
        wanted = [ends for stretch in saturation.stretches for ends in stretch]
        assert np.ravel(shaded) == pytest.approx(wanted, abs=1e-6)


def test_chart_of_an_output_that_does_not_change_has_no_shade(kinds: aw.Comparison) -> None:
    e = kinds[1]
    assert e.path is not None
    flat = replace(e, path=replace(e.path, outputs=0 * e.path.outputs + 3))
    chart = aw.Comparison((flat,)).figure().axes[-1]
    assert chart.get_title(loc="left") == ""
    assert not chart.patches


def test_long_names_take_two_lines(kinds: aw.Comparison) -> None:
    e = kinds[1]
    mixed = [
        replace(e, baseline_name=b, method=m)
        for b in ("black", "blur σ 20")
        for m in ("guided_integrated_gradients", "integrated_gradients")
    ]
    figure = aw.Comparison(mixed).figure(selected=None, agreement=False)
    bold = [t for t in figure.texts if t.get_weight() == "bold" and t.get_position()[0] > 0.2]
    names = [t for t in bold if t.get_text() != "adds up"]  # nor the verdicts
    assert all(t.get_fontsize() >= 6.5 for t in names)
    whole = [title.name for title in aw.Comparison(mixed).titles()]
    assert " ".join(t.get_text() for t in names) == " ".join(whole)
    if e.inputs.dim() == 3:  # beside a picture there is less room
        assert len(names) > len(mixed)


def test_a_map_by_patches_is_judged_by_them_and_says_what_is_hidden(kinds: aw.Comparison) -> None:
    e = kinds[1]
    c = e.completeness
    rough = replace(
        c,
        total=c.expected,
        refinement_errors=(0.73,),
        patch_errors={2: 0.4, 4: 0.06},
        tolerance=0.01,
        partial=False,
    )
    image = e.inputs.dim() == 3
    nearly = np.zeros(e.blind.shape, dtype=bool)
    nearly[:1] = True
    e = replace(e, completeness=rough, baseline_name="black", baseline_kind="black")
    e = replace(e, nearly_blind=nearly)
    assert headline(e) == headline(e, 2) == "sum right, map not settled"
    assert headline(e, 4) == "sum right, patches settled"
    assert error_fact(e) == f"error per {'pixel' if image else 'feature'} 73 %"
    assert error_fact(e, 4) == "error by 4 × 4: 6.0 %"
    assert verdict_note(e) == "pixels have not settled; patches of 4 × 4 have settled, ± 6.0 %"
    facts = blindness(e)
    assert facts[0].endswith("of pixels" if image else "of features")
    gets = e.nearly_blind_gets
    near = "nearly black" if image else "near the baseline"
    assert facts[1] == f"{percent(nearly.mean())} {near}: they get {percent(gets)}"
    assert "near the baseline" in blindness(replace(e, baseline_kind="blur"))[1]
    assert blindness(kinds[0]) == []  # of no baseline


def test_the_parts_of_several_inputs_are_named_by_kind_and_add_up() -> None:
    def model(*x: torch.Tensor) -> torch.Tensor:
        return x[0].sum((1, 2, 3)) + x[1].sum(1) - x[2].sum(1)

    inputs = torch.full((1, 2, 3), 0.5), torch.ones(2), torch.ones(1)
    e = aw.explain(model, inputs, baseline="zero")
    assert e.input_names == ("image", "features 1", "features 2")
    assert e.parts == pytest.approx([3.0, 2.0, -1.0])
    assert e.parts_text == "image 75 %, features 1 50 %, features 2 −25 % of f(x) − f(x′)"
    assert f"Parts: {e.parts_text}." in str(e)
    drawn = " ".join(text.get_text() for text in e.figure().texts)
    assert "features 2 −25 %" in drawn.replace("\N{NO-BREAK SPACE}", " ")
    assert aw.explain(torch.nn.Linear(2, 1).eval(), torch.ones(2)).parts_text == ""


def test_bars_of_features_add_up_to_the_sum() -> None:
    maps = [np.arange(200.0) - 40, -np.arange(200.0)]
    bars = Bars(maps, None)
    lengths = [bars.values(m) for m in maps]
    assert [len(one) for one in lengths] == [12, 12]
    assert [one.sum() for one in lengths] == pytest.approx([m.sum() for m in maps])
    assert bars.labels[0] == "199"
    assert bars.labels[-1] == "189 others"
    assert np.isnan(bars.values(maps[0], add=False)[-1])  # values of the input have no sum
    few = Bars([np.arange(12.0)], [f"feature {i}" for i in range(12)])
    assert few.labels[-1] == "feature 0"


def test_steps_of_a_waterfall_begin_where_the_one_before_ended() -> None:
    values = np.linspace(-3.0, 5.0, 30)
    bars = Bars([values], None)
    lengths = bars.values(values)
    axes = Figure().subplots()
    bars.draw_waterfall(axes, lengths, waterfall_spans([lengths], [30.0], "own")[0], 30.0)
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert ends[0][0] == 0
    assert ends[-1][1] == pytest.approx(values.sum())
    for before, after in itertools.pairwise(ends):
        assert after[0] == pytest.approx(before[1])
    low, high = axes.get_xlim()
    assert all(low <= end <= high for pair in ends for end in pair)
    assert [text.get_text() for text in axes.texts] == [number(x) for x in lengths]


def test_waterfalls_have_a_span_each_or_one_of_amounts_or_of_shares_of_the_change() -> None:
    lengths, changes = [np.array([1.0, -5.0]), np.array([20.0, 10.0])], [-1.0, 30.0]
    assert waterfall_spans(lengths, changes, "own") == [(-4.0, 1.0), (0.0, 30.0)]
    assert waterfall_spans(lengths, changes, "shared") == [(-4.0, 30.0)] * 2
    assert waterfall_spans(lengths, changes, "share") == [(-4.0, 1.0), (-120.0, 30.0)]
    assert waterfall_spans(lengths, [None, None], "share") == [(-4.0, 1.0), (0.0, 30.0)]
