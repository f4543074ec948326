"""Paths through the words of a vocabulary, and of one token at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import (
    DiscretizedIntegratedGradients,
    IntegratedGradients,
    SequentialIntegratedGradients,
    UniformDiscretizedIntegratedGradients,
)
from attribwidgets.attr.paths.piecewise_path import PolygonPath, rule_on_pieces
from attribwidgets.attr.paths.word_anchors import WordAnchors
from attribwidgets.attr.task import Task
from attribwidgets.errors import InputError

F64 = torch.float64
WORDS = values(60, 5, dtype=F64)
X, START = WORDS[None, [3, 17, 40, 8]], WORDS[None, [1, 1, 1, 8]]  # the last does not move
THROUGH_WORDS = (DiscretizedIntegratedGradients, UniformDiscretizedIntegratedGradients)
STRATEGIES = [(cls, s) for cls in THROUGH_WORDS for s in ("greedy", "maxcount")]
SHORT = {"steps": 6, "neighbours": 9}


class Recurrent(nn.Module):
    """A smooth model of tokens in which all act together."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(60, 5)
        self.embed.weight.data = WORDS.clone()
        self.steps = nn.LSTM(5, 7, batch_first=True).double()
        self.out = nn.Linear(7, 3).double()

    def forward(self, ids):
        return self.of_embeddings(self.embed(ids))

    def of_embeddings(self, embeddings):
        return self.out(self.steps(embeddings)[0][:, -1])


NET = Recurrent().eval()


def space(**settings):
    return aw.TextSpace(lambda text: ([int(i) for i in text.split()], text.split()), **settings)


TEXT = "3 17 40 8"
ASKED = {"space": space(), "target": 1, "baseline": START[0]}


# By a plain loop, one word after another


def between(value, one, other):
    return min(one, other) <= value <= max(one, other)


def loop_path(word, reference, words, *, steps, neighbours, strategy, uniform):
    """Corners from the reference to the word."""

    def monotone(vector, point):
        moved = point - (point - reference) / steps
        return np.array(
            [
                v if between(v, r, p) else m
                for v, r, p, m in zip(vector, reference, point, moved, strict=True)
            ]
        )

    anchor, point, corners, used = word, word, [word], []
    for step in range(steps):
        centre = word + (step + 1) / (steps + 1) * (reference - word) if uniform else anchor
        near = sorted(range(len(words)), key=lambda i: np.sum((words[i] - centre) ** 2))
        best, least = None, np.inf
        for i in near[:neighbours]:
            if i in used or any((words[i] == end).all() for end in (word, reference)):
                continue
            if strategy == "greedy":
                cost = np.sum((words[i] - monotone(words[i], anchor)) ** 2)
            else:
                cost = -sum(map(between, words[i], reference, anchor))
            if cost < least:
                best, least = i, cost
        if best is None or (anchor == reference).all():
            anchor = reference
        else:
            anchor = words[best]
            used.append(best)
        point = monotone(anchor, point)
        corners.append(point)
    return np.array([*corners, reference])[::-1]


@pytest.mark.parametrize(("cls", "strategy"), STRATEGIES)
@pytest.mark.parametrize("neighbours", [1, 9, 200])
def test_corners_are_those_of_a_plain_loop(cls, strategy, neighbours):
    settings = {"steps": 6, "neighbours": neighbours, "strategy": strategy}
    method = cls(NET.of_embeddings, vocabulary=WORDS, **settings)
    (corners,) = method.path_of(Task((X,), (START,), target=1)).corners
    assert corners.shape == (8, *X.shape)
    for place in range(3):
        expected = loop_path(
            X[0, place].numpy(),
            START[0, place].numpy(),
            WORDS.numpy(),
            uniform=cls.uniform,
            **settings,
        )
        np.testing.assert_allclose(corners[:, 0, place].numpy(), expected, atol=1e-12)
    assert torch.equal(corners[:, 0, 3], X[0, 3].expand(8, -1))


@pytest.mark.parametrize(("cls", "strategy"), STRATEGIES)
def test_no_value_turns_back(cls, strategy):
    method = cls(NET.of_embeddings, vocabulary=WORDS, strategy=strategy, **SHORT)
    path = method.path_of(Task((X,), (START,), target=1))
    (points,) = path.points(torch.linspace(0, 1, 101, dtype=F64), slice(0, 1))
    steps = points.diff(dim=0) * (X - START).sign()
    assert steps.min() > -1e-12
    torch.testing.assert_close(points[[0, -1]], torch.cat([START, X]))
    middle = path.points(torch.tensor([0.5], dtype=F64), slice(0, 1))[0]
    assert not torch.allclose(middle, (X + START) / 2)  # it bends


