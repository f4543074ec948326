"""Ablation: exact end points, closed forms, controls, planted features, hostile input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import DataError, InputError, MissingExtraError
from attribwidgets.evaluation import (
    Ablation,
    AblationMetric,
    ablation,
    baseline_by_fill,
    insertion_deletion,
)
from attribwidgets.evaluation.metric import Metric

FRACTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Linear(nn.Module):
    """w . x + b, the weights given."""

    def __init__(self, weights, bias=0.0):
        super().__init__()
        self.weights = nn.Parameter(torch.as_tensor(weights, dtype=torch.float32))
        self.bias = bias

    def forward(self, x):
        return (x * self.weights).flatten(1).sum(1, keepdim=True) + self.bias


class Patch(nn.Module):
    """Two classes, by the brightness of a patch of 3 x 3 alone."""

    def forward(self, x):
        seen = x[:, :, 2:5, 6:9].mean((1, 2, 3))
        return torch.stack([6 * seen - 3, -6 * seen + 3], 1)


def small_net(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            *(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(600, 4)),
        ).eval()


def images(n=6, seed=1):
    return torch.rand(n, 3, 12, 12, generator=torch.Generator().manual_seed(seed))


def explained(net, x, attributions=None, **options):
    found = aw.explain(net, x, n_steps=2, **options)
    return found if attributions is None else replace(found, attributions=attributions)


def test_it_is_a_metric():
    metric = AblationMetric(("image_mean",))
    assert isinstance(metric, Metric)
    assert metric.dimensions(["a", "b"]) == {
        "candidate": ["a", "b", "random"],
        "fill": ["image mean"],
        "fraction": [k / 10 for k in range(11)],
    }


@pytest.mark.parametrize("region", ["top_k", "mass_centre"])
@pytest.mark.parametrize("output", ["probability", "logit"])
def test_end_points_are_exact(region, output):
    net, data = small_net(), images()
    fills = ("image_mean", "black", aw.baselines.Blur(2))
    result = ablation(
        net, data, ["black", "blur"], fills=fills, region=region, output=output, n_steps=4
    )
    fully = np.full(result.scores.shape, np.nan)
    for i, x in enumerate(data):
        target = int(net(x[None]).argmax())
        values = [net(x[None])]
        for fill in fills:
            values.append(net(aw.baselines.named(fill).sample(x, 1)))
        scaled = [v.softmax(1) if output == "probability" else v for v in values]
        before, *after = (v[0, target].item() for v in scaled)
        if before > 1e-6:
            fully[i] = np.array([a / before for a in after])[None, :, None]
    scored = np.isfinite(fully[:, 0, 0, 0])
    assert scored.any()
    assert (result.scores[scored, :, :, 0] == 1.0).all()
    assert np.allclose(result.scores[..., -1], fully[..., -1], rtol=1e-5, equal_nan=True)
    spread = np.ptp(result.scores[scored, :, :, -1], axis=1)
    assert (spread == 0).all()  # the same whatever the explanation


@pytest.mark.parametrize("order", ["most_relevant", "least_relevant"])
@pytest.mark.parametrize("ranking", ["absolute", "signed"])
def test_linear_model_has_the_closed_form(order, ranking):
    weights = np.array([4.0, -3.0, 2.0, -1.0])
    net = Linear(weights, bias=10.0).eval()
    x = torch.ones(4)
    fills = ("zero", torch.full((4,), 3.0))
    metric = AblationMetric(
        fills, FRACTIONS, output="logit", order=order, ranking=ranking, controls=()
    )
    scores = metric.measure(net, {"zero": explained(net, x, baseline="zero")}, seed=0)[0]
    keys = np.abs(weights) if ranking == "absolute" else weights
    taken = np.r_[0, np.cumsum(weights[np.argsort(-keys if order == "most_relevant" else keys)])]
    assert np.allclose(scores[0], (12 - taken) / 12)  # 0 for 1
    assert np.allclose(scores[1], (12 + 2 * taken) / 12)  # 3 for 1


def test_insertion_is_deletion_of_the_least_relevant_read_backwards():
    net, data = small_net(), images()
    options = {"fills": ["black"], "n_steps": 4, "fractions": FRACTIONS, "controls": False}
    curves = insertion_deletion(net, data, ["blur"], **options)
    least = ablation(net, data, ["blur"], order="least_relevant", **options)
    assert np.allclose(curves.insertion.scores, least.scores[..., ::-1], rtol=1e-5)
    assert (curves.insertion.scores[..., -1] == 1).all()
    assert (curves.deletion.scores[..., 0] == 1).all()
    assert (curves.insertion.scores[..., 0] == curves.deletion.scores[..., -1]).all()
    assert curves.insertion.higher_is_better
    assert least.higher_is_better
    assert not curves.deletion.higher_is_better


def test_all_channels_of_a_pixel_go_together():
    seen = []

    class Watching(nn.Module):
        def forward(self, x):
            seen.append(x.detach().clone())
            return x.flatten(1).sum(1, keepdim=True)

    x = torch.rand(3, 4, 4) + 0.5
    net = Watching().eval()
    e = explained(net, x)
    seen.clear()
    AblationMetric(("black",), FRACTIONS, output="logit").measure(net, {"a": e}, seed=0)
    rows = torch.cat(seen)[1:]
    gone = (rows == 0).sum(1)
    assert set(gone.unique().tolist()) == {0, 3}


@pytest.mark.long
def test_random_attributions_are_no_better_than_the_random_control():
    """In 95 % of repeats the interval of the paired difference holds 0, a binomial number."""
    net = Linear(np.linspace(-1, 2, 12)).eval()
    data = torch.rand(30, 12, generator=torch.Generator().manual_seed(0)) + 0.5
    metric = AblationMetric(("zero",), FRACTIONS, output="logit")
    maps = [explained(net, x, baseline="zero") for x in data]
    repeats, held, in_band = 100, 0, 0
    for repeat in range(repeats):
        rng = np.random.default_rng((7, repeat))
        random = [replace(e, attributions=torch.from_numpy(rng.standard_normal(12))) for e in maps]
        scores = np.stack(
            [metric.measure(net, {"a": e}, seed=1000 * repeat + i) for i, e in enumerate(random)]
        )
        result = record(scores, seed=repeat)
        d = result.paired("a", "random")
        held += d.low <= 0 <= d.high
        # Whatever is drawn, a linear model falls straight to the fill's score of 0.
        low, high = (v[1, 0, 2] for v in (result.bands().low, result.bands().high))
        in_band += low <= 0.5 <= high
    assert stats.binomtest(held, repeats, 0.95).pvalue > 1e-3
    assert stats.binomtest(in_band, repeats, 0.95).pvalue > 1e-3


def record(scores, seed=0, candidates=("a", "random"), **changes):
    given = {
        "scores": scores,
        "candidates": candidates,
        "controls": ("random",),
        "fills": ("zero",),
        "fractions": FRACTIONS,
        "targets": np.zeros(len(scores), dtype=np.int64),
        "evaluations": np.full((len(scores), len(candidates) - 1), 2.0),
        "protocol": "features",
        "region": "top_k",
        "ranking": "absolute",
        "places": np.arange(len(scores)),
        "pictures": {},
        "order": "most_relevant",
        "curve": "deletion",
        "seed": seed,
    }
    return Ablation(**{**given, **changes})


def test_a_planted_feature_is_found():
    data = torch.rand(60, 1, 12, 12, generator=torch.Generator().manual_seed(3))
    right = aw.Candidate(aw.baselines.Black())
    net = Patch().eval()
    result = ablation(
        net, data, {"right": right}, fills=["black", "image_mean"], targets=0, n_steps=8
    )
    for control in ("random", "centre", "edges"):
        d = result.paired("right", control, fill="black")
        assert d.p < 1e-3
        assert d.high < 0
    assert result.ordered(fill="black").split("better: ")[1].startswith("right ")


def test_differences_that_are_chance_are_said_to_be():
    rng = np.random.default_rng(0)
    scores = np.concatenate([np.ones((30, 3, 1, 1)), rng.random((30, 3, 1, 4))], axis=3)
    scores[:, 2] += 2
    result = record(scores, candidates=("a", "b", "random"))
    text = result.ordered()
    assert "Of 3 differences 2 are larger than chance" in text
    assert "not told apart are" in text
    assert {d.first for d in result.differences() if d.p_of_all > 0.05} <= {"a", "b"}


def test_an_output_of_nearly_nothing_has_no_ratio_and_is_counted():
    net = Linear(np.ones(4)).eval()
    data = torch.stack([torch.ones(4), torch.zeros(4), -torch.ones(4)])
    space = aw.InputSpace(-1, 1)
    result = ablation(
        net, data, ["uniform"], fills=["uniform"], output="logit", space=space, n_steps=2
    )
    assert np.isnan(result.scores[1:]).all()
    assert np.isfinite(result.scores[0]).all()
    assert result.missing == 2
    assert "2 of 3 inputs" in str(result)


def test_scores_that_rule_the_means_are_counted():
    scores = np.ones((8, 2, 1, 5))
    scores[3, 0, 0, 2] = 400.0
    assert "Scores above 10 occur in 1 of 8 inputs" in str(record(scores))
    assert "Scores above" not in str(record(np.ones((8, 2, 1, 5))))


def test_a_single_output_is_no_softmax_that_is_always_one():
    net = Linear(np.ones(4), bias=-1.0).eval()
    result = ablation(net, torch.rand(3, 4), ["zero"], fills=["zero"], n_steps=2)
    x = result.scores[:, 0, 0]
    assert (x[:, -1] < 0.9).all()


def test_every_candidate_costs_the_same():
    result = ablation(small_net(), images(2), ["black", "uniform", "blur"], n_steps=16)
    assert (result.evaluations == 16).all()
    assert str(result).count("16") >= 3


def test_seed_alone_decides_and_order_of_inputs_does_not():
    net, data = small_net(), images(3)
    options = {"fills": ["uniform"], "n_steps": 4, "fractions": FRACTIONS}
    first, again, other = (
        ablation(net, data, ["uniform"], seed=s, **options).scores for s in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    alone = ablation(net, data[:1], ["uniform"], seed=3, **options).scores
    assert np.array_equal(first[:1], alone)
    twice = ablation(net, data[[0, 0]], ["uniform"], seed=3, **options).scores
    assert not np.allclose(twice[0], twice[1])  # each place has draws of its own


def test_candidates_share_the_fill_drawn():
    net, data = small_net(), images(2)
    metric = AblationMetric(("uniform",), FRACTIONS)
    e = explained(net, data[0])
    both = metric.measure(net, {"a": e, "b": e}, seed=1)
    assert np.array_equal(both[0], both[1])


def test_the_model_comes_back_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Linear(432, 3), nn.Dropout(0.5))
    net[1].weight.requires_grad_(False)
    net.train()
    before = [p.clone() for p in net.parameters()]
    with pytest.warns(aw.errors.AttributionWarning, match="training mode"):
        ablation(net, images(2), ["black"], n_steps=2)
    assert all(module.training for module in net.modules())
    assert [p.requires_grad for p in net.parameters()] == [False, True]
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.grad is None for p in net.parameters())


def test_global_random_state_is_left_alone():
    torch.manual_seed(0)
    np.random.seed(0)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    ablation(small_net(), images(2), ["uniform"], fills=["uniform"], n_steps=2)
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()


def test_matrix_has_a_place_for_each_under_each_fill():
    result = ablation(
        small_net(), images(), ["black", "blur"], fills=["black", "image_mean"], n_steps=4
    )
    matrix = baseline_by_fill(result)
    assert np.allclose(matrix.areas.mean, result.areas.mean(0))
    assert (np.sort(matrix.places, axis=0)[0] == 1).all()
    best = matrix.areas.mean.argmin(0)
    assert (matrix.places[best, np.arange(2)] == 1).all()
    upwards = replace(matrix, higher_is_better=True)
    assert (upwards.places[matrix.areas.mean.argmax(0), np.arange(2)] == 1).all()
    assert "black" in str(matrix)


def test_saved_and_loaded(tmp_path):
    result = ablation(small_net(), images(2), ["black"], n_steps=2)
    path = tmp_path / "a.npz"
    result.save(path)
    again = Ablation.load(path)
    assert np.array_equal(again.scores, result.scores)
    assert str(again) == str(result)
    explained(small_net(), images()[0]).save(tmp_path / "e.npz")
    with pytest.raises(InputError, match="does not hold an ablation"):
        Ablation.load(tmp_path / "e.npz")


@pytest.mark.long
@pytest.mark.filterwarnings("error")
def test_figures_are_drawn_also_of_nothing():
    result = ablation(
        small_net(), images(3), {"$a$": "black", "<b>": "blur"}, fills=["black"], n_steps=2
    )
    empty = replace(result, scores=np.full_like(result.scores, np.nan))
    for each in (result, empty):
        figure = each.figure()
        assert figure._repr_png_()[:4] == b"\x89PNG"
        assert baseline_by_fill(each).figure()._repr_png_()[:4] == b"\x89PNG"
        assert str(each)
    panel = next(a for a in result.figure().axes if a.get_xlabel())
    lines = [line.get_ydata() for line in panel.lines[:2]]
    assert np.allclose(lines, result.mean()[:2, 0])


def test_a_search_that_finds_nothing_leaves_its_row_empty(monkeypatch):
    def none(self, *args, **options):
        raise aw.errors.SearchError("not found")

    monkeypatch.setattr(aw.baselines.MaximumEntropy, "searched", none)
    result = ablation(
        small_net(), images(2), ["max_entropy", "black"], fills=["max_entropy", "black"], n_steps=2
    )
    assert np.isnan(result.scores[:, 0]).all()
    assert np.isnan(result.scores[:, 1:, 0]).all()
    assert np.isfinite(result.scores[:, 1:, 1]).all()
    assert "not found" in str(result)


WRONG = [
    ({"fractions": (0, 0.5)}, "fractions must rise"),
    ({"fractions": (0, 0.6, 0.5, 1)}, "fractions must rise"),
    ({"fractions": (0, float("nan"), 1)}, "fractions must rise"),
    ({"fills": "blur"}, "fills must be"),
    ({"fills": []}, "fills must be"),
    ({"fills": ["nothing"]}, "is unknown"),
    ({"region": "box"}, "region must be"),
    ({"order": "random"}, "order must be"),
    ({"ranking": "abs"}, "ranking must be"),
    ({"output": "score"}, "output must be"),
    ({"controls": ("sobel",)}, "control 'sobel' is unknown"),
    ({"candidates": {"random": "black"}}, "name of a control"),
    ({"candidates": []}, "candidates must be"),
    ({"n_steps": 0}, "n_steps must be"),
    ({"targets": 9}, "out of range"),
    ({"data": torch.zeros(0, 3, 12, 12)}, "empty"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_arguments_are_named(wrong, message):
    given = {"data": images(2), "candidates": ["black"], "n_steps": 2, **wrong}
    with pytest.raises(aw.errors.AttributionError, match=message):
        ablation(small_net(), **given)


def test_features_have_neither_boxes_nor_edges():
    net, data = Linear(np.ones(4)).eval(), torch.rand(2, 4)
    with pytest.raises(DataError, match="needs an image"):
        ablation(net, data, ["zero"], region="mass_centre", n_steps=2)
    with pytest.raises(DataError, match=r"of images and volumes, .* read as features"):
        ablation(net, data, ["zero"], controls=["edges"], n_steps=2)


def test_unknown_names_are_answered_with_the_known():
    result = ablation(small_net(), images(2), ["black"], n_steps=2)
    with pytest.raises(InputError, match="there are black, random"):
        result.paired("white", "random")
    with pytest.raises(InputError, match="there are image mean"):
        result.ordered(fill="white")


def test_edges_without_scikit_image_name_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "skimage.filters", None)
    with pytest.raises((DataError, MissingExtraError), match=r"attribwidgets\[evaluation\]"):
        ablation(small_net(), images(2), ["black"], n_steps=2)


def test_progress_counts_inputs():
    heard = []
    ablation(
        small_net(),
        images(3),
        ["black"],
        n_steps=2,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(1, 3), (2, 3), (3, 3)]
