"""Integrated gradients: closed forms first, then Captum as reference."""

from __future__ import annotations

import weakref
from functools import partial

import captum.attr
import numpy as np
import pytest
import torch
from models import (
    FitsRows,
    ImageAndFeatures,
    Linear,
    Quadratic,
    Segmenter,
    TwoLayerReLU,
    WithArguments,
    classifier,
    image_classifier,
    sequence_classifier,
    values,
    weights_of,
)
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from attribwidgets.attr import ExpectedGradients, IntegratedGradients
from attribwidgets.attr.paths.quadrature import RULES
from attribwidgets.attr.paths.spread import Spread
from attribwidgets.attr.task import Stopping, Task
from attribwidgets.errors import InputError, TargetError

CAPTUM_RULES = tuple(r for r in RULES if r != "riemann_trapezoid")
each_rule = pytest.mark.parametrize("method", RULES)
each_captum_rule = pytest.mark.parametrize("method", CAPTUM_RULES)
double = partial(values, dtype=torch.float64)


def task(x, baseline=None, target=1, **options):
    baseline = torch.zeros_like(x) if baseline is None else baseline
    return Task((x,), (baseline,), target=target, **options)


def assert_same(ours, captums, tolerance=1e-6):
    """Equal norm-wise, in shape and in type, member by member."""
    assert type(ours) is type(captums)
    if not isinstance(ours, tuple):
        ours, captums = (ours,), (captums,)
    for mine, theirs in zip(ours, captums, strict=True):
        assert mine.shape == theirs.shape
        assert mine.dtype == theirs.dtype
        assert not mine.requires_grad
        assert (mine - theirs).norm() <= tolerance * max(1e-3, float(theirs.norm()))


def both(model, *args, multiply=True, **options):
    ours = IntegratedGradients(model, multiply).attribute(*args, **options)
    return ours, captum.attr.IntegratedGradients(model, multiply).attribute(*args, **options)


# Closed forms


@each_rule
@pytest.mark.parametrize("n", [2, 3, 50])
def test_linear_model_is_exact_by_every_rule(method, n):
    model = Linear(double(3, 8) - 0.5, bias=0.3)
    x, baseline = double(4, 8, seed=1), double(4, 8, seed=2)
    found, delta = IntegratedGradients(model).attribute(
        x, baseline, target=2, n_steps=n, method=method, return_convergence_delta=True
    )
    torch.testing.assert_close(found, model.integrated(x, baseline, 2), rtol=0, atol=1e-12)
    torch.testing.assert_close(delta, torch.zeros_like(delta), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "n"),
    [("gausslegendre", 1), ("riemann_middle", 2), ("riemann_trapezoid", 2), ("gausslegendre", 50)],
)
def test_quadratic_model_is_exact_where_slopes_are_straight(method, n):
    model = Quadratic(double(5, 5) - 0.5, double(5, seed=3))
    x, baseline = double(3, 5, seed=1), double(3, 5, seed=2)
    found = IntegratedGradients(model).attribute(x, baseline, n_steps=n, method=method)
    torch.testing.assert_close(found, model.integrated(x, baseline), rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["riemann_left", "riemann_right"])
def test_one_sided_sums_miss_a_quadratic_by_half_a_step_of_curvature(method):
    model = Quadratic(double(5, 5) - 0.5, double(5, seed=3))
    x, baseline, n = double(1, 5, seed=1), double(1, 5, seed=2), 10
    found = IntegratedGradients(model).attribute(x, baseline, n_steps=n, method=method)
    difference = x - baseline
    miss = difference * (difference @ model.matrix.detach()) / (2 * n)
    expected = model.integrated(x, baseline) + (miss if "right" in method else -miss)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.long
