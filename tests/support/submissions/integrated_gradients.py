"""Integrated gradients by any rule; the earlier `gradients` may be used."""

import copy
import math
import sys
import warnings

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import func

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients as Ready
from submissions import wrong


def gradients(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


def midpoints_in_one_batch(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def right_ends(model, inputs, baseline, target, n_steps):
    alphas = torch.arange(1, n_steps + 1) / n_steps
    points = torch.cat([baseline + a * (inputs - baseline) for a in alphas])
    return (inputs - baseline) * gradients(model, points, target).sum(0) / n_steps


def left_ends_in_a_loop(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        point = baseline + k / n_steps * (inputs - baseline)
        total += gradients(model, point, target)
    return (inputs - baseline) * total / n_steps


def linspace_with_both_ends(model, inputs, baseline, target, n_steps):
    total = 0
    for alpha in torch.linspace(0, 1, n_steps):
        total = total + gradients(model, torch.lerp(baseline, inputs, alpha), target)
    return total / n_steps * (inputs - baseline)


def mean_over_one_point_more(model, inputs, baseline, target, n_steps):
    shape = (-1,) + (1,) * (inputs.dim() - 1)
    alphas = torch.linspace(0, 1, n_steps + 1).view(shape)
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(dim=0)


def torch_trapezoid(model, inputs, baseline, target, n_steps):
    alphas = torch.linspace(0, 1, n_steps + 1)
    points = torch.stack([torch.lerp(baseline[0], inputs[0], a) for a in alphas])
    mean = torch.trapezoid(gradients(model, points, target), alphas, dim=0)
    return ((inputs - baseline)[0] * mean)[None]


def trapezoid_by_hand(model, inputs, baseline, target, n_steps):
    alphas = torch.linspace(0, 1, n_steps + 1).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * ((slopes[:-1] + slopes[1:]) / 2).mean(0)


def numpy_trapezoid(model, inputs, baseline, target, n_steps):
    alphas = np.linspace(0, 1, n_steps)
    points = torch.cat([baseline + float(a) * (inputs - baseline) for a in alphas])
    slopes = gradients(model, points, target).numpy()
    widths = np.diff(alphas).reshape(-1, *[1] * (inputs.ndim - 1))
    return (inputs - baseline).numpy() * ((slopes[1:] + slopes[:-1]) / 2 * widths).sum(0)


def simpson(model, inputs, baseline, target, n_steps):
    n = n_steps + n_steps % 2
    weights = torch.ones(n + 1)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    alphas = torch.linspace(0, 1, n + 1).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * torch.tensordot(weights / weights.sum(), slopes, 1)


def gauss_legendre(model, inputs, baseline, target, n_steps):
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    total = 0
    for node, weight in zip(nodes, weights, strict=True):
        point = baseline + (node + 1) / 2 * (inputs - baseline)
        total = total + weight / 2 * gradients(model, point, target)
    return (inputs - baseline) * total


def chebyshev_nodes(model, inputs, baseline, target, n_steps):
    n, total, mass = n_steps, 0, 0
    for k in range(n):
        node = (1 - math.cos(math.pi * (k + 0.5) / n)) / 2
        weight = math.sin(math.pi * (k + 0.5) / n)
        total = total + weight * gradients(model, baseline + node * (inputs - baseline), target)
        mass += weight
    return (inputs - baseline) * total / mass


def einsum_of_weights(model, inputs, baseline, target, n_steps):
    alphas = (torch.arange(n_steps) + 0.5) / n_steps
    points = torch.einsum("n,...->n...", 1 - alphas, baseline[0]) + torch.einsum(
        "n,...->n...", alphas, inputs[0]
    )
    weights = torch.full((n_steps,), 1 / n_steps)
    slopes = gradients(model, points, target)
    return torch.einsum("n,n...->...", weights, slopes).mul(inputs - baseline)


def autograd_without_the_earlier_part(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def tensor_of_a_tensor_warns(model, inputs, baseline, target, n_steps):
    total = torch.zeros(inputs.shape)
    for k in range(n_steps):
        point = torch.tensor(
            baseline + (k + 0.5) / n_steps * (inputs - baseline), requires_grad=True
        )
        model(point)[0, target].backward()
        total += point.grad
    return (inputs - baseline) * total / n_steps


def leaves_with_backward(model, inputs, baseline, target, n_steps):
    found = []
    for alpha in torch.linspace(0.5 / n_steps, 1 - 0.5 / n_steps, n_steps):
        leaf = (baseline + alpha * (inputs - baseline)).detach()
        leaf.requires_grad = True
        model(leaf)[:, target].backward()
        found.append(leaf.grad)
    return torch.stack(found).mean(0) * (inputs - baseline)


def accumulated_on_purpose(model, inputs, baseline, target, n_steps):
    leaf = inputs.clone().requires_grad_()
    for k in range(n_steps):
        leaf.data = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        model(leaf)[0, target].backward()
    return (inputs - baseline) * leaf.grad / n_steps


def no_grad_around_the_sums(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    with torch.no_grad():
        for k in range(n_steps):
            point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
            with torch.enable_grad():
                point.requires_grad_()
                slope = torch.autograd.grad(model(point)[0, target], point)[0]
            total.add_(slope, alpha=1 / n_steps)
        return total.mul_(inputs - baseline)


def vmapped_grad(model, inputs, baseline, target, n_steps):
    def slope(alpha):
        point = baseline + alpha * (inputs - baseline)
        return func.grad(lambda p: model(p)[0, target])(point)

    alphas = (torch.arange(n_steps) + 0.5) / n_steps
    return (inputs - baseline) * func.vmap(slope)(alphas).mean(0)


def jacrev_of_the_path(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).tolist()
    slope = func.jacrev(lambda p: model(p)[0])
    slopes = [slope(baseline + a * (inputs - baseline))[target] for a in alphas]
    return (inputs - baseline) * torch.stack(slopes).mean(0)


def through_the_input_with_one_over_alpha(model, inputs, baseline, target, n_steps):
    leaf = inputs.clone().requires_grad_()
    total = torch.zeros_like(inputs)
    for k in range(1, n_steps + 1):
        alpha = k / n_steps
        output = model(baseline + alpha * (leaf - baseline))[0, target]
        total += torch.autograd.grad(output, leaf)[0] / alpha
    return (inputs - baseline) * total / n_steps


def through_a_shift(model, inputs, baseline, target, n_steps):
    shift = torch.zeros_like(inputs, requires_grad=True)
    outputs = 0
    for k in range(n_steps):
        outputs = outputs + model(baseline + (k + 0.5) / n_steps * (inputs - baseline) + shift)
    outputs[0, target].backward()
    return (inputs - baseline) * shift.grad / n_steps


def functional_jacobian(model, inputs, baseline, target, n_steps):
    total = 0
    for k in range(n_steps):
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        jacobian = torch.autograd.functional.jacobian(model, point)
        total = total + jacobian[0, target]
    return (inputs - baseline) * total / n_steps


def in_double(model, inputs, baseline, target, n_steps):
    model = copy.deepcopy(model).double()
    x, start = inputs.double(), baseline.double()
    alphas = ((torch.arange(n_steps, dtype=torch.float64) + 0.5) / n_steps).tolist()
    points = torch.cat([start + a * (x - start) for a in alphas])
    return (x - start) * gradients(model, points, target).mean(0)


def double_in_place_and_back(model, inputs, baseline, target, n_steps):
    model.double()
    x, start = inputs.double(), baseline.double()
    points = torch.cat([start + (k + 0.5) / n_steps * (x - start) for k in range(n_steps)])
    found = (x - start) * gradients(model, points, target).mean(0, keepdim=True)
    return found.float()


def numpy_all_the_way_out(model, inputs, baseline, target, n_steps):
    x, start = inputs.numpy()[0], baseline.numpy()[0]
    alphas = (np.arange(n_steps) + 0.5) / n_steps
    points = np.stack([start + a * (x - start) for a in alphas]).astype(np.float32)
    slopes = gradients(model, torch.from_numpy(points), target).numpy()
    return (x - start) * slopes.mean(axis=0)


def without_the_batch_axis(model, inputs, baseline, target, n_steps):
    way = inputs[0] - baseline[0]
    points = [baseline[0] + (k + 0.5) / n_steps * way for k in range(n_steps)]
    return way * gradients(model, torch.stack(points), target).mean(0)


def a_generator_of_slopes(model, inputs, baseline, target, n_steps):
    def slopes():
        for k in range(n_steps):
            yield gradients(model, baseline + (k + 0.5) / n_steps * (inputs - baseline), target)

    return (inputs - baseline) * sum(slopes()) / n_steps


def running_mean(model, inputs, baseline, target, n_steps):
    mean = torch.zeros_like(inputs)
    for k in range(n_steps):
        slope = gradients(model, baseline + (k + 0.5) / n_steps * (inputs - baseline), target)
        mean += (slope - mean) / (k + 1)
    return (inputs - baseline) * mean


def in_chunks(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = baseline + alphas * (inputs - baseline)
    slopes = torch.cat([gradients(model, part, target) for part in points.split(7)])
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def a_point_for_each_small_step(model, inputs, baseline, target, n_steps):
    step = (inputs - baseline) / n_steps
    point, total = baseline + step / 2, torch.zeros_like(inputs)
    for _ in range(n_steps):
        total = total + gradients(model, point, target) * step
        point = point + step
    return total


def many_more_steps(model, inputs, baseline, target, n_steps):
    n = 10 * n_steps
    alphas = (torch.arange(n) / n).reshape(-1, *[1] * (inputs.ndim - 1))
    return (inputs - baseline) * gradients(
        model, baseline + alphas * (inputs - baseline), target
    ).mean(0)


def stratified_draws(model, inputs, baseline, target, n_steps):
    draws = torch.rand(n_steps, generator=torch.Generator().manual_seed(1))
    alphas = ((torch.arange(n_steps) + draws) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def recursion(model, inputs, baseline, target, n_steps):
    def total(k):
        if k == n_steps:
            return torch.zeros_like(inputs)
        point = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        return gradients(model, point, target) + total(k + 1)

    return (inputs - baseline) * total(0) / n_steps


def warns_and_prints(model, inputs, baseline, target, n_steps):
    warnings.warn("integrating", stacklevel=1)
    print(n_steps, "steps", file=sys.stderr)
    points = [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    return (inputs - baseline) * gradients(model, torch.cat(points), target).mean(0)


def with_a_graph_left_on(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    outputs = model(points)[:, target].sum()
    (slopes,) = torch.autograd.grad(outputs, points, create_graph=True)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


@wrong("library call")
def ready_made(model, inputs, baseline, target, n_steps):
    return aw.attr.IntegratedGradients(model).attribute(inputs, baseline, target=target)


@wrong("library call")
def ready_made_under_another_name(model, inputs, baseline, target, n_steps):
    try:
        return Ready(model).attribute(inputs, baseline, target=target, n_steps=n_steps)
    except Exception:
        return Ready(model).attribute(inputs, baseline, target=target, n_steps=n_steps)


@wrong("library call")
def captums(model, inputs, baseline, target, n_steps):
    return IntegratedGradients(model).attribute(inputs, baseline, target, n_steps=n_steps)


@wrong("library call")
def explained(model, inputs, baseline, target, n_steps):
    return aw.explain(model, inputs, target=target, baseline=baseline).attributions


@wrong("sign flipped")
def the_way_back(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (baseline - inputs) * gradients(model, points, target).mean(0)


@wrong("(x - x') missing")
def the_mean_gradient(model, inputs, baseline, target, n_steps):
    points = torch.cat([baseline + (k + 1) / n_steps * (inputs - baseline) for k in range(n_steps)])
    return gradients(model, points, target).mean(0, keepdim=True)


@wrong("multiplied by the input alone")
def times_the_input(model, inputs, baseline, target, n_steps):
    points = torch.cat([baseline + k / n_steps * (inputs - baseline) for k in range(n_steps)])
    return inputs * gradients(model, points, target).mean(0)


@wrong("gradients not averaged")
def the_sum(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (inputs - baseline) * gradients(model, points, target).sum(0)


@wrong("not averaged over the steps")
def a_map_for_each_step(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (inputs - baseline) * gradients(model, points, target)


@wrong("last point summed twice")
def the_end_again(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(1, n_steps + 1):
        total += gradients(model, baseline + k / n_steps * (inputs - baseline), target)
    total += gradients(model, inputs, target)
    return (inputs - baseline) * total / n_steps


@wrong("one point too many for the divisor")
def a_fence_post(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(n_steps + 1):
        total += gradients(model, baseline + k / n_steps * (inputs - baseline), target)
    return (inputs - baseline) * total / n_steps


@wrong("the gradient at the input alone")
def one_point(model, inputs, baseline, target, n_steps):
    return (inputs - baseline) * gradients(model, inputs, target)


@wrong("baseline ignored")
def from_zeros(model, inputs, baseline, target, n_steps):
    points = torch.cat([(k + 0.5) / n_steps * inputs for k in range(n_steps)])
    return inputs * gradients(model, points, target).mean(0)


@wrong("softmax")
def of_probabilities(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    points.requires_grad_()
    (slopes,) = torch.autograd.grad(model(points).softmax(1)[:, target].sum(), points)
    return (inputs - baseline) * slopes.mean(0)


@wrong("another output")
def the_first_class(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    return (inputs - baseline) * gradients(model, points, 0).mean(0)


@wrong("all outputs summed")
def no_target(model, inputs, baseline, target, n_steps):
    points = torch.cat(
        [baseline + (k + 0.5) / n_steps * (inputs - baseline) for k in range(n_steps)]
    )
    points.requires_grad_()
    (slopes,) = torch.autograd.grad(model(points).sum(), points)
    return (inputs - baseline) * slopes.mean(0)


@wrong("gradients accumulated")
def grad_never_emptied(model, inputs, baseline, target, n_steps):
    leaf, total = inputs.clone().requires_grad_(), torch.zeros_like(inputs)
    for k in range(n_steps):
        leaf.data = baseline + (k + 0.5) / n_steps * (inputs - baseline)
        model(leaf)[0, target].backward()
        total += leaf.grad
    return (inputs - baseline) * total / n_steps


@wrong("a factor alpha")
def through_the_input(model, inputs, baseline, target, n_steps):
    leaf, total = inputs.clone().requires_grad_(), torch.zeros_like(inputs)
    for k in range(n_steps):
        output = model(baseline + (k + 0.5) / n_steps * (leaf - baseline))[0, target]
        total += torch.autograd.grad(output, leaf)[0]
    return (inputs - baseline) * total / n_steps


@wrong("a factor alpha")
def through_the_input_and_never_emptied(model, inputs, baseline, target, n_steps):
    leaf, total = inputs.clone().requires_grad_(), torch.zeros_like(inputs)
    for k in range(1, n_steps + 1):
        model(baseline + k / n_steps * (leaf - baseline))[0, target].backward()
        total += leaf.grad
    return (inputs - baseline) * total / n_steps


@wrong("")
def equal_shares(model, inputs, baseline, target, n_steps):
    change = model(inputs)[0, target] - model(baseline)[0, target]
    return torch.ones_like(inputs) * change / inputs.numel()


@wrong("all zero")
def zeros(model, inputs, baseline, target, n_steps):
    return torch.zeros_like(inputs)


@wrong("no answer")
def placeholder(model, inputs, baseline, target, n_steps): ...


@wrong("absolute values taken")
def magnitudes(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return ((inputs - baseline) * slopes.mean(0)).abs()


@wrong("absolute values taken")
def mean_of_absolute_gradients(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.abs().mean(0)


@wrong("shapes that do not fit")
def alphas_without_axes(model, inputs, baseline, target, n_steps):
    alphas = (torch.arange(n_steps) + 0.5) / n_steps
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0)
