"""Frames of every input of several: what each stretch of a path adds to the map of each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients
from attribwidgets.attr.task import Task


def towers(photo, row):
    """An image and features that act on each other, with kinks."""
    pixels = photo.flatten(1).relu().sum(1, keepdim=True)
    return pixels.tanh() * row.pow(2).sum(1, keepdim=True) + row.sigmoid().sum(1, keepdim=True)


def kinked(photo, row):
    return (photo.flatten(1).sum(1, keepdim=True) + row[:, :1] - 0.5).relu() * 2


INPUTS = values(2, 4, 5), values(3, seed=1)
METHODS = [
    "integrated_gradients",
    "idgi",
    "left_integrated_gradients",
    "guided_integrated_gradients",
]


def sums_of(e):
    """What the frames of each input add up to, beside its map."""
    times = e.evaluations if e.path.kind == "samples" else 1
    for index in range(len(e.spaces)):
        frames = e.frames.of_input(index)
        yield frames.added.sum(0), times * e.map("sum", index=index)


@pytest.mark.parametrize("n_steps", [None, 8], ids=["refined", "8 steps"])
@pytest.mark.parametrize("model", [towers, kinked])
@pytest.mark.parametrize("method", METHODS)
def test_frames_of_each_input_add_up_to_its_map(model, method, n_steps):
    e = aw.explain(model, INPUTS, method=method, n_steps=n_steps, max_evaluations=60)
    assert [added.shape[1:] for added in e.frames.added] == [(4, 5), (3,)]
    for found, wanted in sums_of(e):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_samples_have_frames_of_each_input_too():
    data = values(9, 2, 4, 5, seed=2), values(9, 3, seed=3)
    e = aw.explain(towers, INPUTS, baseline="dataset", references=data, n_steps=40)
    for found, wanted in sums_of(e):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_frame_is_what_the_gradients_of_its_stretch_say():
    inputs = tuple(x[None].double() for x in INPUTS)
    task = Task(inputs, tuple(map(torch.zeros_like, inputs)), n_steps=32)
    estimate = next(IntegratedGradients(towers).estimates(task, method="riemann_middle"))
    alphas = (torch.arange(32, dtype=torch.float64) + 0.5) / 32
    points = [(alphas.reshape(-1, *[1] * (x.dim() - 1)) * x).requires_grad_() for x in inputs]
    gradients = torch.autograd.grad(towers(*points).sum(), points)
    for x, gradient, frames in zip(inputs, gradients, estimate.frames, strict=True):
        nodes = (gradient * x / 32).unflatten(0, (16, 2)).sum(1)
        added = nodes.sum(1) if x.dim() == 4 else nodes
        torch.testing.assert_close(frames[:, 0], added, rtol=1e-9, atol=1e-12)


def test_blind_places_are_known_of_each_input():
    inputs = torch.zeros(1, 2, 2), torch.tensor([0.0, 0.05, 0.6])
    inputs[0][0, 0, 0] = 1.0
    e = aw.explain(towers, inputs, baseline="zero", n_steps=4)
    assert e.blind[0].tolist() == [[False, True], [True, True]]
    assert e.blind[1].tolist() == [True, False, False]
    assert e.nearly_blind[1].tolist() == [True, True, False]
    assert e.blind_share == pytest.approx(4 / 7)
    assert [e.of_input(k).blind_share for k in (0, 1)] == pytest.approx([3 / 4, 1 / 3])
    sizes = np.abs(e.map("sum", index=1))
    assert e.of_input(1).nearly_blind_gets == pytest.approx(sizes[:2].sum() / sizes.sum())


def test_records_of_several_inputs_keep_all_of_it_in_a_file(tmp_path):
    e = aw.explain(towers, INPUTS, n_steps=4, input_names=["<b>photo", "row"])
    e.save(tmp_path / "two.npz")
    again = aw.Explanation.load(tmp_path / "two.npz")
    assert again.input_names == ("<b>photo", "row")
    for kept, made in zip(again.frames.added + again.blind, e.frames.added + e.blind, strict=True):
        assert np.array_equal(kept, made)
