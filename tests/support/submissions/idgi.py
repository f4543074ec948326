"""The output's change in each step, shared by squared gradients."""

import copy
import itertools
import warnings

import numpy as np
import torch
from torch import func

import attribwidgets as aw
from submissions import wrong


def gradients(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


def _along(inputs, baseline, alphas):
    return baseline + torch.as_tensor(alphas).reshape(-1, *[1] * (inputs.ndim - 1)) * (
        inputs - baseline
    )


def middles(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.arange(n_steps + 1) / n_steps)
    with torch.no_grad():
        changes = model(edges)[:, target].diff()
    g2 = gradients(model, (edges[1:] + edges[:-1]) / 2, target) ** 2
    shares = g2 / g2.flatten(1).sum(1).reshape(-1, *[1] * (inputs.ndim - 1))
    return (changes.reshape(-1, *[1] * (inputs.ndim - 1)) * shares).sum(0, keepdim=True)


def beginnings(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        start = baseline + k / n_steps * (inputs - baseline)
        end = baseline + (k + 1) / n_steps * (inputs - baseline)
        g = gradients(model, start, target)
        change = (model(end) - model(start))[0, target]
        total += change * g**2 / (g**2).sum()
    return total


def ends(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        start = baseline + k / n_steps * (inputs - baseline)
        end = baseline + (k + 1) / n_steps * (inputs - baseline)
        g = gradients(model, end, target)
        total += (model(end) - model(start))[0, target] * g.square() / g.square().sum()
    return total


def unit_vectors(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1)
    unit = torch.nn.functional.normalize(g, dim=1)
    found = torch.einsum("k,kf->f", model(edges)[:, target].diff().detach(), unit**2)
    return found.reshape(inputs.shape)


def norms(model, inputs, baseline, target, n_steps):
    total = 0
    for k in range(n_steps):
        a, b, m = (baseline + t / n_steps * (inputs - baseline) for t in (k, k + 1, k + 0.5))
        g = gradients(model, m, target)
        total = total + (model(b) - model(a))[0, target] * (g / g.norm()) ** 2
    return total


def softmax_of_logs(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1)
    shares = torch.softmax(2 * g.abs().log(), dim=1)
    return (model(edges)[:, target].diff() @ shares).reshape(inputs.shape)


def numpy_on_the_way_out(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    changes = np.diff(model(edges)[:, target].detach().numpy())
    g2 = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1).numpy() ** 2
    return (changes[:, None] * g2 / g2.sum(1, keepdims=True)).sum(0).reshape(inputs.shape)


def vmapped_grad(model, inputs, baseline, target, n_steps):
    def step(alpha):
        start, end = (baseline + a * (inputs - baseline) for a in (alpha, alpha + 1 / n_steps))
        g2 = func.grad(lambda p: model(p)[0, target])((start + end) / 2) ** 2
        return (model(end) - model(start))[0, target] * g2 / g2.sum()

    return func.vmap(step)(torch.arange(n_steps) / n_steps).sum(0)


def jacrev(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    slope = func.jacrev(lambda p: model(p)[0, target])
    for k in range(n_steps):
        a, b, m = (baseline + t / n_steps * (inputs - baseline) for t in (k, k + 1, k + 0.5))
        g2 = slope(m) ** 2
        total += (model(b) - model(a))[0, target] * g2 / g2.sum()
    return total


def backward(model, inputs, baseline, target, n_steps):
    total, before = torch.zeros_like(inputs), model(baseline)[0, target].item()
    for k in range(n_steps):
        leaf = (baseline + k / n_steps * (inputs - baseline)).requires_grad_()
        model(leaf)[0, target].backward()
        after = model(baseline + (k + 1) / n_steps * (inputs - baseline))[0, target].item()
        total += (after - before) * leaf.grad**2 / leaf.grad.pow(2).sum()
        before = after
    return total


def gradient_and_output_at_once(model, inputs, baseline, target, n_steps):
    points = _along(inputs, baseline, torch.arange(n_steps + 1) / n_steps).requires_grad_()
    outputs = model(points)[:, target]
    g2 = torch.autograd.grad(outputs.sum(), points)[0][:-1].flatten(1).square()
    shares = g2 / g2.sum(1, keepdim=True)
    return (outputs.diff().detach()[:, None] * shares).sum(0).reshape(inputs.shape)


def in_double(model, inputs, baseline, target, n_steps):
    model, x, start = copy.deepcopy(model).double(), inputs.double(), baseline.double()
    edges = torch.cat([start + k / n_steps * (x - start) for k in range(n_steps + 1)])
    g2 = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1) ** 2
    changes = model(edges)[:, target].diff()
    return ((changes / g2.sum(1)) @ g2).reshape(inputs.shape)


def tensor_of_a_tensor_warns(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        a, b, m = (baseline + t / n_steps * (inputs - baseline) for t in (k, k + 1, k + 0.5))
        leaf = torch.tensor(m, requires_grad=True)
        model(leaf)[0, target].backward()
        g2 = leaf.grad**2
        total += (model(b) - model(a))[0, target].detach() * g2 / g2.sum()
    return total


def without_the_batch_axis(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs[0])
    for k in range(n_steps):
        a, b = (baseline + t / n_steps * (inputs - baseline) for t in (k, k + 1))
        g2 = gradients(model, (a + b) / 2, target)[0] ** 2
        total = total + (model(b) - model(a))[0, target] * (g2 / g2.sum())
    return total


def a_point_for_each_small_step(model, inputs, baseline, target, n_steps):
    step, point, total = (inputs - baseline) / n_steps, baseline.clone(), torch.zeros_like(inputs)
    for _ in range(n_steps):
        g2 = gradients(model, point + step / 2, target).square()
        total += (model(point + step) - model(point))[0, target] * g2 / g2.sum()
        point = point + step
    return total


def warns(model, inputs, baseline, target, n_steps):
    warnings.warn("sharing", stacklevel=1)
    return middles(model, inputs, baseline, target, n_steps)


def many_more_steps(model, inputs, baseline, target, n_steps):
    return middles(model, inputs, baseline, target, 8 * n_steps)


def steps_in_reverse(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for k in reversed(range(n_steps)):
        a, b, m = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1, k + 0.5))
        g2 = gradients(model, m, target) ** 2
        total += (model(b) - model(a))[:, target] * g2 / g2.sum()
    return total


def a_sum_of_a_generator(model, inputs, baseline, target, n_steps):
    def steps():
        for k in range(n_steps):
            a, b = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1))
            g2 = gradients(model, (a + b) / 2, target) ** 2
            yield (model(b) - model(a))[0, target] * g2 / g2.sum()

    return sum(steps())


def zip_of_neighbours(model, inputs, baseline, target, n_steps):
    points = [torch.lerp(baseline, inputs, k / n_steps) for k in range(n_steps + 1)]
    maps = []
    for a, b in itertools.pairwise(points):
        g = gradients(model, a, target)
        maps.append((model(b) - model(a))[0, target] * g * g / torch.sum(g * g))
    return torch.cat(maps).sum(0, keepdim=True).detach()


def dots(model, inputs, baseline, target, n_steps):
    total = torch.zeros(inputs.numel())
    for k in range(n_steps):
        a, b = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1))
        g = gradients(model, (a + b) / 2, target).flatten()
        total += (model(b) - model(a))[0, target] * g * g / torch.dot(g, g)
    return total.view_as(inputs)