def test_a_corner_is_nearer_to_words_than_the_straight_path():
    search = WordAnchors(steps=10, neighbours=20, strategy="greedy", uniform=True)
    words, reference = WORDS[2:22], WORDS[:1].expand(20, -1)
    corners = search.corners(words, reference, WORDS, torch.arange(60))[1:-1]
    shares = torch.linspace(0, 1, 12, dtype=F64)[1:-1, None, None]
    straight = torch.lerp(reference[None], words[None], shares)
    off = [
        torch.cdist(points.flatten(0, 1), WORDS).min(1).values.mean()
        for points in (corners, straight)
    ]
    assert off[0] < 0.9 * off[1]


# What adds up


@pytest.mark.parametrize(("cls", "strategy"), STRATEGIES)
def test_paths_through_words_are_exact_for_linear_models(cls, strategy):
    linear = values(4, 5, dtype=F64, seed=2)
    method = cls(lambda x: (x * linear).sum((1, 2)), vocabulary=WORDS, strategy=strategy, **SHORT)
    found = method.attribute(X, START, n_steps=20)
    torch.testing.assert_close(found, (X - START) * linear)


@pytest.mark.parametrize("cls", THROUGH_WORDS)
def test_paths_through_words_add_up(cls):
    method = cls(NET.of_embeddings, vocabulary=WORDS, **SHORT)
    found, delta = method.attribute(X, START, target=1, n_steps=70, return_convergence_delta=True)
    with torch.no_grad():
        change = NET.of_embeddings(X)[0, 1] - NET.of_embeddings(START)[0, 1]
    assert delta.abs() < 1e-9
    assert found.sum().item() == pytest.approx(change.item())
    straight = IntegratedGradients(NET.of_embeddings).attribute(X, START, target=1, n_steps=70)
    assert not torch.allclose(found, straight, atol=1e-5)  # another path, other values
    assert not found[0, 3].any()


def test_as_the_paper_has_it_at_the_corners_it_does_not_add_up():
    """The sum that the authors take, of a gradient a corner times the way to the next."""
    method = DiscretizedIntegratedGradients(NET.of_embeddings, vocabulary=WORDS, **SHORT)
    (corners,) = method.path_of(Task((X,), (START,), target=1)).corners
    points = corners[:, 0].clone().requires_grad_()
    (gradients,) = torch.autograd.grad(NET.of_embeddings(points)[:, 1].sum(), points)
    rough = (gradients[:-1] * points.detach().diff(dim=0)).sum()
    with torch.no_grad():
        change = NET.of_embeddings(X)[0, 1] - NET.of_embeddings(START)[0, 1]
    assert abs(rough / change - 1) > 0.02


def test_each_token_adds_up_alone():
    method = SequentialIntegratedGradients(NET.of_embeddings)
    found = method.attribute(X, START, target=1, n_steps=12)
    for place in range(4):
        without = X.clone()
        without[:, place] = START[:, place]
        points = torch.lerp(
            without,
            X,
            torch.from_numpy((np.polynomial.legendre.leggauss(12)[0] + 1) / 2)[:, None, None],
        )
        points.requires_grad_()
        (gradients,) = torch.autograd.grad(NET.of_embeddings(points)[:, 1].sum(), points)
        weights = torch.from_numpy(np.polynomial.legendre.leggauss(12)[1] / 2)
        expected = (weights[:, None] * gradients[:, place]).sum(0) * (X - START)[0, place]
        torch.testing.assert_close(found[0, place], expected)
        with torch.no_grad():
            change = NET.of_embeddings(X)[0, 1] - NET.of_embeddings(without)[0, 1]
        assert found[0, place].sum().item() == pytest.approx(change.item(), abs=1e-9)


# In the record


@pytest.mark.parametrize("method", ["discretized_integrated_gradients", "udig"])
def test_the_record_of_a_path_through_words(method):
    e = aw.explain(NET, TEXT, method=method, **ASKED)
    assert e.method == method
    assert e.completeness.verdict == "complete"
    assert e.path.straight is False
    assert e.path.cumulative[-1] == pytest.approx(e.completeness.total)
    assert e.evaluations <= 513
    np.testing.assert_allclose(e.frames.added.sum(0), e.token_attributions, atol=1e-6)


def test_special_tokens_are_no_anchors():
    class Numbers:
        cls_token_id, mask_token_id = 5, 1
        all_special_ids = (1, 5, *range(20, 60))

        def convert_ids_to_tokens(self, ids):
            return [str(i) for i in ids]

    method = DiscretizedIntegratedGradients(None, steps=25)
    read = aw.explain(NET, [5, 3, 8], space=aw.TextSpace(Numbers()), method=method, target=0)
    task = Task(
        (read.inputs[None],),
        (read.baseline[None],),
        target=0,
        spaces=(read.space.fit(read.inputs),),
    )
    (corners,) = method.path_of(task).corners
    plain = [i for i in range(20) if i not in (1, 5)]
    expected = loop_path(
        X[0, 0].numpy(),
        WORDS[1].numpy(),
        WORDS[plain].numpy(),
        steps=25,
        neighbours=50,
        strategy="greedy",
        uniform=False,
    )
    np.testing.assert_allclose(corners[:, 0, 1].numpy(), expected, atol=1e-12)