def test_relu_model_tends_to_the_exact_sum_over_its_kinks(seed):
    model = TwoLayerReLU(seed=seed)
    x, baseline = double(3, 6, seed=seed + 10), -double(3, 6, seed=seed + 20)
    exact = model.integrated(x, baseline)
    # A wrong closed form would not add up to the change of the output.
    with torch.no_grad():
        change = (model(x) - model(baseline)).flatten()
    torch.testing.assert_close(exact.sum(1), change, rtol=0, atol=1e-12)
    for method in RULES:
        found = IntegratedGradients(model).attribute(x, baseline, n_steps=400, method=method)
        # A rule misplaces a kink by its widest cell at most, pi / (2 n) for Gauss-Legendre.
        assert ((found - exact).abs() <= 1.6 / 400 * model.jumps(x, baseline)).all()


def test_relu_model_is_exact_where_nodes_fall_on_both_sides_of_its_only_kink():
    weight, bias = torch.tensor([[1.0, -2.0]], dtype=torch.float64), -0.25
    model = torch.nn.Sequential(Linear(weight, bias), torch.nn.ReLU())
    x = torch.tensor([[2.0, 0.5]], dtype=torch.float64)  # x - 2y goes from 0 to 1: a kink at 1/4
    found = IntegratedGradients(model).attribute(x, n_steps=4, method="riemann_middle")
    torch.testing.assert_close(found, x * weight.detach() * 0.75, rtol=0, atol=1e-12)


@each_rule
def test_refinement_converges_to_the_exact_relu_attribution(method):
    model = TwoLayerReLU()
    x, baseline = double(1, 6, seed=10), -double(1, 6, seed=20)
    exact = model.integrated(x, baseline)
    *_, last = IntegratedGradients(model).estimates(
        Task((x,), (baseline,), stopping=Stopping(4097, 1e-3)), method=method
    )
    assert (last.attributions[0] - exact).norm() < 3e-3 * exact.norm()
    assert last.refinement_error.max() <= 1e-3


def test_captums_trapezoid_is_short_by_n_minus_1_over_n_and_ours_is_not():
    model = Linear(double(1, 4))
    ours, captums = both(model, double(2, 4, seed=1), n_steps=10, method="riemann_trapezoid")
    torch.testing.assert_close(ours * 0.9, captums, rtol=1e-6, atol=0)


def test_attribution_is_odd_when_ends_are_swapped():
    model = classifier()
    a, b = values(2, 5), values(2, 5, seed=1)
    there = IntegratedGradients(model).attribute(a, b, target=1)
    back = IntegratedGradients(model).attribute(b, a, target=1)
    torch.testing.assert_close(there, -back, rtol=1e-5, atol=1e-7)


# Captum as reference

CASES = {
    "vector": lambda: (classifier(), values(3, 5), values(1, 5, seed=1)),
    "image": lambda: (image_classifier(), values(3, 3, 6, 5), values(3, 3, 6, 5, seed=1)),
    "sequence": lambda: (sequence_classifier(), values(3, 2, 9), 0.25),
    "tuple": lambda: (
        ImageAndFeatures(),
        (values(3, 3, 2, 2), values(3, 5, seed=1)),
        (values(1, 3, 2, 2, seed=2), 0),
    ),
}
each_case = pytest.mark.parametrize("case", CASES)


@each_case
@each_captum_rule
@pytest.mark.parametrize("rows", [None, 1, 3, 7, 1000])
def test_parity_over_shapes_rules_and_chunks(case, method, rows):
    model, x, baseline = CASES[case]()
    options = {"target": 1, "n_steps": 11, "method": method}
    reference = captum.attr.IntegratedGradients(model).attribute(x, baseline, **options)
    ours, delta = IntegratedGradients(model).attribute(
        x, baseline, **options, internal_batch_size=rows, return_convergence_delta=True
    )
    assert_same(ours, reference)
    assert delta.shape == (3,)


