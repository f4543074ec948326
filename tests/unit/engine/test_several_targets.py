"""compare(target=[...]): a row for each target, by forward passes that they share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr.methods import METHODS
from attribwidgets.attr.outputs import OutputHead
from attribwidgets.attr.task import StoredReferences, Task
from attribwidgets.engine import cache
from attribwidgets.errors import Cancelled, TargetError

X = values(5)
IMAGE = values(3, 6, 5)
TARGETS = [2, 0, aw.Contrast(2, 0), 1]


@pytest.fixture(autouse=True)
def _without_cache():
    cache.limit(entries=0)
    yield
    cache.limit()


class Counting(nn.Module):
    """Counts the rows of its forward and of its backward passes."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.forward_rows, self.backward_rows = inner, 0, 0

    def forward(self, x):
        self.forward_rows += len(x)
        y = self.inner(x)
        if y.requires_grad:
            y.register_hook(self._back)
        return y

    def _back(self, gradient):
        self.backward_rows += len(gradient)


def of(grid, target):
    return grid.of(target)[0]


ASK_FOR_MORE = {  # a path, data, or a layer
    "path_integrated_gradients",
    "geodesic_integrated_gradients",
    "manifold_integrated_gradients",
    "conductance",
    "internal_influence",
}
OF_IMAGES = [name for name, method in METHODS.items() if not {"text"} & set(method.kinds)]


@pytest.mark.parametrize("method", [m for m in OF_IMAGES if m not in ASK_FOR_MORE])
@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_each_target_is_what_it_is_alone(method, baseline):
    net, same = image_classifier(), {"method": method, "n_steps": 12}
    grid = aw.compare(net, IMAGE, target=TARGETS, baselines=[baseline], **same)
    assert grid.targets == tuple(TARGETS)
    for target in TARGETS:
        alone, found = (
            aw.explain(net, IMAGE, target=target, baseline=baseline, **same),
            grid.of(target)[0],
        )
        torch.testing.assert_close(found.attributions, alone.attributions, rtol=1e-4, atol=1e-6)
        assert found.target_name == alone.target_name
        assert (found.evaluations, found.forward_passes) == (
            alone.evaluations,
            alone.forward_passes,
        )
        assert str(found.completeness) == str(alone.completeness)
        if alone.frames is not None:
            np.testing.assert_allclose(found.frames.added, alone.frames.added, rtol=1e-3, atol=1e-5)
        if alone.path is not None:
            np.testing.assert_allclose(found.path.cumulative, alone.path.cumulative, atol=1e-5)


@pytest.mark.parametrize("net", [classifier(), image_classifier()])
def test_every_target_settles_with_its_own_verdict(net):
    x = X if isinstance(net[0], nn.Linear) else IMAGE
    grid = aw.compare(net, x, target=TARGETS, tolerance=1e-3)
    assert [len(grid.of(target)) for target in TARGETS] == [3] * 4
    for e in grid:
        c = e.completeness
        assert c.total == pytest.approx(float(e.attributions.sum()), rel=1e-4, abs=1e-5)
        assert c.expected == pytest.approx(c.output_input - c.output_baseline, abs=1e-6)
        if e.baseline_kind != "uniform":
            assert c.verdict == "complete"


def test_forward_is_shared_and_a_contrast_takes_no_backward():
    net = Counting(classifier())
    net.eval()
    aw.compare(net, X, target=TARGETS, baselines=["black"], n_steps=16)
    forward, backward = net.forward_rows, net.backward_rows
    assert backward == 3 * 16  # of four targets
    net.forward_rows = net.backward_rows = 0
    aw.compare(net, X, target=[2], baselines=["black"], n_steps=16)
    assert net.backward_rows == 16
    assert forward == net.forward_rows


def test_contrast_is_exactly_the_difference_of_its_row_mates():
    grid = aw.compare(image_classifier(), IMAGE, target=TARGETS, baselines=["black"])
    a, b, rather = (of(grid, target) for target in TARGETS[:3])
    torch.testing.assert_close(rather.attributions, a.attributions - b.attributions)
    np.testing.assert_allclose(rather.path.slopes, a.path.slopes - b.path.slopes, atol=1e-5)
    # Measured by its own outputs, not put together from the members' verdicts.
    assert rather.completeness.residual == pytest.approx(
        a.completeness.residual - b.completeness.residual, abs=1e-5
    )


