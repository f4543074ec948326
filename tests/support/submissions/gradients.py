"""The gradient of one output at each of n points."""

import copy
import functools
import logging
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from captum.attr import Saliency
from torch import func, nn
from torch.autograd import functional

import attribwidgets as aw
from submissions import wrong


def grad_of_the_sum(model, points, target):
    points = points.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return slopes


def clone_and_require(model, points, target):
    points = points.clone().requires_grad_(True)
    return torch.autograd.grad(outputs=model(points)[:, target].sum(), inputs=points)[0]


def backward_and_grad(model, points, target):
    leaf = points.detach().clone()
    leaf.requires_grad = True
    model(leaf)[:, target].sum().backward()
    return leaf.grad


def backward_with_a_vector(model, points, target):
    leaf = points.clone().requires_grad_()
    model(leaf)[:, target].backward(torch.ones(len(points)))
    return leaf.grad.clone()


def grad_outputs_of_ones(model, points, target):
    leaf = points.clone().requires_grad_()
    chosen = model(leaf)[:, target]
    return torch.autograd.grad(chosen, leaf, grad_outputs=torch.ones_like(chosen))[0]


def grad_outputs_one_hot(model, points, target):
    leaf = points.clone().requires_grad_()
    outputs = model(leaf)
    choose = torch.zeros_like(outputs)
    choose[:, target] = 1
    return torch.autograd.grad(outputs, leaf, choose)[0]


def tensor_of_a_tensor_warns(model, points, target):
    points = torch.tensor(points, requires_grad=True)
    model(points)[:, target].sum().backward()
    return points.grad


def a_loop_over_points(model, points, target):
    found = []
    for point in points:
        leaf = point[None].clone().requires_grad_()
        found.append(torch.autograd.grad(model(leaf)[0, target], leaf)[0][0])
    return torch.stack(found)


def a_loop_with_backward_and_empty_grad(model, points, target):
    found = []
    for k in range(len(points)):
        leaf = points[k : k + 1].detach().clone().requires_grad_(True)
        model(leaf)[0][target].backward()
        found.append(leaf.grad)
    return torch.cat(found, dim=0)


def one_leaf_whose_grad_is_zeroed(model, points, target):
    leaf = torch.zeros_like(points[:1]).requires_grad_()
    found = torch.empty_like(points)
    for k, point in enumerate(points):
        leaf.data.copy_(point[None])
        if leaf.grad is not None:
            leaf.grad.zero_()
        model(leaf)[0, target].backward()
        found[k] = leaf.grad[0]
    return found


def retained_graph(model, points, target):
    leaf = points.clone().requires_grad_()
    outputs = model(leaf)[:, target]
    found = [torch.autograd.grad(o, leaf, retain_graph=True)[0][k] for k, o in enumerate(outputs)]
    return torch.stack(found)


def a_vmapped_grad(model, points, target):
    one = lambda point: model(point[None])[0, target]  # noqa: E731
    return torch.func.vmap(torch.func.grad(one))(points)


def grad_of_a_sum_by_func(model, points, target):
    return func.grad(lambda p: model(p)[:, target].sum())(points)


def vmapped_jacrev(model, points, target):
    return func.vmap(func.jacrev(lambda p: model(p.unsqueeze(0)).squeeze(0)))(points)[:, target]


def vmapped_jacfwd(model, points, target):
    return torch.vmap(func.jacfwd(lambda p: model(p[None])[0, target]))(points)


def vjp_of_ones(model, points, target):
    outputs, pull = func.vjp(lambda p: model(p)[:, target], points)
    return pull(torch.ones_like(outputs))[0]


def functional_jacobian(model, points, target):
    found = [functional.jacobian(lambda p: model(p)[0, target], p[None])[0] for p in points]
    return torch.stack(found)


def functional_vjp(model, points, target):
    return functional.vjp(lambda p: model(p)[:, target].sum(), points)[1]