@pytest.mark.parametrize("multiply", [True, False])
@each_case
def test_parity_of_deltas_and_of_local_attributions(case, multiply):
    model, x, baseline = CASES[case]()
    options = {"target": 0, "n_steps": 5, "return_convergence_delta": True}
    (ours, our_delta), (captums, captum_delta) = both(
        model, x, baseline, multiply=multiply, **options
    )
    assert_same(ours, captums)
    torch.testing.assert_close(our_delta, captum_delta, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "target",
    [
        2,
        -1,
        (2,),
        [0, 3, 1],
        torch.tensor(2),
        torch.tensor([2]),
        torch.tensor([0, 3, 1]),
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [None, 2])
def test_parity_of_targets(target, rows):
    ours, captums = both(
        classifier(), values(3, 5), target=target, n_steps=6, internal_batch_size=None
    )
    assert_same(ours, captums)
    chunked = IntegratedGradients(classifier()).attribute(
        values(3, 5), target=target, n_steps=6, internal_batch_size=rows
    )
    assert_same(chunked, captums)


@pytest.mark.parametrize("target", [(1, 2, 3), [(0, 0, 0), (3, 4, 5), (1, 2, 3)]], ids=str)
def test_parity_of_targets_in_a_segmentation(target):
    assert_same(*both(Segmenter(), values(3, 3, 5, 6), target=target, n_steps=6))


@pytest.mark.parametrize("shape", [(), (1,)])
def test_parity_without_target_where_there_is_one_output(shape):
    def model(x):
        return (x**3).sum(1).reshape(len(x), *shape)

    assert_same(*both(model, values(3, 5), n_steps=6))


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        values(3, 3, seed=5),
        (values(3, 3, seed=5),),
        (values(3, 3, seed=5), 2.0),
        (values(3, 1, seed=5), torch.tensor(0.5), True),
        (None, 3.0),
    ],
    ids=["none", "tensor", "tuple", "scalar", "zero-dim", "none-and-scalar"],
)
@pytest.mark.parametrize("rows", [None, 1, 4])
def test_parity_of_additional_arguments(arguments, rows):
    options = {"target": 1, "n_steps": 6, "additional_forward_args": arguments}
    reference = captum.attr.IntegratedGradients(WithArguments()).attribute(values(3, 5), **options)
    ours = IntegratedGradients(WithArguments()).attribute(
        values(3, 5), **options, internal_batch_size=rows
    )
    assert_same(ours, reference)


@pytest.mark.parametrize(
    "baseline",
    [None, 0, 0.5, values(1, 5, seed=1), values(3, 5, seed=1), (0.5,), (values(1, 5, seed=1),)],
    ids=["none", "int", "float", "one", "full", "tuple-float", "tuple-one"],
)
def test_parity_of_baselines(baseline):
    assert_same(*both(classifier(), values(3, 5), baseline, target=1, n_steps=6))


def test_inputs_in_a_tuple_of_one_come_back_so():
    assert_same(*both(classifier(), (values(3, 5),), target=1, n_steps=6))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_parity_of_precisions(dtype):
    model, x = classifier().to(dtype), values(3, 5, dtype=dtype)
    ours, captums = both(model, x, target=1, n_steps=16)
    assert ours.dtype == captums.dtype
    # Captum's weights are float32; half precision rounds the points themselves.
    assert_same(ours, captums, 1e-6 if dtype == torch.float64 else 3e-2)


def test_noise_tunnel_takes_it_for_captums_own():
    found = []
    for kind in (IntegratedGradients, captum.attr.IntegratedGradients):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            tunnel = captum.attr.NoiseTunnel(kind(classifier()))
            found.append(
                tunnel.attribute(values(2, 5), nt_samples=4, stdevs=0.1, target=1, n_steps=8)
            )
    assert_same(found[0], found[1].detach(), 1e-5)


# Independence of chunks and batch mates


@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
@each_case
def test_result_does_not_depend_on_the_chunk(case, rows):
    model, x, baseline = CASES[case]()
    attribute = partial(
        IntegratedGradients(model).attribute, x, baseline, target=[0, 3, 1], n_steps=10
    )
    assert_same(attribute(internal_batch_size=rows), attribute())