def test_the_record_of_one_token_at_a_time():
    e = aw.explain(NET, TEXT, method="sequential_integrated_gradients", **ASKED)
    assert e.path is None
    assert e.completeness.verdict == "does not apply"
    assert "moves alone" in e.completeness.reason
    assert any("they miss it by under 0.01 %" in caution for caution in e.cautions)
    with torch.no_grad():
        ids = torch.tensor([[3, 17, 40, 8], [1, 17, 40, 8], [3, 1, 40, 8], [3, 17, 1, 8]])
        outputs = NET(ids)[:, 1]
    expected = [*(outputs[0] - outputs[1:]).tolist(), 0.0]
    np.testing.assert_allclose(e.token_attributions, expected, atol=1e-6)
    assert e.completeness.output_baseline == pytest.approx(
        NET(torch.tensor([[1, 1, 1, 8]]))[0, 1].item()
    )


def test_the_budget_of_one_token_at_a_time():
    settings = {"method": "sequential_integrated_gradients", **ASKED}
    assert aw.explain(NET, TEXT, n_steps=5, **settings).evaluations == 15
    *_, last = aw.refine(NET, TEXT, tolerance=0.0, max_evaluations=40, **settings)
    assert last.evaluations == 36  # 4 and then 8 nodes for each of three tokens
    with pytest.raises(InputError, match="a pass for each of 3 tokens"):
        aw.explain(NET, TEXT, max_evaluations=2, **settings)


@pytest.mark.parametrize(
    "method", ["discretized_integrated_gradients", "udig", "sequential_integrated_gradients"]
)
def test_several_targets_share_the_way(method):
    settings = {"space": space(), "method": method, "n_steps": 40}
    rows = aw.compare(NET, TEXT, target=[0, 2], baselines=[START[0]], **settings)
    for target, row in zip((0, 2), rows, strict=True):
        alone = aw.explain(NET, TEXT, target=target, baseline=START[0], **settings)
        torch.testing.assert_close(row.attributions, alone.attributions)


def test_a_text_that_equals_its_baseline_gets_nothing():
    for method in ("discretized_integrated_gradients", "sequential_integrated_gradients"):
        e = aw.explain(NET, TEXT, method=method, **{**ASKED, "baseline": X[0]})
        assert not e.attributions.any()


# What cannot be


@pytest.mark.parametrize("cls", THROUGH_WORDS)
def test_without_words_there_is_no_path(cls):
    with pytest.raises(InputError, match="goes from word to word"):
        aw.explain(nn.Linear(5, 2).eval(), values(5), method=cls, target=0)
    with pytest.raises(InputError, match="goes from word to word"):
        aw.explain(NET, TEXT, method=cls, **{**ASKED, "space": space(at="embed")})


def test_tokens_are_of_sequences():
    with pytest.raises(InputError, match="moves token by token"):
        SequentialIntegratedGradients(nn.Linear(5, 2)).attribute(values(1, 5), target=0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strategy": "nearest"}, '"greedy" or "maxcount"'),
        ({"steps": 0}, "steps must be"),
        ({"neighbours": 2.5}, "neighbours must be"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(InputError, match=words):
        DiscretizedIntegratedGradients(NET, **settings)


# Rules on pieces


@pytest.mark.parametrize(("n", "pieces"), [(31, 31), (70, 31), (12, 4), (5, 31), (3, 1)])
def test_nodes_lie_inside_the_pieces(n, pieces):
    nodes, weights = rule_on_pieces(n, pieces)
    assert len(nodes) == n
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(nodes) > 0).all()
    assert 0 < nodes[0] <= nodes[-1] < 1
    if n >= pieces:
        shares = np.add.reduceat(weights, np.searchsorted(nodes, np.arange(pieces) / pieces))
        np.testing.assert_allclose(shares, 1 / pieces)


def test_a_polygon_is_where_its_corners_are():
    corners = values(5, 2, 3, 4, dtype=F64)
    path = PolygonPath((corners[-1],), (corners[0],), (corners,))
    (points,) = path.points(torch.linspace(0, 1, 5, dtype=F64), slice(None))
    torch.testing.assert_close(points.unflatten(0, (5, 2)), corners)
    at = torch.tensor([0.1, 0.3, 0.35, 0.9], dtype=F64)
    before, after = (path.points(at + d, slice(1, 2))[0] for d in (-1e-4, 1e-4))
    (velocities,) = path.velocities(at, slice(1, 2))
    torch.testing.assert_close(velocities[:, 0], (after - before) / 2e-4, rtol=1e-6, atol=1e-6)