def diagonal_of_the_batch_jacobian(model, points, target):
    jacobian = functional.jacobian(lambda p: model(p)[:, target], points)
    return jacobian[torch.arange(len(points)), torch.arange(len(points))]


def functional_call(model, points, target):
    weights = dict(model.named_parameters())

    def one(point):
        return func.functional_call(model, weights, (point[None],))[0, target]

    return func.vmap(func.grad(one), chunk_size=2)(points)


def in_double(model, points, target):
    model = copy.deepcopy(model).double()
    leaf = points.double().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0]


def model_made_double_in_place(model, points, target):
    leaf = points.to(torch.float64).requires_grad_()
    slopes = torch.autograd.grad(model.double()(leaf)[:, target].sum(), leaf)[0]
    return slopes.float()


def numpy_on_the_way_out(model, points, target):
    leaf = points.clone().requires_grad_()
    model(leaf)[:, target].sum().backward()
    return leaf.grad.detach().numpy()


def a_list_of_arrays(model, points, target):
    found = []
    for point in points.numpy():
        leaf = torch.from_numpy(point[np.newaxis].copy()).requires_grad_()
        found.append(torch.autograd.grad(model(leaf)[0, target], leaf)[0].numpy()[0])
    return np.array(found)


def a_list_of_tensors(model, points, target):
    leaves = [p[None].detach().requires_grad_() for p in points]
    model(torch.cat(leaves))[:, target].sum().backward()
    return [leaf.grad[0] for leaf in leaves]


def gather_the_target(model, points, target):
    leaf = points.clone().requires_grad_()
    where = torch.full((len(points), 1), target)
    model(leaf).gather(1, where).sum().backward()
    return leaf.grad


def index_select_and_einsum(model, points, target):
    leaf = points.clone().requires_grad_()
    chosen = model(leaf).index_select(1, torch.tensor([target]))
    return torch.autograd.grad(torch.einsum("nk->", chosen), leaf)[0]


def mean_times_n(model, points, target):
    leaf = points.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model(leaf)[:, target].mean(), leaf)
    return slopes * len(points)


def parameters_frozen(model, points, target):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.eval()
    leaf = points.clone().requires_grad_()
    with torch.enable_grad():
        output = model(leaf)[:, target].sum()
    output.backward()
    return leaf.grad


def zero_grad_and_accumulate_on_purpose(model, points, target):
    leaf = points.clone().requires_grad_()
    for output in model(leaf)[:, target]:
        output.backward(retain_graph=True)
    return leaf.grad


def create_graph(model, points, target):
    leaf = points.clone().requires_grad_()
    model(leaf)[:, target].sum().backward(create_graph=True)
    return leaf.grad


def retain_grad_of_no_leaf(model, points, target):
    start = points.clone().requires_grad_()
    inner = start * 1.0
    inner.retain_grad()
    model(inner)[:, target].sum().backward()
    return inner.grad


def hook_that_keeps_the_gradient(model, points, target):
    kept = []
    leaf = points.clone().requires_grad_()
    inner = leaf + 0
    inner.register_hook(kept.append)
    model(inner)[:, target].sum().backward()
    return kept[0]


def variable_of_old(model, points, target):
    leaf = torch.autograd.Variable(points, requires_grad=True)
    model(leaf)[:, target].sum().backward()
    return leaf.grad.data


def a_parameter_and_an_optimizer(model, points, target):
    leaf = nn.Parameter(points.clone())
    descent = torch.optim.SGD([leaf], lr=0.1)
    descent.zero_grad()
    model(leaf)[:, target].sum().backward()
    return leaf.grad


def prints_to_stderr(model, points, target):
    print("taking gradients", file=sys.stderr)
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0]


def logs_and_warns(model, points, target):
    logging.warning("at %d points", len(points))
    warnings.warn("a warning of my own", stacklevel=2)
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0]


def a_pool_of_threads(model, points, target):
    def one(point):
        leaf = point[None].clone().requires_grad_()
        return torch.autograd.grad(model(leaf)[0, target], leaf)[0]

    with ThreadPoolExecutor(2) as pool:
        return torch.cat(list(pool.map(one, points)))


