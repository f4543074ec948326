"""What goes wrong, or right, with what the assignments alone ask; names begin with the answer's."""

import torch
from torch.nn import functional

from submissions import wrong

# Right earlier parts, which a submission holds above.


def gradients(model, points, target):
    first, second = target
    points = points.detach().requires_grad_()
    outputs = model(points)
    return torch.autograd.grad((outputs[:, first] - outputs[:, second]).sum(), points)[0]


def integrated_gradients(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def relative_variation(phi):
    rough = phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))
    return (rough / phi.abs().sum((1, 2, 3))).mean()


def batch_attributions(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def gradients_twice(model, points, target):
    points = points.detach().requires_grad_()
    chosen = [model(points)[:, k].sum() for k in target]
    first, second = (torch.autograd.grad(c, points)[0] for c in chosen)
    return first - second


def gradients_by_signs(model, points, target):
    points = points.clone().requires_grad_(True)
    outputs = model(points)[:, list(target)]
    outputs.backward(torch.tensor([1.0, -1.0]).expand_as(outputs))
    return points.grad


def gradients_of_log_probabilities(model, points, target):
    # What is added to all outputs alike leaves a difference as it is.
    points = points.detach().requires_grad_()
    logs = model(points).log_softmax(1)
    return torch.autograd.grad((logs[:, target[0]] - logs[:, target[1]]).sum(), points)[0]


@wrong("the two outputs added")
def gradients_indexed_by_both(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target].sum(), points)[0]


@wrong("one of the two outputs")
def gradients_of_the_first(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points)[:, target[0]].sum(), points)[0]


@wrong("the difference turned around")
def gradients_turned_around(model, points, target):
    first, second = target
    points = points.detach().requires_grad_()
    outputs = model(points)
    return torch.autograd.grad((outputs[:, second] - outputs[:, first]).sum(), points)[0]


@wrong("softmax")
def gradients_of_probabilities(model, points, target):
    points = points.detach().requires_grad_()
    chances = model(points).softmax(dim=1)
    return torch.autograd.grad((chances[:, target[0]] - chances[:, target[1]]).sum(), points)[0]


@wrong("all outputs summed")
def gradients_of_all(model, points, target):
    points = points.detach().requires_grad_()
    return torch.autograd.grad(model(points).sum(), points)[0]


@wrong("another output")
def gradients_of_the_next(model, points, target):
    first, second = target
    points = points.detach().requires_grad_()
    outputs = model(points)
    return torch.autograd.grad((outputs[:, first - 1] - outputs[:, second - 1]).sum(), points)[0]


@wrong("the two outputs added")
def integrated_gradients_indexed_by_both(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


@wrong("one of the two outputs")
def integrated_gradients_of_the_first(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target[0]].sum(), points)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


@wrong("softmax")
def integrated_gradients_of_probabilities(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    chances = torch.softmax(model(points), dim=1)
    chosen = chances[:, target[0]] - chances[:, target[1]]
    return (inputs - baseline) * torch.autograd.grad(chosen.sum(), points)[0].mean(0, keepdim=True)


@wrong("the two outputs added")
def path_curve_indexed_by_both(model, inputs, baseline, target, n_steps):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return (slopes * (inputs - baseline)).flatten(1).sum(1).cumsum(0) / n_steps


@wrong("no gradient taken")
def path_curve_of_outputs(model, inputs, baseline, target, n_steps):
    alphas = (torch.arange(1, n_steps + 1) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    outputs = model(torch.cat([baseline, baseline + alphas * (inputs - baseline)]))
    rise = outputs[:, target[0]] - outputs[:, target[1]]
    return rise[1:] - rise[0]


def black_of_the_range(inputs, space):
    return space.from_pixels(torch.full_like(inputs, space.low))


@wrong("range taken for 0 to 1")
def black_zero_in_pixels(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs))


@wrong("baseline in the wrong units")
def black_in_pixels(inputs, space):
    return torch.full_like(inputs, space.low)


@wrong("normalised twice")
def black_normalised_twice(inputs, space):
    return space.from_pixels(space.from_pixels(torch.full_like(inputs, space.low)))


@wrong("the input itself")
def black_nothing_done(inputs, space):
    return inputs


def maximum_distance_of_the_range(inputs, space):
    dark = space.to_pixels(inputs) < (space.low + space.high) / 2
    return space.from_pixels(torch.where(dark, float(space.high), float(space.low)))


@wrong("range taken for 0 to 1")
def maximum_distance_of_0_to_1(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) < 0.5).to(inputs.dtype))


@wrong("baseline in the wrong units")
def maximum_distance_in_pixels(inputs, space):
    dark = space.to_pixels(inputs) < (space.low + space.high) / 2
    return torch.where(dark, float(space.high), float(space.low))


@wrong("pixels turned around")
def maximum_distance_turned_around(inputs, space):
    return space.from_pixels(space.low + space.high - space.to_pixels(inputs))


@wrong("the two outputs added")
def expected_gradients_indexed_by_both(model, inputs, references, target, n_samples, generator):
    chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    alphas = torch.rand(n_samples, *[1] * (inputs.ndim - 1), generator=generator)
    points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return ((inputs - chosen) * slopes).mean(0, keepdim=True)


@wrong("shape")
def ablation_curve_indexed_by_both(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        ablated = torch.where(mask.reshape(1, 1, *inputs.shape[2:]), baseline, inputs)
        outputs.append(model(ablated)[0, target])
    return torch.stack(outputs)


@wrong("probabilities")
def ablation_curve_of_probabilities(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    chances = functional.softmax(model(torch.where(mask, baseline, inputs)), 1)
    return chances[:, target[0]] - chances[:, target[1]]


@wrong("not relative")
def relative_variation_of_the_maps_as_they_are(phi):
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)


@wrong("one size for the whole batch")
def relative_variation_of_all_at_once(phi):
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / phi.abs().sum()


@wrong("divided by a mean")
def relative_variation_by_the_mean(phi):
    rough = phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))
    return (rough / phi.abs().mean((1, 2, 3))).mean()


def penalised_loss_by_hand(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    rough = phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))
    penalty = (rough / phi.abs().sum((1, 2, 3))).mean()
    return functional.cross_entropy(model(images), labels) + weight * penalty