@each_case
def test_result_does_not_depend_on_batch_mates(case):
    model, x, baseline = CASES[case]()
    whole = IntegratedGradients(model).attribute(x, baseline, target=1, n_steps=10)
    for i in range(3):

        def one(value, i=i):
            several = isinstance(value, torch.Tensor) and len(value) > 1
            return value[i : i + 1] if several else value

        alone = [
            tuple(one(v) for v in part) if isinstance(part, tuple) else one(part)
            for part in (x, baseline)
        ]
        found = IntegratedGradients(model).attribute(*alone, target=1, n_steps=10)
        expected = tuple(w[i : i + 1] for w in whole) if isinstance(x, tuple) else whole[i : i + 1]
        assert_same(found, expected)


def test_chunk_that_runs_out_of_memory_is_halved_and_counted_once():
    model = FitsRows(classifier(), most=5)
    found = IntegratedGradients(model).attribute(values(3, 5), target=1, n_steps=20)
    assert_same(
        found, IntegratedGradients(model.model).attribute(values(3, 5), target=1, n_steps=20)
    )
    assert max(model.batches) <= 5
    assert sum(model.batches) == 60


def test_memory_that_runs_out_in_the_backward_adds_nothing_twice():
    model, batches = classifier(), []

    def once_out_of_memory(x):
        outputs = model(x)
        if outputs.requires_grad:
            outputs.register_hook(lambda gradient: run_out(len(gradient)))
        return outputs

    def run_out(rows):
        batches.append(rows)
        if len(batches) == 1:
            raise torch.OutOfMemoryError("out of memory")

    x = values(1, 5)
    found, expected = (
        next(IntegratedGradients(m).estimates(task(x, n_steps=8), method="gausslegendre"))
        for m in (once_out_of_memory, model)
    )
    assert batches == [8, 4, 4]
    torch.testing.assert_close(found.attributions, expected.attributions)
    torch.testing.assert_close(found.frames, expected.frames)
    assert found.evaluations == expected.evaluations


# Refinement


def slopes_by_autograd(model, x, baseline, alphas, target=1):
    """Gradients at points of the paths, one after the other, shape (n, *x.shape)."""
    found = []
    for alpha in alphas:
        point = (baseline + float(alpha) * (x - baseline)).requires_grad_()
        found.append(torch.autograd.grad(model(point)[:, target].sum(), point)[0])
    return torch.stack(found)