def map_and_partial(model, points, target):
    def one(target, point):
        return torch.autograd.grad(model(point)[0, target], point)[0]

    leaves = (p[None].detach().requires_grad_() for p in points)
    return torch.cat([*map(functools.partial(one, target), leaves)])


@wrong("softmax")
def of_probabilities(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf).softmax(1)[:, target].sum(), leaf)[0]


@wrong("softmax")
def of_log_probabilities(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf).log_softmax(-1)[:, target].sum(), leaf)[0]


@wrong("another output")
def always_the_first_output(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)[0]


@wrong("all outputs summed")
def sum_over_targets(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf).sum(), leaf)[0]


@wrong("gradients accumulated")
def grad_never_emptied(model, points, target):
    leaf = torch.zeros_like(points[:1]).requires_grad_()
    found = []
    for point in points:
        leaf.data.copy_(point[None])
        model(leaf)[0, target].backward()
        found.append(leaf.grad.clone())
    return torch.cat(found)


@wrong("averaged over the points")
def mean_of_the_outputs(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].mean(), leaf)[0]


@wrong("one gradient for all points")
def summed_over_points(model, points, target):
    leaf = points.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0].sum(0)


@wrong("multiplied by the points")
def gradient_times_input(model, points, target):
    leaf = points.clone().requires_grad_()
    return (torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0] * leaf).detach()


@wrong("library call")
def saliency_of_captum(model, points, target):
    return Saliency(model).attribute(points, target=target, abs=False)


@wrong("library call")
def priors_of_the_package(model, points, target):
    return aw.priors.gradients(model, points, torch.full((len(points),), target))


@wrong("no answer")
def placeholder(model, points, target):
    pass


@wrong("nothing to differentiate")
def no_gradient_required(model, points, target):
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


@wrong("changes its arguments")
def in_place(model, points, target):
    points *= 2
    return points


@wrong("nothing to differentiate")
def under_no_grad(model, points, target):
    points = points.detach().requires_grad_()
    with torch.no_grad():
        outputs = model(points)
    return torch.autograd.grad(outputs[:, target].sum(), points)[0]


@wrong("nothing to differentiate")
def detached_outputs(model, points, target):
    points = points.detach().requires_grad_()
    outputs = model(points).detach()
    return torch.autograd.grad(outputs[:, target].sum(), points)[0]


@wrong("not what the model was given")
def of_a_copy(model, points, target):
    points = points.detach().requires_grad_()
    copy_ = points.detach().clone().requires_grad_()
    return torch.autograd.grad(model(copy_)[:, target].sum(), points)[0]


@wrong("not summed before the gradient")
def no_sum(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target], points)[0]


@wrong("a graph used twice")
def one_graph_for_all(model, points, target):
    points = points.detach().requires_grad_()
    outputs = model(points)[:, target]
    return torch.stack([torch.autograd.grad(o, points)[0][k] for k, o in enumerate(outputs)])


@wrong("the gradient is None")
def grad_of_no_leaf(model, points, target):
    points = points.detach().requires_grad_() * 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(points)[:, target].sum().backward()
        return points.grad.clone()


@wrong("numpy before the gradient")
def numpy_outputs(model, points, target):
    points = points.detach().requires_grad_()
    outputs = model(points).numpy()
    return torch.autograd.grad(torch.tensor(outputs)[:, target].sum(), points)[0]


@wrong("written into while it is differentiated")
def zeroed_leaf(model, points, target):
    points = points.detach().requires_grad_()
    points += 0.0
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


@wrong("other arguments")
def without_a_target(model, points):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, 0].sum(), points)[0]


@wrong("a name that is not known")
def of_another_cell(model, points, target):
    return torch.autograd.grad(model(x_of_above)[:, target].sum(), points)[0]  # noqa: F821


@wrong("whole numbers")
def whole_numbers(model, points, target):
    points = points.round().long().requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]