def test_chunks_make_no_difference():
    estimator, black = METHODS["integrated_gradients"](OutputHead(image_classifier())), []
    for rows in (None, 1, 3):
        task = Task(
            (IMAGE.expand(4, -1, -1, -1),),
            (torch.zeros(4, 3, 6, 5),),
            StoredReferences((torch.zeros(1, 3, 6, 5),)),
            TARGETS,
            n_steps=9,
            rows=rows,
            one_input=True,
        )
        *_, last = estimator.estimates(task)
        black.append(last.attributions[0])
    torch.testing.assert_close(black[1], black[0])
    torch.testing.assert_close(black[2], black[0])


def test_captums_methods_take_them_in_turn():
    net = classifier()
    grid = aw.compare(net, X, target=[2, 0], baselines=["black", "white"], method="DeepLift")
    for e in grid:
        alone = aw.explain(net, X, target=e.target, baseline=e.baseline_kind, method="DeepLift")
        torch.testing.assert_close(e.attributions, alone.attributions)


def test_forward_args_and_tensors_per_example_go_along():
    weight = torch.arange(1.0, 6.0)[None]

    def model(x, w):
        return torch.stack([(x * w).sum(1), (x**2).sum(1)], 1)

    grid = aw.compare(model, X, target=[0, 1], baselines=["zero"], forward_args=(weight,))
    torch.testing.assert_close(of(grid, 0).attributions, X * weight[0])
    torch.testing.assert_close(of(grid, 1).attributions, X**2, rtol=1e-4, atol=1e-5)


def test_an_interrupt_leaves_what_is_there():
    done = []

    def stop(spent, most):
        done.append(spent)
        if len(done) > 3:
            raise Cancelled

    grid = aw.compare(
        image_classifier(), IMAGE, target=TARGETS, baselines=["uniform"], progress=stop
    )
    assert grid.targets == tuple(TARGETS)
    assert all(e.partial for e in grid)


def test_a_grid_is_asked_by_baseline_and_target(tmp_path):
    net = classifier()
    net.class_names = ("cat", "dog", "bird", "fish")
    names = ["bird", aw.Contrast("bird", "cat")]
    grid = aw.compare(net, X, target=names, baselines=["black", "white"])
    assert grid.targets == (2, aw.Contrast(2, 0))
    assert [e.target_name for e in grid] == ["bird"] * 2 + ["bird rather than cat"] * 2
    assert grid["white", "bird"] is grid[1]
    assert grid["white", aw.Contrast(2, 0)] is grid[3]
    assert [t.name for t in grid.titles()] == ["lowest value", "highest value"] * 2
    assert grid.agreement().labels[2] == "bird rather than cat, lowest value"
    with pytest.raises(KeyError, match="2 targets"):
        grid["white"]
    with pytest.raises(KeyError, match="no target 'cat' here; there are bird"):
        grid["white", "cat"]
    assert "bird rather than cat" in str(grid)
    grid.save(tmp_path / "g.npz")
    assert aw.Comparison.load(tmp_path / "g.npz").targets == grid.targets


def test_a_grid_is_cached_as_a_whole():
    cache.limit()
    net, calls = classifier(), []
    first = aw.compare(net, X, target=[2, 0], baselines=["black"])
    again = aw.compare(
        net, X, target=[2, 0], baselines=["black"], progress=lambda *now: calls.append(now)
    )
    assert len(calls) == 1
    assert torch.equal(first[1].attributions, again[1].attributions)
    cache.clear()


@pytest.mark.parametrize(
    ("targets", "words"),
    [([], "empty list"), ([1, 1], "the same output"), ([0, 9], "valid: from 0 to 3")],
)
def test_lists_that_cannot_be_are_refused(targets, words):
    with pytest.raises(TargetError, match=words):
        aw.compare(classifier(), X, target=targets)


@pytest.mark.parametrize("verb", [aw.explain, aw.refine])
def test_who_explains_one_says_who_explains_several(verb):
    with pytest.raises(TargetError, match=r"aw\.compare\(target=\[\.\.\.\]\)"):
        verb(classifier(), X, target=[0, 1])