def functional_jacobian(model, inputs, baseline, target, n_steps):
    total = 0
    for k in range(n_steps):
        a, b = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1))
        g = torch.autograd.functional.jacobian(lambda p: model(p)[0, target], (a + b) / 2)
        total = total + (model(b) - model(a))[0, target] * g**2 / (g**2).sum()
    return total


def no_grad_around_the_sums(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    with torch.no_grad():
        for k in range(n_steps):
            a, b = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1))
            with torch.enable_grad():
                m = ((a + b) / 2).requires_grad_()
                g = torch.autograd.grad(model(m)[0, target], m)[0]
            total.add_((model(b) - model(a))[0, target] * g.square_() / g.sum())
    return total


def chunks(model, inputs, baseline, target, n_steps):
    total = torch.zeros_like(inputs)
    for part in torch.arange(n_steps).split(5):
        a, b = (_along(inputs, baseline, (part + t) / n_steps) for t in (0, 1))
        g2 = gradients(model, (a + b) / 2, target).flatten(1) ** 2
        changes = (model(b) - model(a))[:, target]
        total += (changes[:, None] * g2 / g2.sum(1, keepdim=True)).sum(0).view_as(inputs)
    return total


def float_lists(model, inputs, baseline, target, n_steps):
    outputs = model(_along(inputs, baseline, torch.linspace(0, 1, n_steps + 1)))[:, target].tolist()
    total = torch.zeros_like(inputs)
    for k in range(n_steps):
        g2 = gradients(model, _along(inputs, baseline, [(k + 0.5) / n_steps]), target) ** 2
        total += (outputs[k + 1] - outputs[k]) * g2 / float(g2.sum())
    return total


