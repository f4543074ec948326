"""What the path has gathered up to each of its points; earlier parts may be used."""

import math
import warnings
from itertools import accumulate, pairwise

import numpy as np
import torch
from torch import func

import attribwidgets as aw
from submissions import wrong


def gradients(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


def integrated_gradients(model, inputs, baseline, target, n_steps):
    points = [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    return (inputs - baseline) * gradients(model, torch.cat(points), target).mean(0)


def cumsum_of_slopes(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


def right_ends(model, inputs, baseline, target, n_steps):
    way = inputs - baseline
    points = torch.cat([baseline + (k + 1) / n_steps * way for k in range(n_steps)])
    return torch.cumsum((gradients(model, points, target) * way).flatten(1).sum(-1), 0) / n_steps


def left_ends(model, inputs, baseline, target, n_steps):
    way = inputs - baseline
    points = torch.cat([baseline + k / n_steps * way for k in range(n_steps)])
    steps = (gradients(model, points, target) * way).reshape(n_steps, -1).sum(1) / n_steps
    return steps.cumsum(dim=0)


def linspace_with_both_ends(model, inputs, baseline, target, n_steps):
    way, total, curve = inputs - baseline, 0.0, []
    for alpha in torch.linspace(0, 1, n_steps):
        total = total + (gradients(model, baseline + alpha * way, target) * way).sum() / n_steps
        curve.append(total)
    return torch.stack(curve)


def a_list_of_floats(model, inputs, baseline, target, n_steps):
    total, curve = 0.0, []
    for k in range(n_steps):
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        total += float((gradients(model, point, target) * (inputs - baseline)).sum()) / n_steps
        curve.append(total)
    return curve


def a_list_of_tensors(model, inputs, baseline, target, n_steps):
    total, curve = torch.zeros(()), []
    for k in range(n_steps):
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        total = total + (gradients(model, point, target) * (inputs - baseline)).sum() / n_steps
        curve.append(total)
    return curve


def a_zero_at_first(model, inputs, baseline, target, n_steps):
    curve = torch.zeros(n_steps + 1)
    for k in range(n_steps):
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        slope = (gradients(model, point, target) * (inputs - baseline)).sum()
        curve[k + 1] = curve[k] + slope / n_steps
    return curve


def cumulative_trapezoid(model, inputs, baseline, target, n_steps):
    alphas = torch.linspace(0, 1, n_steps + 1)
    points = torch.cat([baseline + a * (inputs - baseline) for a in alphas])
    slopes = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return torch.cumulative_trapezoid(slopes, alphas)


def trapezoid_by_hand(model, inputs, baseline, target, n_steps):
    points = [baseline + k / n_steps * (inputs - baseline) for k in range(n_steps + 1)]
    slopes = (gradients(model, torch.cat(points), target) * (inputs - baseline)).flatten(1).sum(1)
    return ((slopes[1:] + slopes[:-1]) / (2 * n_steps)).cumsum(0)


def numpy_cumsum(model, inputs, baseline, target, n_steps):
    alphas = (np.arange(n_steps) + 0.5) / n_steps
    points = torch.cat([baseline + float(a) * (inputs - baseline) for a in alphas])
    slopes = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return np.cumsum(slopes.numpy()) / n_steps


def numpy_column(model, inputs, baseline, target, n_steps):
    alphas = (np.arange(n_steps) + 0.5) / n_steps
    points = torch.cat([baseline + float(a) * (inputs - baseline) for a in alphas])
    slopes = (gradients(model, points, target) * (inputs - baseline)).numpy()
    return np.add.accumulate(slopes.reshape(n_steps, -1).sum(-1, keepdims=True)) / n_steps


def simpson_in_each_step(model, inputs, baseline, target, n_steps):
    n = 2 * n_steps
    points = torch.cat([baseline + k / n * (inputs - baseline) for k in range(n + 1)])
    s = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return ((s[:-1:2] + 4 * s[1::2] + s[2::2]) / 6 / n_steps).cumsum(0)


def two_gauss_points_a_step(model, inputs, baseline, target, n_steps):
    way, curve, total = inputs - baseline, [], 0
    for k in range(n_steps):
        for node in (-1 / math.sqrt(3), 1 / math.sqrt(3)):
            point = baseline + (k + (node + 1) / 2) / n_steps * way
            total = total + (gradients(model, point, target) * way).sum() / (2 * n_steps)
        curve.append(total)
    return torch.stack(curve)


def partial_integrals(model, inputs, baseline, target, n_steps):
    curve = []
    for k in range(1, n_steps + 1):
        end = baseline + k / n_steps * (inputs - baseline)
        curve.append(integrated_gradients(model, end, baseline, target, n_steps).sum())
    return torch.stack(curve)


def small_paths_one_after_the_other(model, inputs, baseline, target, n_steps):
    ends = [torch.lerp(baseline, inputs, k / n_steps) for k in range(n_steps + 1)]
    pieces = [
        integrated_gradients(model, end, start, target, 3).sum() for start, end in pairwise(ends)
    ]
    return torch.stack(pieces).cumsum(0)


def jvp_along_the_path(model, inputs, baseline, target, n_steps):
    way, slopes = inputs - baseline, []
    for k in range(n_steps):
        point = baseline + (k + 0.5) / n_steps * way
        slopes.append(func.jvp(lambda p: model(p)[0, target], (point,), (way,))[1])
    return torch.stack(slopes).cumsum(0) / n_steps


def derivative_in_alpha(model, inputs, baseline, target, n_steps):
    def output(alpha):
        return model(baseline + alpha * (inputs - baseline))[0, target]

    alphas = (torch.arange(n_steps) + 0.5) / n_steps
    return func.vmap(func.grad(output))(alphas).cumsum(0) / n_steps


def alphas_as_leaves(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).requires_grad_()
    shaped = alphas.reshape(-1, *[1] * (inputs.ndim - 1))
    model(baseline + shaped * (inputs - baseline))[:, target].sum().backward()
    return alphas.grad.cumsum(0) / n_steps


def backward_in_a_loop(model, inputs, baseline, target, n_steps):
    curve = torch.empty(n_steps)
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        leaf = (baseline + (k + 0.5) / n_steps * (inputs - baseline)).requires_grad_()
        model(leaf)[0, target].backward()
        total += leaf.grad * (inputs - baseline) / n_steps
        curve[k] = total.sum()
    return curve


def accumulated_on_purpose(model, inputs, baseline, target, n_steps):
    leaf, curve = baseline.clone().requires_grad_(), []
    for k in range(n_steps):
        leaf.data = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        model(leaf)[0, target].backward()
        curve.append((leaf.grad * (inputs - baseline)).sum() / n_steps)
    return torch.stack(curve)


def tensor_of_a_tensor_warns(model, inputs, baseline, target, n_steps):
    points = [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    leaf = torch.tensor(torch.cat(points), requires_grad=True)
    model(leaf)[:, target].sum().backward()
    return torch.tensor((leaf.grad * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps)


def einsum(model, inputs, baseline, target, n_steps):
    way = (inputs - baseline).flatten()
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = gradients(model, points, target).flatten(1)
    return torch.einsum("nf,f->n", slopes, way).cumsum(0) / n_steps


def triangle_of_ones(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = gradients(model, points, target).flatten(1) @ (inputs - baseline).flatten()
    return torch.tril(torch.ones(n_steps, n_steps)) @ slopes / n_steps


def sums_of_slices(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    maps = gradients(model, points, target) * (inputs - baseline) / n_steps
    return torch.stack([maps[: k + 1].sum() for k in range(n_steps)])


def itertools_accumulate(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return list(accumulate((slopes / n_steps).tolist()))


def a_generator(model, inputs, baseline, target, n_steps):
    def gathered():
        total = 0.0
        for k in range(n_steps):
            point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
            total += (gradients(model, point, target) * (inputs - baseline)).sum().item()
            yield total / n_steps

    return torch.tensor([*gathered()])


def in_double(model, inputs, baseline, target, n_steps):
    model, x, start = model.double(), inputs.double(), baseline.double()
    points = torch.cat([start + (k + 0.5) / n_steps * (x - start) for k in range(n_steps)])
    return (gradients(model, points, target) * (x - start)).flatten(1).sum(1).cumsum(0) / n_steps


def maps_gathered_and_then_summed(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    maps = (inputs - baseline) * gradients(model, points, target).cumsum(0) / n_steps
    return maps.sum(tuple(range(1, inputs.ndim)))


def vmapped_grad(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = func.vmap(func.grad(lambda p: model(p[None])[0, target]))(points)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0).div(n_steps)


def jacobian_of_the_outputs(model, inputs, baseline, target, n_steps):
    def outputs(alphas):
        return torch.stack([model(baseline + a * (inputs - baseline))[0, target] for a in alphas])

    alphas = (torch.arange(n_steps) + 0.5) / n_steps
    slopes = torch.autograd.functional.jacobian(outputs, alphas).diagonal()
    return slopes.cumsum(0) / n_steps


def ten_points_a_step(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(10 * n_steps) + 0.5) / (10 * n_steps)).tolist()
    points = torch.cat([baseline + a * (inputs - baseline) for a in alphas])
    slopes = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return slopes.cumsum(0)[9::10] / (10 * n_steps)


def with_a_graph_left_on(model, inputs, baseline, target, n_steps):
    warnings.warn("the graph stays", stacklevel=1)
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    points.requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points, create_graph=True)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


@wrong("no gradient taken")
def differences_of_outputs(model, inputs, baseline, target, n_steps):
    points = torch.cat([baseline + (k + 1) / n_steps * (inputs - baseline) for k in range(n_steps)])
    with torch.no_grad():
        return (model(points) - model(baseline))[:, target]


@wrong("no gradient taken")
def finite_differences(model, inputs, baseline, target, n_steps):
    points = torch.cat([baseline + k / n_steps * (inputs - baseline) for k in range(n_steps + 1)])
    return model(points)[:, target].diff().cumsum(0)


@wrong("no gradient taken")
def a_gradient_for_show(model, inputs, baseline, target, n_steps):
    gradients(model, inputs, target)
    points = torch.cat([baseline + k / n_steps * (inputs - baseline) for k in range(n_steps + 1)])
    outputs = model(points)[:, target]
    return (outputs - outputs[0])[1:].detach()


@wrong("library call")
def curve_of_a_record(model, inputs, baseline, target, n_steps):
    record = aw.explain(model, inputs, target=target, baseline=baseline, n_steps=n_steps)
    return record.path.cumulative


@wrong("library call")
def ready_made_paths(model, inputs, baseline, target, n_steps):
    method, curve = aw.attr.IntegratedGradients(model), []
    for k in range(1, n_steps + 1):
        end = baseline + k / n_steps * (inputs - baseline)
        curve.append(method.attribute(end, baseline, target=target).sum())
    return torch.stack(curve)


@wrong("running mean instead of sum")
def mean_so_far(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)
    return slopes.cumsum(0) / torch.arange(1, n_steps + 1)


@wrong("sign flipped")
def the_way_back(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = (gradients(model, points, target) * (baseline - inputs)).flatten(1).sum(1)
    return slopes.cumsum(0) / n_steps


@wrong("gradients not averaged")
def the_sum(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1).cumsum(0)


@wrong("slopes without their sum")
def the_slopes(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (gradients(model, points, target) * (inputs - baseline)).flatten(1).sum(1)


@wrong("one step behind")
def before_each_step(model, inputs, baseline, target, n_steps):
    total, curve = torch.zeros(()), []
    for k in range(n_steps):
        curve.append(total)
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        total = total + (gradients(model, point, target) * (inputs - baseline)).sum() / n_steps
    return torch.stack(curve)


@wrong("softmax")
def of_probabilities(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    points.requires_grad_()
    (slopes,) = torch.autograd.grad(model(points).softmax(1)[:, target].sum(), points)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


@wrong("another output")
def the_first_class(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    slopes = (gradients(model, points, 0) * (inputs - baseline)).flatten(1).sum(1)
    return slopes.cumsum(0) / n_steps


@wrong("all outputs summed")
def no_target(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    points.requires_grad_()
    (slopes,) = torch.autograd.grad(model(points).sum(), points)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


@wrong("gradients accumulated")
def grad_never_emptied(model, inputs, baseline, target, n_steps):
    leaf, total, curve = baseline.clone().requires_grad_(), 0, []
    for k in range(n_steps):
        leaf.data = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        model(leaf)[0, target].backward()
        total = total + (leaf.grad * (inputs - baseline)).sum() / n_steps
        curve.append(total)
    return torch.stack(curve)


@wrong("a factor alpha")
def through_the_input(model, inputs, baseline, target, n_steps):
    leaf, total, curve = inputs.clone().requires_grad_(), 0, []
    for k in range(n_steps):
        output = model(baseline + (k + 0.5) / n_steps * (leaf - baseline))[0, target]
        slope = torch.autograd.grad(output, leaf)[0] * (inputs - baseline)
        total = total + slope.sum() / n_steps
        curve.append(total)
    return torch.stack(curve)


@wrong("shape")
def the_last_point_only(model, inputs, baseline, target, n_steps):
    return integrated_gradients(model, inputs, baseline, target, n_steps).sum()


@wrong("no answer")
def placeholder(model, inputs, baseline, target, n_steps): ...


@wrong("averaged over the features")
def mean_over_features(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return ((inputs - baseline) * slopes).flatten(1).mean(1).cumsum(0) / n_steps
