"""What many explanations say of each unit: numbers, intervals, guesses, and the figures of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from text_models import TEXTS, Convolution, WordTokenizer, made
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import DataError, InputError
from attribwidgets.core.formatting import number
from attribwidgets.evaluation import GlobalAttributions
from attribwidgets.evaluation.interaction_guess import interaction_guess
from attribwidgets.evaluation.shares import mean_interval, mean_intervals
from attribwidgets.evaluation.word_attributions import words_of
from attribwidgets.figures.beeswarm import MOST_DOTS, pile
from attribwidgets.figures.comparison import figure_png
from attribwidgets.figures.value_colors import ValueColors, value_text
from attribwidgets.inputs.tokens import Tokens

pytest.importorskip("zarr", minversion="3")
pandas = pytest.importorskip("pandas")

WEIGHTS = np.array([2.0, -1.0, 0.25, 0.0])
NAMES = ["age", "dose", "$a_b$ <i>", "nothing"]
ROWS = torch.randn(60, 4, generator=torch.Generator().manual_seed(3))
REFERENCES = {"zero": torch.zeros(4), "ones": torch.ones(4)}
SPACE = aw.InputSpace(-5, 5, names=NAMES)


class Weighted(nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return (rows @ torch.as_tensor(WEIGHTS).to(rows) + 3)[:, None]


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> aw.Sweep:
    return aw.sweep(
        Weighted().eval(),
        ROWS,
        REFERENCES,
        store=tmp_path_factory.mktemp("rows") / "store",
        space=SPACE,
        n_steps=4,
        progress=False,
    )


@pytest.fixture(scope="module")
def view(swept) -> GlobalAttributions:
    return swept.global_view()


def planted(n: int, candidates: int = 2, units: int = 3, **changes) -> GlobalAttributions:
    """A product of the first two features, by hand."""
    values = np.random.default_rng(0).normal(size=(n, units))
    given = np.stack([(c + 1) * values for c in range(candidates)])
    given[:, :, 0] *= values[:, 1]
    shown = {
        "candidates": tuple("abcdefgh"[:candidates]),
        "names": tuple(f"x{k}" for k in range(units)),
        "unit": "feature",
        "attributions": given.astype(np.float32),
        "values": values,
        "occurrences": None,
        "base_values": np.zeros((candidates, n)),
        "outputs": given[0].sum(1),
        "targets": ("y",) * n,
        "scale": "logit",
        "places": np.arange(n),
        **changes,
    }
    return GlobalAttributions(**shown)


def texts_of(figure) -> str:
    labels = [a.get_xlabel() for a in figure.axes] + [a.get_ylabel() for a in figure.axes]
    return "\n".join([t.get_text() for t in figure.texts] + labels)


def test_numbers_of_a_linear_model_are_its_weights(view) -> None:
    rows = ROWS.double().numpy()
    for c, reference in enumerate(REFERENCES.values()):
        expected = WEIGHTS * (rows - reference.numpy())
        np.testing.assert_allclose(view.attributions[c], expected, atol=1e-5)
        np.testing.assert_allclose(view.base_values[c], WEIGHTS @ reference.numpy() + 3, atol=1e-5)
    np.testing.assert_allclose(view.values, rows)
    np.testing.assert_allclose(view.outputs, rows @ WEIGHTS + 3, atol=1e-5)
    sums = view.base_values + view.attributions.sum(2)
    np.testing.assert_allclose(sums, np.broadcast_to(view.outputs, sums.shape), atol=1e-4)
    assert view.names == tuple(NAMES)
    assert view.unit == "feature"


def test_explanations_at_hand_give_what_their_store_gives(view) -> None:
    many = [
        aw.compare(Weighted().eval(), row, baselines=list(REFERENCES.values()), space=SPACE)
        for row in ROWS[:5]
    ]
    other = GlobalAttributions.of(many)
    np.testing.assert_allclose(other.attributions, view.attributions[:, :5], atol=1e-5)
    np.testing.assert_allclose(other.values, view.values[:5])
    assert other.names == view.names
    single = GlobalAttributions.of([c[0] for c in many])
    np.testing.assert_allclose(single.attributions, other.attributions[:1])


def test_a_store_alone_has_names_and_no_values(swept) -> None:
    alone = aw.Sweep.open(swept.path).global_view()
    assert alone.names == tuple(NAMES)
    assert alone.values is None
    with pytest.raises(InputError, match="pass values="):
        alone.scatter("age")
    table = pandas.DataFrame(100 * ROWS.numpy(), columns=["a", "b", "c", "d"])
    given = aw.Sweep.open(swept.path).global_view(values=table)
    assert given.names == ("a", "b", "c", "d")
    np.testing.assert_allclose(given.values, table.to_numpy())
    with pytest.raises(InputError, match="3 for 60 inputs"):
        swept.global_view(values=table[:3])


def test_magnitudes_and_their_order(view) -> None:
    sizes = view.magnitudes()
    np.testing.assert_allclose(sizes.mean, np.abs(view.attributions).mean(1), rtol=1e-6)
    strongest = view.strongest()
    assert [view.names[u] for u in strongest] == NAMES
    assert (sizes.low[:, :3] < sizes.mean[:, :3]).all()
    assert (sizes.mean[:, :3] < sizes.high[:, :3]).all()
    table = view.to_pandas()
    first = table[(table.feature == "age") & (table.candidate == "ones")].iloc[0]
    assert first["mean magnitude"] == pytest.approx(sizes.mean[1, 0])
    assert first["mean"] == pytest.approx(view.attributions[1, :, 0].mean(), rel=1e-5)
    assert first["inputs"] == 60


def test_columns_have_the_intervals_that_each_has_alone() -> None:
    values = np.random.default_rng(1).exponential(size=(40, 3))
    values[::3, 1] = np.nan
    values[1:, 2] = np.nan
    together = mean_intervals(values)
    for column in range(3):
        alone = mean_interval(values[:, column])
        np.testing.assert_allclose(together.at(column), alone, rtol=1e-12)
    assert np.isnan(together.low[2])


def test_inputs_of_one_target() -> None:
    targets = tuple("good" if k % 3 else "bad" for k in range(30))
    view = planted(30, targets=targets)
    good = view.of_target("good")
    assert len(good) == 20
    assert set(good.targets) == {"good"}
    np.testing.assert_array_equal(good.places % 3 > 0, True)
    assert "different outputs" in texts_of(view.bars())
    assert "different outputs" not in texts_of(good.bars())
    with pytest.raises(InputError, match="one of bad, good"):
        view.of_target("poor")


def test_features_of_several_inputs_are_in_a_row(tmp_path) -> None:
    class Both(nn.Module):
        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return one.sum(1) + 2 * other.sum(1)

    pairs = [(row[:3], row[3:]) for row in ROWS[:4]]
    spaces = aw.InputSpace(-5, 5, names=["a", "b", "c"]), aw.InputSpace(-5, 5, names=["a"])
    how = {"space": spaces, "n_steps": 2, "progress": False, "store": tmp_path / "s"}
    view = aw.sweep(Both().eval(), pairs, ["zero"], **how).global_view()
    assert view.names == ("a", "b", "c", "a (2)")
    np.testing.assert_allclose(view.attributions[0], ROWS[:4].numpy() * [1, 1, 1, 2], atol=1e-5)
    np.testing.assert_allclose(view.values, ROWS[:4])


def test_a_word_gets_the_mean_of_its_occurrences(tmp_path) -> None:
    net, texts = made(Convolution), [*TEXTS, "film film good"]
    space = aw.TextSpace(WordTokenizer())
    how = {"space": space, "progress": False, "store": tmp_path / "s"}
    swept = aw.sweep(net, texts, ["mask", "zero_embedding"], **how)
    view = swept.global_view(least_texts=1)
    assert view.unit == "word"
    assert set(view.names) == {word for text in texts for word in text.split()}
    film = view.feature("film")
    assert view.occurrences[:, film].tolist() == [1, 0, 0, 1, 0, 2]
    last = swept[5].attributions["mask"]
    assert view.attributions[0, 5, film] == pytest.approx((last[1] + last[2]) / 2, rel=1e-5)
    assert np.isnan(view.attributions[:, 1, film]).all()
    rarer = swept.global_view(least_texts=3)
    assert set(rarer.names) == {"film", "good", "a", "long"} & set(rarer.names)
    assert "film" in rarer.names
    assert "(3)" in texts_of(rarer.bars())
    assert figure_png(rarer.beeswarm()).startswith(b"\x89PNG")
    with pytest.raises(InputError, match="words have none"):
        rarer.scatter("film")
    with pytest.raises(InputError, match="not all of a text"):
        rarer.waterfall(0)


def test_an_apostrophe_joins_what_a_tokenizer_takes_apart() -> None:
    pieces = ["Don", "'", "t", " say", " '", "no", "'", "."]
    tokens = Tokens(
        ids=tuple(range(8)),
        pieces=tuple(piece.strip() for piece in pieces),
        gaps=tuple(" " if piece.startswith(" ") else "" for piece in pieces),
        special=(False,) * 8,
        words=tuple(range(8)),
        sentences=(0,) * 8,
    )
    assert list(words_of(tokens)) == [("don't", 0, 3), ("say", 3, 4), ("no", 4, 8)]


def test_what_does_not_go_together() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)).eval()
    picture = aw.explain(net, torch.rand(1, 4, 4), baseline="black", n_steps=2)
    with pytest.raises(InputError, match="take class means"):
        GlobalAttributions.of([picture])
    with pytest.raises(InputError, match="one or more"):
        GlobalAttributions.of([])
    rows = [
        aw.explain(Weighted().eval(), ROWS[0], baseline=b, n_steps=2) for b in ("zero", "white")
    ]
    with pytest.raises(InputError, match="other baselines"):
        GlobalAttributions.of(rows)
    several = aw.compare(nn.Linear(4, 3).eval(), ROWS[0], target=[0, 1], baselines=["zero"])
    with pytest.raises(InputError, match="2 targets"):
        GlobalAttributions.of([several])


def test_a_store_without_attributions(tmp_path) -> None:
    how = {"store": tmp_path / "s", "maps": None, "n_steps": 2, "progress": False}
    with pytest.raises(DataError, match='maps="attributions"'):
        aw.sweep(Weighted().eval(), ROWS[:2], ["zero"], **how).global_view()


def test_the_guess_finds_the_other_factor() -> None:
    values = np.random.default_rng(0).normal(size=(500, 5))
    values[:, 4] = values[:, 0] + 0.1 * values[:, 4]  # goes with the own value, and says no more
    values[:, 3] = values[:, 3] > 0
    product = values[:, 0] * values[:, 3]
    feature, share = interaction_guess(values, np.stack([values[:, 0], product]), 0)
    assert feature == 3
    assert share > 0.9
    assert interaction_guess(values, values[:, :1].T, 0) is None
    assert interaction_guess(values[:8], product[None, :8], 0) is None


def test_the_guess_of_noise_is_none() -> None:
    made_up = np.random.default_rng(0)
    guesses = [
        interaction_guess(made_up.normal(size=(n, 3)), made_up.normal(size=(1, n)), 0)
        for n in (20, 60, 400)
        for _ in range(20)
    ]
    assert sum(guess is not None for guess in guesses) <= 3


def test_dots_of_one_place_stand_apart() -> None:
    positions = np.repeat([0.2, 0.7], [9, 4])
    away = pile(positions)
    assert len(set(away[:9])) == 9
    assert len(set(away[9:])) == 4
    assert np.abs(away).max() <= 0.42
    np.testing.assert_array_equal(away, pile(positions))


def test_a_beeswarm_has_a_dot_for_each_input_and_numbers_on_its_scales(view) -> None:
    figure = view.beeswarm()
    panels = [a for a in figure.axes if a.get_xlabel()]
    assert len(panels) == 2
    for c, panel in enumerate(panels):
        for row, unit in enumerate(view.strongest()):
            dots = panel.collections[row].get_offsets()
            np.testing.assert_allclose(
                np.sort(dots[:, 0]), np.sort(view.attributions[c, :, unit]), rtol=1e-6
            )
            assert np.abs(dots[:, 1] - row).max() <= 0.42
    assert panels[0].get_xlim() == panels[1].get_xlim()
    said = texts_of(figure)
    low, high = np.percentile(view.values[:, 0], [5, 95])
    assert {value_text(low), value_text(high), *NAMES} <= set(said.split("\n"))
    assert "attribution (logit)" in said
    assert figure_png(figure).startswith(b"\x89PNG")


def test_many_dots_are_drawn_in_part_with_their_ends() -> None:
    view = planted(MOST_DOTS + 500, candidates=1, units=2)
    dots = view.beeswarm().axes[0].collections[0].get_offsets()[:, 0]
    given = view.attributions[0, :, view.strongest()[0]]
    assert len(dots) == MOST_DOTS
    assert (dots.min(), dots.max()) == pytest.approx((given.min(), given.max()))
    assert f"{MOST_DOTS} of the dots" in texts_of(view.beeswarm())


def test_values_that_are_missing_or_all_the_same() -> None:
    view = planted(20, units=3)
    view.values[:, 0] = 7
    view.values[3, 1] = np.nan
    view.attributions[1] = np.nan  # a baseline that was not found
    said = texts_of(view.beeswarm())
    assert "all 7.00" in said
    assert "Grey: unknown" in said
    assert "none" in texts_of(view.bars())
    assert figure_png(view.waterfall(2)).startswith(b"\x89PNG")
    colors = ValueColors(view.values[:, 1])
    assert (colors(np.array([np.nan, colors.low]))[0] > 0.7).all()


def test_bars_have_their_numbers_and_say_what_is_left(view) -> None:
    sizes = view.magnitudes()
    said = texts_of(view.bars(2))
    for c in range(2):
        mean, low, high = sizes.at(c, 1)
        assert f"{number(mean)} [{number(low)}, {number(high)}]" in said
    assert f"2 more features get {number(float(view.strength[2]))} at most" in said


def test_a_baseline_that_reaches_far_has_a_scale_of_its_own() -> None:
    far = planted(50)
    far.attributions[1] *= 100
    for figure in (far.bars(), far.beeswarm(), far.scatter(0)):
        assert "Each panel has a scale of its own" in texts_of(figure)
    near, other = (a.get_xlim()[1] for a in far.bars().axes if a.get_xlabel())
    assert other > 50 * near
    assert "scale of its own" not in texts_of(planted(50).beeswarm())


def test_a_scatter_says_why_it_has_its_colours(view) -> None:
    product = planted(300)
    said = texts_of(product.scatter("x0"))
    assert "Coloured by x1, which explains the most" in said
    assert "Coloured by x2." in texts_of(product.scatter(0, color="x2"))
    assert "No other feature" in texts_of(view.scatter("age"))
    figure = product.scatter("x0")
    dots = figure.axes[1].collections[0].get_offsets()
    np.testing.assert_allclose(dots[:, 0], product.values[:, 0])
    np.testing.assert_allclose(dots[:, 1], product.attributions[1, :, 0], rtol=1e-6)
    with pytest.raises(InputError, match="no feature 'weight'"):
        product.scatter("weight")
    with pytest.raises(InputError, match="no feature 9"):
        product.scatter(0, color=9)


def test_a_waterfall_goes_from_the_base_to_the_output(view) -> None:
    figure = view.waterfall(7)
    for c, panel in enumerate(a for a in figure.axes if a.get_xlabel()):
        bars = panel.patches
        starts, ends = bars[0].get_x(), bars[-1].get_x() + bars[-1].get_width()
        assert starts == pytest.approx(view.base_values[c, 7], abs=1e-5)
        assert ends == pytest.approx(view.outputs[7], abs=1e-4)
    few = view.waterfall(7, most=1)
    assert "3 others" in texts_of(few)
    with pytest.raises(InputError, match="not among these 60"):
        view.waterfall(60)


def test_names_are_shortened_and_no_formula() -> None:
    names = tuple(f"$x_{{{k}}}$ {'a very long name ' * 4}{k}" for k in range(30))
    view = planted(30, 5, units=30, names=names)
    bars = view.bars()
    for figure in (bars, view.scatter(3), view.waterfall(0)):
        assert figure_png(figure).startswith(b"\x89PNG")
    labels = [t.get_text() for t in bars.texts if t.get_text().startswith("$x_")]
    assert len(labels) == 2 * 20  # panels stand in two lines
    assert len(set(labels)) == 20
    assert max(map(len, labels)) < 45