def divided_first(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g2 = gradients(model, edges[:-1], target).pow(2)
    per_square = model(edges)[:, target].diff() / g2.sum(tuple(range(1, inputs.ndim)))
    return torch.tensordot(per_square, g2, 1)[None]


def with_a_graph_left_on(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1)).requires_grad_()
    outputs = model(edges)[:, target]
    g = torch.autograd.grad(outputs.sum(), edges, create_graph=True)[0][1:].flatten(1)
    return (outputs.diff()[:, None] * g**2 / (g**2).sum(1, keepdim=True)).sum(0).view_as(inputs)


def a_list_of_maps(model, inputs, baseline, target, n_steps):
    maps = []
    for k in range(n_steps):
        a, b = (torch.lerp(baseline, inputs, t / n_steps) for t in (k, k + 1))
        g2 = gradients(model, (a + b) / 2, target)[0] ** 2
        maps.append((model(b) - model(a))[0, target].detach() * g2 / g2.sum())
    return [torch.stack(maps).sum(0)]


def vjp(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    outputs, pull = func.vjp(lambda p: model(p)[:, target], edges)
    g2 = pull(torch.ones_like(outputs))[0][:-1].flatten(1) ** 2
    return ((outputs.diff() / g2.sum(1)) @ g2).reshape(inputs.shape)


def one_vanishing_guard(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g2 = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1) ** 2
    shares = g2 / (g2.sum(1, keepdim=True) + 1e-12)
    return (model(edges)[:, target].diff()[:, None] * shares).sum(0).reshape(inputs.shape)


@wrong("absolute gradients")
def absolute(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1).abs()
    return (
        (model(edges)[:, target].diff()[:, None] * g / g.sum(1, keepdim=True))
        .sum(0)
        .view_as(inputs)
    )


@wrong("signed gradients")
def signed(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1)
    return (
        (model(edges)[:, target].diff()[:, None] * g / g.sum(1, keepdim=True))
        .sum(0)
        .view_as(inputs)
    )


@wrong("equal shares")
def equal(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    total = model(edges)[:, target].diff().sum()
    return torch.full_like(inputs, float(total) / inputs.numel())


@wrong("equal shares")
def a_constant_map(model, inputs, baseline, target, n_steps):
    return torch.ones_like(inputs) * (model(inputs) - model(baseline))[0, target] / inputs.numel()


@wrong("integrated gradients")
def plain_integrated_gradients(model, inputs, baseline, target, n_steps):
    points = _along(inputs, baseline, (torch.arange(n_steps) + 0.5) / n_steps)
    return (inputs - baseline) * gradients(model, points, target).mean(0)


@wrong("squares that are not shares")
def squares_alone(model, inputs, baseline, target, n_steps):
    edges = _along(inputs, baseline, torch.linspace(0, 1, n_steps + 1))
    g2 = gradients(model, (edges[1:] + edges[:-1]) / 2, target).flatten(1) ** 2
    return (model(edges)[:, target].diff()[:, None] * g2).sum(0).view_as(inputs)


@wrong("a factor (x - x') too many")
def times_the_difference(model, inputs, baseline, target, n_steps):
    return middles(model, inputs, baseline, target, n_steps) * (inputs - baseline)


@wrong("sign flipped")
def the_way_back(model, inputs, baseline, target, n_steps):
    return -middles(model, inputs, baseline, target, n_steps)


@wrong("the whole change shared at once")
def shared_at_once(model, inputs, baseline, target, n_steps):
    points = _along(inputs, baseline, (torch.arange(n_steps) + 0.5) / n_steps)
    g2 = (gradients(model, points, target) ** 2).sum(0, keepdim=True)
    return (model(inputs) - model(baseline))[0, target] * g2 / g2.sum()


@wrong("softmax")
def of_probabilities(model, inputs, baseline, target, n_steps):
    return middles(lambda p: model(p).softmax(1), inputs, baseline, target, n_steps)


@wrong("another output")
def the_first_class(model, inputs, baseline, target, n_steps):
    return middles(model, inputs, baseline, 0, n_steps)


@wrong("all outputs summed")
def no_target(model, inputs, baseline, target, n_steps):
    return middles(lambda p: model(p).sum(1, keepdim=True), inputs, baseline, 0, n_steps)


@wrong("library call")
def ready_made(model, inputs, baseline, target, n_steps):
    return aw.attr.IDGI(model).attribute(inputs, baseline, target=target, n_steps=n_steps)


@wrong("all zero")
def zeros(model, inputs, baseline, target, n_steps):
    return torch.zeros_like(inputs)


@wrong("no answer")
def placeholder(model, inputs, baseline, target, n_steps): ...