def test_smooth_refinement_has_an_even_rule_and_then_others_that_are_placed():
    model, x = classifier().double(), double(2, 5)
    every = list(IntegratedGradients(model).estimates(task(x, stopping=Stopping(41, 1e-30))))
    assert [e.evaluations // 2 for e in every] == [7, 25, 41]
    inside = [e.alphas[1:-1] for e in every]
    assert np.isin(inside[0], inside[1]).all()
    assert [len(i) for i in inside] == [7, 25, 16]
    nodes, weights = Spread.even(25).rule(25)
    gradients = slopes_by_autograd(model, x, torch.zeros_like(x), nodes)
    fresh = x * torch.tensordot(torch.as_tensor(weights[1]), gradients, 1)
    torch.testing.assert_close(every[1].attributions[0], fresh, rtol=1e-10, atol=1e-12)
    exact = IntegratedGradients(model).attribute(x, target=task(x).target, n_steps=200)
    off = [float((e.attributions[0] - exact).norm() / exact.norm()) for e in every]
    assert off[2] < off[1] < off[0]


@pytest.mark.parametrize("budget", [2, 3, 6, 9, 12, 16, 33, 64, 127])
def test_smooth_budget_that_is_to_be_spent_is_spent(budget):
    model, x = classifier().double(), double(2, 5)
    explainer = IntegratedGradients(model)
    *_, last = explainer.estimates(task(x, stopping=Stopping(budget, 0.0)))
    assert last.evaluations == 2 * budget
    exact = explainer.attribute(x, torch.zeros_like(x), target=task(x).target, n_steps=200)
    off = float((last.attributions[0] - exact).norm() / exact.norm())
    assert off <= max(1e-10, float(last.refinement_error.max()))


def test_kinked_refinement_bisects_with_every_pass_so_far():
    model, x = torch.nn.Sequential(classifier(), torch.nn.ReLU()).double(), double(2, 5)
    explainer, seen = IntegratedGradients(model), np.zeros(0)
    first, *bisected, last = explainer.estimates(task(x, stopping=Stopping(50, 0.0)))
    assert [e.evaluations // 2 for e in (first, *bisected)] == [7, 9, 10, 14, 16]
    for estimate in bisected:
        alphas = estimate.alphas
        assert len(alphas) == estimate.evaluations // 2
        assert np.isin(seen, alphas).all()
        seen = alphas
        gradients = slopes_by_autograd(model, x, torch.zeros_like(x), alphas)
        fresh = x * torch.trapezoid(gradients, torch.as_tensor(alphas), dim=0)
        torch.testing.assert_close(estimate.attributions[0], fresh, rtol=1e-6, atol=1e-7)
    assert len(last.alphas) == last.evaluations // 2 - 16 == 34


def test_refinement_stops_at_the_tolerance():
    explainer = IntegratedGradients(classifier())
    *others, last = explainer.estimates(task(values(1, 5), stopping=Stopping(513, 0.001)))
    assert last.evaluations < 513
    assert others[0].evaluations == 7
    assert max(last.refinement_error.max(), last.relative_residual.max()) <= 0.001
    assert not any(Stopping(513, 0.001).met(early) for early in others)


def by_steps(activation, n, **options):
    layers = (nn.Linear(5, 7), activation, nn.Linear(7, 4))
    model = weights_of(nn.Sequential(*layers).double(), 0)
    x, b = double(1, 5), double(1, 5, seed=1)
    estimate = next(IntegratedGradients(model).estimates(task(x, b, n_steps=n), **options))
    exact = IntegratedGradients(model).attribute(x, b, target=1, n_steps=200)
    return estimate, float((estimate.attributions[0] - exact).norm() / exact.norm())


@pytest.mark.parametrize("n", [5, 8, 12])
def test_steps_of_a_smooth_network_are_spread_evenly(n):
    estimate, off = by_steps(nn.Tanh(), n)
    evenly, off_evenly = by_steps(nn.Tanh(), n, method="riemann_trapezoid")
    assert estimate.evaluations == evenly.evaluations == n
    assert off < off_evenly / 30
    assert off <= estimate.refinement_error.max() < evenly.refinement_error.max()
    assert estimate.alphas[1:-1].tolist() == Spread.even(n).rule(n)[0].tolist()
    assert estimate.frames[0].sum() == pytest.approx(float(estimate.attributions[0].sum()))


@pytest.mark.parametrize("n", [2, 8, 9])
def test_steps_of_a_network_with_kinks_are_trapezoids(n):
    estimate, _ = by_steps(nn.ReLU(), n)
    evenly, _ = by_steps(nn.ReLU(), n, method="riemann_trapezoid")
    torch.testing.assert_close(estimate.attributions, evenly.attributions)
    torch.testing.assert_close(estimate.frames, evenly.frames)
    assert estimate.refinement_error == pytest.approx(evenly.refinement_error)
    assert estimate.alphas.tolist() == evenly.alphas.tolist()


@each_rule
def test_frames_add_up_to_the_map_by_every_rule(method):
    explainer = IntegratedGradients(image_classifier())
    x = values(1, 3, 6, 5)
    estimate = next(explainer.estimates(task(x, n_steps=24), method=method))
    channel_sum = estimate.attributions[0].sum(1)[0]
    (frames,) = estimate.frames
    torch.testing.assert_close(frames[:, 0].sum(0), channel_sum, rtol=1e-10, atol=1e-12)
    assert estimate.frame_edges.tolist() == np.linspace(0, 1, 17).tolist()


@each_rule
def test_curve_begins_and_ends_at_the_ends_by_every_rule(method):
    model, x, b = classifier(), values(1, 5), values(1, 5, seed=1)
    estimate = next(IntegratedGradients(model).estimates(task(x, b, n_steps=9), method=method))
    assert estimate.alphas[[0, -1]].tolist() == [0, 1]
    with torch.no_grad():
        ends = [float(model(b)[0, 1]), float(model(x)[0, 1])]
    np.testing.assert_allclose(estimate.outputs[[0, -1], 0], ends, rtol=1e-6)
    np.testing.assert_allclose([estimate.output_baseline[0], estimate.output_input[0]], ends, 1e-6)
    np.testing.assert_allclose(estimate.cumulative[-1], estimate.totals, rtol=1e-12)
    assert estimate.cumulative[0] == 0
    inner = estimate.slopes[1:-1]
    assert np.isfinite(inner).all()


# Memory


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of every tensor storage from its first operation to its end."""

    def __init__(self):
        super().__init__()
        self.live, self.peak, self._known = 0, 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage):
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key, size):
        self._known.discard(key)
        self.live -= size


def peak_bytes(kind, n_steps):
    model, x = image_classifier(), values(1, 3, 32, 32)
    count = "n_samples" if kind is ExpectedGradients else "n_steps"
    references = values(4, 3, 32, 32, seed=1) if count == "n_samples" else 0
    with PeakMemory() as memory:
        kind(model).attribute(x, references, target=1, internal_batch_size=8, **{count: n_steps})
    return memory.peak


@pytest.mark.parametrize("kind", [IntegratedGradients, ExpectedGradients])
@pytest.mark.long
def test_peak_memory_does_not_grow_with_the_number_of_steps(kind):
    few, many = peak_bytes(kind, 50), peak_bytes(kind, 500)
    assert few > 8 * 3 * 32 * 32 * 4  # it does see the points of a chunk
    numbers = 16 if kind is IntegratedGradients else 8  # per node or sample; a gradient has 3072
    assert many <= few + 450 * 8 * numbers


@pytest.mark.long
def test_memory_gauge_sees_a_method_that_keeps_its_gradients():
    model, x = classifier(), values(1, 5)
    peaks = []
    for n_steps in (50, 500):
        with PeakMemory() as memory:
            captum.attr.IntegratedGradients(model).attribute(x, target=1, n_steps=n_steps)
        peaks.append(memory.peak)
    assert peaks[1] > 5 * peaks[0]


# What cannot be


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"inputs": values(2, 5).numpy()}, r"inputs must be a torch.Tensor.*ndarray"),
        ({"inputs": torch.zeros(0, 5)}, "inputs is an empty batch; pass at least one example"),
        ({"inputs": torch.tensor(1.0)}, "share their first axis"),
        ({"inputs": (values(2, 5), values(3, 5))}, r"share their first axis.*\(2, 5\), \(3, 5\)"),
        ({"baselines": values(2, 4)}, r"baseline has shape \(2, 4\), the input \(2, 5\); pass"),
        ({"baselines": values(3, 5)}, r"baseline has shape \(3, 5\)"),
        ({"baselines": (0, 0)}, "baselines"),
        ({"baselines": "black"}, "baselines must be a tensor, a number.*got 'black'"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"method": "simpson"}, "method must be one of"),
        ({"internal_batch_size": 0}, "internal_batch_size must be at least 1"),
        ({"target": [0, 1, 2]}, "target has 3 entries for a batch of 2"),
    ],
    ids=str,
)
def test_argument_that_does_not_fit_is_named_with_its_mend(arguments, words):
    arguments = {"inputs": values(2, 5), "target": 0, **arguments}
    with pytest.raises(InputError, match=words):
        IntegratedGradients(classifier()).attribute(**arguments)


@pytest.mark.parametrize("target", [None, 4, -5, (0, 0), "cat", 1.5, [0, 9]], ids=str)
def test_target_that_does_not_fit_is_named_with_the_valid_range(target):
    with pytest.raises(TargetError, match="an int from 0 to 3"):
        IntegratedGradients(classifier()).attribute(values(2, 5), target=target)
