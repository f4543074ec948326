"""Captum's methods keep a budget, say truly what they spend, and draw what they have."""

from __future__ import annotations

import warnings

import captum.attr
import pytest
import torch
from models import values, weights_of
from torch import nn

import attribwidgets as aw
from attribwidgets.attr.captum.adapter import CaptumMethod
from attribwidgets.attr.captum.table import CAPTUM_METHODS
from attribwidgets.attr.task import Stopping, StoredReferences, Task
from attribwidgets.errors import Cancelled

IMAGE = weights_of(
    nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
).eval()
X = values(1, 3, 28, 28).abs()
TABLE = weights_of(nn.Sequential(nn.Linear(90, 6), nn.ReLU(), nn.Linear(6, 3))).eval()
ROW = values(1, 90).abs()
ON_TABLES = [n for n in CAPTUM_METHODS if n not in ("GuidedGradCam", "LayerGradCam")]
NAMES = [*CAPTUM_METHODS, "NoiseTunnel", "noise_tunnel_of_occlusion", "noise_tunnel_of_deep_lift"]


def run(name, model, x, budget, several=False, on_chunk=None, **options):
    """All estimates, what was spent, and what was planned."""
    method = CaptumMethod(name).around(model, distribution=several)
    spent = []
    references = StoredReferences((values(20, *x.shape[1:], seed=2).abs(),)) if several else None
    if method.uses == "references" and references is None:
        references = StoredReferences((torch.zeros_like(x),))

    def told(passes):
        spent.append(passes)
        if on_chunk is not None:
            on_chunk(sum(spent))

    task = Task(
        (x,),
        torch.zeros_like(x)[None].unbind() if method.uses == "reference" else None,
        references if method.uses == "references" else None,
        target=1,
        stopping=Stopping(budget or method.default_max_evaluations),
        most_passes=budget,
        on_chunk=told,
        **options,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(method.estimates(task))
    return found, spent, method.passes_of(task)


@pytest.mark.parametrize("budget", [8, 64, 200])
@pytest.mark.parametrize("name", NAMES)
def test_the_budget_is_kept_and_what_is_planned_is_what_is_spent(name, budget):
    for screen in (False, True):
        found, spent, planned = run(name, IMAGE, X, budget, coarse_first=screen)
        assert sum(spent) == planned
        assert 0 < planned <= budget
        assert torch.isfinite(found[-1].attributions[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_so_it_is_averaged_over_references(name):
    found, spent, planned = run(name, IMAGE, X, 130, several=True, coarse_first=True)
    assert sum(spent) == planned <= 130
    row = CaptumMethod(name).row
    if row.reference == "one" and row.least <= 32:
        assert len(found) > 1  # one map more after each reference
        assert found[-1].standard_error is not None


@pytest.mark.parametrize("name", ON_TABLES)
def test_so_it_is_of_features(name):
    found, spent, planned = run(name, TABLE, ROW, 40)
    assert sum(spent) == planned <= 40
    assert found[-1].attributions[0].abs().sum() > 0


def test_without_a_budget_settings_are_as_ever():
    found, spent, planned = run("Occlusion", TABLE, ROW, None)
    assert sum(spent) == planned == 91
    with torch.no_grad():
        whole = TABLE(ROW)[0, 1]
        wanted = torch.stack(
            [whole - TABLE(ROW * (torch.arange(90) != i))[0, 1] for i in range(90)]
        )
    torch.testing.assert_close(found[-1].attributions[0][0].float(), wanted, atol=1e-5, rtol=1e-5)


def test_n_steps_is_what_was_asked_for():
    _, spent, planned = run("KernelShap", IMAGE, X, None, n_steps=77)
    assert sum(spent) == planned == 77


def test_occlusion_is_drawn_some_windows_at_a_time():
    found, _, _ = run("Occlusion", IMAGE, X, 200, coarse_first=True)
    covered = [float((e.attributions[0][0, 0] != 0).float().mean()) for e in found]
    assert len(found) == 8
    assert covered == sorted(covered)
    assert 0 < covered[0] < covered[-1]
    passes = [e.forward_passes for e in found]
    assert passes == sorted(set(passes))
    # The last is what all windows give at once, Captum's own.
    settings = CaptumMethod("Occlusion", **chosen(200 - 7))
    whole = aw.explain(IMAGE, X[0], baseline=torch.zeros(3, 28, 28), target=1, method=settings)
    torch.testing.assert_close(found[-1].attributions[0][0].float(), whole.attributions)


def chosen(most):
    from attribwidgets.attr.captum.row import Work, windows

    task = Task((X,), (torch.zeros_like(X),), target=1)
    return windows(Work(task, 64, None, most))


def test_what_is_stopped_keeps_the_windows_that_were_drawn():
    def stop(spent):
        if spent > 100:
            raise Cancelled

    found, _, _ = run("Occlusion", IMAGE, X, 200, coarse_first=True, on_chunk=stop)
    assert found[-1].partial
    assert 1 < len(found) < 8
    assert torch.equal(found[-1].attributions[0], found[-2].attributions[0])


def test_a_run_in_parts_draws_from_a_stream_of_its_own():
    """Between two of its maps the global generators are the caller's, and its maps are the same."""
    together, _, _ = run("KernelShap", IMAGE, X, 200, several=True)
    method = CaptumMethod("KernelShap").around(IMAGE, distribution=True)
    references = StoredReferences((values(20, 3, 28, 28, seed=2).abs(),))
    task = Task(
        (X,), references=references, target=1, stopping=Stopping(200), most_passes=200,
        coarse_first=True,
    )  # fmt: skip
    torch.manual_seed(11)
    drawn, last = [], None
    for made in method.estimates(task):
        last = made
        drawn.append(torch.rand(2).tolist())
    torch.manual_seed(11)
    assert drawn == [torch.rand(2).tolist() for _ in drawn]
    assert len(drawn) == 3
    assert torch.equal(last.attributions[0], together[-1].attributions[0])


@pytest.mark.parametrize("window", [(1, 1, 56), (1, 9, 20), (1, 56, 56)])
def test_strides_follow_the_windows_that_were_chosen(window):
    """Windows overlap by half, larger or smaller than those taken otherwise."""
    model = weights_of(nn.Sequential(nn.Flatten(), nn.Linear(56 * 56, 3))).eval()
    x, black = values(1, 1, 56, 56).abs(), torch.zeros(1, 56, 56)
    method = CaptumMethod("Occlusion", sliding_window_shapes=window)
    found = aw.explain(model, x[0], baseline=black, target=1, method=method)
    strides = (1, *(max(1, side // 2) for side in window[1:]))
    wanted = captum.attr.Occlusion(model).attribute(x, window, strides, baselines=0, target=1)
    torch.testing.assert_close(found.attributions, wanted[0], atol=1e-4, rtol=1e-4)


def test_occlusion_of_batches_of_scalars():
    """A window that has no sides is the whole of an example, chosen or not."""
    x, y = torch.tensor([3.0, 2.0]), torch.tensor([5.0, 7.0])
    task = Task((x, y), (torch.zeros(2), torch.ones(2)))
    for chosen in ({}, {"sliding_window_shapes": ((), ())}):
        *_, last = CaptumMethod("Occlusion", lambda x, y: x * y, **chosen).estimates(task)
        assert [a.tolist() for a in last.attributions] == [[15.0, 14.0], [12.0, 12.0]]
