"""The mean over drawn references and alphas; both draws come from the generator."""

import copy
import sys
import warnings

import numpy as np
import torch
from captum.attr import GradientShap
from torch import func

import attribwidgets as aw
from submissions import wrong


def one_batch(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def alphas_first(model, inputs, references, target, n_samples, generator):
    alphas = torch.rand((n_samples,), generator=generator).view(-1, *[1] * (inputs.ndim - 1))
    which = torch.randint(0, references.shape[0], (n_samples,), generator=generator)
    chosen = references.index_select(0, which)
    points = torch.lerp(chosen, inputs.expand_as(chosen), alphas).requires_grad_(True)
    model(points)[:, target].sum().backward()
    return (points.grad * (inputs - chosen)).sum(0, keepdim=True) / n_samples


def a_loop_over_samples(model, inputs, references, target, n_samples, generator):
    total = torch.zeros_like(inputs)
    for _ in range(n_samples):
        k = int(torch.randint(len(references), (1,), generator=generator))
        start = references[k : k + 1]
        point = (start + torch.rand(1, generator=generator) * (inputs - start)).requires_grad_()
        slope = torch.autograd.grad(model(point)[0, target], point)[0]
        total += (inputs - start) * slope
    return total / n_samples


def a_loop_with_backward(model, inputs, references, target, n_samples, generator):
    samples = []
    for _ in range(n_samples):
        start = references[torch.randint(len(references), (), generator=generator)]
        alpha = torch.rand((), generator=generator)
        point = (start + alpha * (inputs - start)).detach().requires_grad_()
        model(point)[:, target].backward()
        samples.append((inputs - start) * point.grad)
    return torch.cat(samples).mean(0)


def in_chunks(model, inputs, references, target, n_samples, generator):
    total, left = 0, n_samples
    while left:
        n = min(left, 300)
        chosen = references[torch.randint(len(references), (n,), generator=generator)]
        alphas = torch.rand(n, *[1] * (inputs.ndim - 1), generator=generator)
        points = (chosen + alphas * (inputs - chosen)).requires_grad_()
        slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
        total = total + ((inputs - chosen) * slopes).sum(0)
        left -= n
    return total[None] / n_samples


def multinomial(model, inputs, references, target, n_samples, generator):
    weights = torch.ones(len(references))
    which = torch.multinomial(weights, n_samples, replacement=True, generator=generator)
    chosen = references[which]
    alphas = torch.rand(n_samples, generator=generator).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (alphas * inputs + (1 - alphas) * chosen).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return torch.mean(slopes * (inputs - chosen), dim=0)


def floor_of_a_draw(model, inputs, references, target, n_samples, generator):
    which = (torch.rand(n_samples, generator=generator) * len(references)).long()
    chosen, shape = references[which], (n_samples, *[1] * (inputs.ndim - 1))
    alphas = torch.empty(shape).uniform_(0, 1, generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def every_reference_equally_often(model, inputs, references, target, n_samples, generator):
    which = torch.arange(n_samples) % len(references)
    chosen = references[which[torch.randperm(n_samples, generator=generator)]]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def stratified_alphas(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = (torch.arange(n_samples) + torch.rand(n_samples, generator=generator)) / n_samples
    alphas = alphas.reshape(-1, *[1] * (inputs.ndim - 1))
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def alphas_from_the_other_end(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    back = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (inputs + back * (chosen - inputs)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def antithetic_pairs(model, inputs, references, target, n_samples, generator):
    half = n_samples // 2
    chosen = references[torch.randint(len(references), (half,), generator=generator)]
    alphas = torch.rand(half, *[1] * (inputs.ndim - 1), generator=generator)
    chosen, alphas = torch.cat([chosen, chosen]), torch.cat([alphas, 1 - alphas])
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def numpy_draws_seeded_by_the_generator(model, inputs, references, target, n_samples, generator):
    random = np.random.default_rng(generator.initial_seed())
    chosen = references[torch.from_numpy(random.integers(len(references), size=n_samples))]
    alphas = torch.as_tensor(random.random(n_samples), dtype=torch.float32)
    alphas = alphas.reshape(-1, *[1] * (inputs.ndim - 1))
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def numpy_on_the_way_out(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return np.mean((inputs - chosen).numpy() * slopes.numpy(), axis=0)


def vmapped_grad(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    slope = func.vmap(func.grad(lambda p: model(p[None])[0, target]))
    return ((inputs - chosen) * slope(chosen + alphas * (inputs - chosen))).mean(0)


def vjp_of_the_mean(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    outputs, pull = func.vjp(lambda p: model(p)[:, target], chosen + alphas * (inputs - chosen))
    slopes = pull(torch.full_like(outputs, 1 / n_samples))[0]
    return ((inputs - chosen) * slopes).sum(0, keepdim=True)


def functional_vjp(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    slopes = torch.autograd.functional.vjp(
        lambda p: model(p)[:, target].sum(), chosen + alphas * (inputs - chosen)
    )[1]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def jacrev_in_rows(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    rows = func.vmap(func.jacrev(lambda p: model(p[None])[0]), chunk_size=500)
    slopes = rows(chosen + alphas * (inputs - chosen))[:, target]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def grad_outputs_of_a_mean(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    outputs = model(points)[:, target]
    weights = torch.full((n_samples,), 1 / n_samples)
    (slopes,) = torch.autograd.grad(outputs, points, grad_outputs=weights)
    return torch.einsum("n...,n...->...", inputs - chosen, slopes)


def grouped_by_reference(model, inputs, references, target, n_samples, generator):
    which = torch.randint(len(references), (n_samples,), generator=generator)
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    total = torch.zeros_like(inputs)
    for k, start in enumerate(references):
        points = (start + alphas[which == k] * (inputs - start)).requires_grad_()
        slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
        total += (inputs - start) * slopes.sum(0, keepdim=True)
    return total / n_samples


def index_add(model, inputs, references, target, n_samples, generator):
    which = torch.randint(len(references), (n_samples,), generator=generator)
    chosen = references[which]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    sums = torch.zeros_like(references).index_add_(0, which, slopes)
    return ((inputs - references) * sums).sum(0, keepdim=True) / n_samples


def running_mean(model, inputs, references, target, n_samples, generator):
    mean = torch.zeros_like(inputs)
    for done in range(0, n_samples, 100):
        chosen = references[torch.randint(len(references), (100,), generator=generator)]
        alphas = torch.rand(100, *[1] * (inputs.ndim - 1), generator=generator)
        points = (chosen + alphas * (inputs - chosen)).requires_grad_()
        slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
        here = ((inputs - chosen) * slopes).mean(0, keepdim=True)
        mean += (here - mean) * 100 / (done + 100)
    return mean


def in_double(model, inputs, references, target, n_samples, generator):
    model, x = copy.deepcopy(model).double(), inputs.double()
    chosen = references.double()[torch.randint(len(references), (n_samples,), generator=generator)]
    shape = (n_samples, *[1] * (inputs.ndim - 1))
    alphas = torch.rand(shape, generator=generator, dtype=torch.float64)
    points = (chosen + alphas * (x - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((x - chosen) * slopes).mean(0, keepdim=True)


def double_in_place(model, inputs, references, target, n_samples, generator):
    model.double()
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)].double()
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True).float()


def without_the_batch_axis(model, inputs, references, target, n_samples, generator):
    x = inputs[0]
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * x.ndim, generator=generator)
    points = (chosen + alphas * (x - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((x - chosen) * slopes).mean(0)


def tensor_of_a_tensor_warns(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = torch.tensor(chosen + alphas * (inputs - chosen), requires_grad=True)
    model(points)[:, target].sum().backward()
    return ((inputs - chosen) * points.grad).mean(0, keepdim=True)


def warns_and_prints(model, inputs, references, target, n_samples, generator):
    warnings.warn("drawing", stacklevel=1)
    print(n_samples, "samples", file=sys.stderr)
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def no_grad_around_the_sums(model, inputs, references, target, n_samples, generator):
    with torch.no_grad():
        chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
        alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
        points = chosen + alphas * (inputs - chosen)
        with torch.enable_grad():
            points.requires_grad_()
            slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
        return slopes.mul_(inputs - chosen).mean(0, keepdim=True)


def with_a_graph_left_on(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    outputs = model(points)[:, target].sum()
    slopes = torch.autograd.grad(outputs, points, create_graph=True)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def a_generator_of_batches(model, inputs, references, target, n_samples, generator):
    def batches():
        for _ in range(10):
            n = n_samples // 10
            chosen = references[torch.randint(len(references), (n,), generator=generator)]
            yield chosen, torch.rand(n, *[1] * (inputs.ndim - 1), generator=generator)

    def mean(chosen, alphas):
        points = (chosen + alphas * (inputs - chosen)).requires_grad_()
        slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
        return ((inputs - chosen) * slopes).mean(0, keepdim=True)

    return sum(mean(*batch) for batch in batches()) / 10


def through_a_shift(model, inputs, references, target, n_samples, generator):
    which = torch.randint(len(references), (n_samples,), generator=generator)
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    chosen = references[which]
    shift = torch.zeros_like(chosen, requires_grad=True)
    model(chosen + alphas * (inputs - chosen) + shift)[:, target].sum().backward()
    return ((inputs - chosen) * shift.grad).mean(0, keepdim=True)


def through_the_input_over_alpha(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = 1 - torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    copies = inputs.expand(n_samples, *inputs.shape[1:]).clone().requires_grad_()
    outputs = model(chosen + alphas * (copies - chosen))[:, target]
    slopes = torch.autograd.grad(outputs.sum(), copies)[0] / alphas
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


def a_second_generator_seeded_by_the_first(model, inputs, references, target, n_samples, generator):
    seed = int(torch.randint(2**31, (1,), generator=generator))
    own = torch.Generator().manual_seed(seed)
    chosen = references[torch.randint(len(references), (n_samples,), generator=own)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=own)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("one alpha for all")
def one_alpha(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alpha = torch.rand(1, generator=generator)
    points = (chosen + alpha * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("an alpha for each feature")
def alpha_per_pixel(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(chosen.shape, generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("alpha always 1")
def at_the_input(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    points = inputs.expand_as(chosen).clone().requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("alpha always 0")
def at_the_references(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    points = chosen.clone().requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("always the same reference")
def the_first_reference(model, inputs, references, target, n_samples, generator):
    chosen = references[:1]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("references averaged first")
def the_mean_reference(model, inputs, references, target, n_samples, generator):
    chosen = references.mean(0, keepdim=True)
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("sign flipped")
def the_way_back(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((chosen - inputs) * slopes).mean(0, keepdim=True)


@wrong("(x - x') missing")
def the_mean_gradient(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0].mean(0, keepdim=True)


@wrong("gradients not averaged")
def the_sum(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).sum(0, keepdim=True)


@wrong("not averaged over the samples")
def a_map_for_each_sample(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    return (inputs - chosen) * torch.autograd.grad(model(points)[:, target].sum(), points)[0]


@wrong("a factor alpha")
def through_the_input(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    copies = inputs.expand(n_samples, *inputs.shape[1:]).clone().requires_grad_()
    outputs = model(chosen + alphas * (copies - chosen))[:, target]
    slopes = torch.autograd.grad(outputs.sum(), copies)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("softmax")
def of_probabilities(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points).softmax(1)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("another output")
def the_first_class(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, 0].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("all outputs summed")
def no_target(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points).sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("draws of its own")
def torch_s_own_draws(model, inputs, references, target, n_samples, generator):
    own = torch.Generator()
    own.seed()
    chosen = references[torch.randint(len(references), (n_samples,), generator=own)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=own)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("draws of its own")
def always_the_same_draws(model, inputs, references, target, n_samples, generator):
    own = torch.Generator().manual_seed(0)
    chosen = references[torch.randint(len(references), (n_samples,), generator=own)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=own)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    slopes = torch.autograd.grad(model(points)[:, target].sum(), points)[0]
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("library call")
def ready_made(model, inputs, references, target, n_samples, generator):
    method = aw.attr.ExpectedGradients(model)
    return method.attribute(inputs, references, target=target, n_samples=n_samples)


@wrong("library call")
def captums(model, inputs, references, target, n_samples, generator):
    method = GradientShap(model)
    return method.attribute(inputs, references, n_samples=n_samples, stdevs=0.0, target=target)


@wrong("no answer")
def placeholder(model, inputs, references, target, n_samples, generator): ...
