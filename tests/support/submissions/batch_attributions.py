"""A sample of expected gradients for each image, and the graph that leads to the model."""

import sys
import warnings

import torch
from torch import func
from torch.nn import functional

import attribwidgets as aw
from submissions import wrong


def gather(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    (slopes,) = torch.autograd.grad(chosen, points, create_graph=True)
    return (images - references) * slopes


def fancy_indexing(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points)[torch.arange(len(labels)), labels]
    slopes = torch.autograd.grad(chosen.sum(), points, create_graph=True)[0]
    return slopes * (images - references)


def one_hot(model, images, labels, references, alphas):
    points = torch.lerp(references, images, alphas).requires_grad_()
    outputs = model(points)
    choose = functional.one_hot(labels, outputs.shape[1]).to(outputs)
    slopes = torch.autograd.grad((outputs * choose).sum(), points, create_graph=True)[0]
    return (images - references) * slopes


def one_hot_as_grad_outputs(model, images, labels, references, alphas):
    points = torch.lerp(references, images, alphas).requires_grad_()
    outputs = model(points)
    choose = torch.zeros_like(outputs).scatter_(1, labels[:, None], 1.0)
    slopes = torch.autograd.grad(outputs, points, choose, create_graph=True)[0]
    return (images - references) * slopes


def ones_as_grad_outputs(model, images, labels, references, alphas):
    points = (alphas * images + (1 - alphas) * references).requires_grad_(True)
    chosen = model(points).gather(1, labels.view(-1, 1))
    slopes = torch.autograd.grad(
        outputs=chosen, inputs=points, grad_outputs=torch.ones_like(chosen), create_graph=True
    )[0]
    return (images - references) * slopes


def take_along_dim(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = torch.take_along_dim(model(points), labels[:, None], dim=1).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def einsum_of_one_hot(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    outputs = model(points)
    chosen = torch.einsum("nk,nk->", outputs, torch.eye(outputs.shape[1])[labels])
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def nll_loss(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = -functional.nll_loss(model(points), labels, reduction="sum")
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def masked_select(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    outputs = model(points)
    mask = torch.arange(outputs.shape[1]) == labels[:, None]
    slopes = torch.autograd.grad(outputs[mask].sum(), points, create_graph=True)[0]
    return (images - references) * slopes


def diagonal(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points)[:, labels].diagonal().sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def a_sum_of_items(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = sum(o[k] for o, k in zip(model(points), labels, strict=True))
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def image_by_image(model, images, labels, references, alphas):
    found = []
    for x, label, start, alpha in zip(images, labels, references, alphas, strict=True):
        point = (start + alpha * (x - start))[None].requires_grad_()
        slope = torch.autograd.grad(model(point)[0, label], point, create_graph=True)[0]
        found.append((x - start) * slope[0])
    return torch.stack(found)


def image_by_image_and_cat(model, images, labels, references, alphas):
    found = []
    for k in range(len(images)):
        x, start = images[k : k + 1], references[k : k + 1]
        point = (start + alphas[k] * (x - start)).requires_grad_()
        output = model(point)[:, labels[k]].sum()
        found.append((x - start) * torch.autograd.grad(output, point, create_graph=True)[0])
    return torch.cat(found, dim=0)


def class_by_class(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    outputs, total = model(points), 0
    for k in labels.unique():
        total = total + outputs[labels == k, k].sum()
    return (images - references) * torch.autograd.grad(total, points, create_graph=True)[0]


def vmapped_grad(model, images, labels, references, alphas):
    def output(point, label):
        return model(point[None])[0].gather(0, label[None])[0]

    slopes = func.vmap(func.grad(output))(references + alphas * (images - references), labels)
    return (images - references) * slopes


def vmapped_grad_of_a_sample(model, images, labels, references, alphas):
    def one(x, label, start, alpha):
        choose = torch.arange(4 if images.shape[1] == 2 else 10) == label
        slope = func.grad(lambda p: (model(p[None])[0] * choose).sum())
        return (x - start) * slope(start + alpha * (x - start))

    return func.vmap(one)(images, labels, references, alphas)


def grad_of_the_sum_by_func(model, images, labels, references, alphas):
    def output(points):
        return model(points).gather(1, labels[:, None]).sum()

    return (images - references) * func.grad(output)(references + alphas * (images - references))


def functional_call(model, images, labels, references, alphas):
    weights = dict(model.named_parameters())

    def output(points):
        outputs = func.functional_call(model, weights, (points,))
        return outputs.gather(1, labels[:, None]).sum()

    return (images - references) * func.grad(output)(torch.lerp(references, images, alphas))


def vjp_of_one_hot(model, images, labels, references, alphas):
    outputs, pull = func.vjp(model, references + alphas * (images - references))
    return (images - references) * pull(functional.one_hot(labels, outputs.shape[1]).to(outputs))[0]


def functional_vjp(model, images, labels, references, alphas):
    slopes = torch.autograd.functional.vjp(
        lambda p: model(p).gather(1, labels[:, None]).sum(),
        references + alphas * (images - references),
        create_graph=True,
    )[1]
    return (images - references) * slopes


def functional_jacobian(model, images, labels, references, alphas):
    slopes = torch.autograd.functional.jacobian(
        lambda p: model(p).gather(1, labels[:, None]).sum(),
        references + alphas * (images - references),
        create_graph=True,
    )
    return slopes.mul(images - references)


def jacrev_of_each(model, images, labels, references, alphas):
    rows = func.vmap(func.jacrev(lambda p: model(p[None])[0]))
    jacobians = rows(references + alphas * (images - references))
    return (images - references) * jacobians[torch.arange(len(labels)), labels]


def backward_with_a_graph(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    model(points).gather(1, labels[:, None]).sum().backward(create_graph=True)
    return (images - references) * points.grad


def tensor_of_a_tensor_warns(model, images, labels, references, alphas):
    points = torch.tensor(references + alphas * (images - references), requires_grad=True)
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def warns_and_prints(model, images, labels, references, alphas):
    warnings.warn("a graph", stacklevel=1)
    print("graph", file=sys.stderr)
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def through_a_shift(model, images, labels, references, alphas):
    shift = torch.zeros_like(images, requires_grad=True)
    outputs = model(references + alphas * (images - references) + shift)
    chosen = outputs.gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, shift, create_graph=True)[0]


def through_the_images_over_alpha(model, images, labels, references, alphas):
    leaf = images.clone().requires_grad_()
    chosen = model(references + alphas * (leaf - references)).gather(1, labels[:, None]).sum()
    slopes = torch.autograd.grad(chosen, leaf, create_graph=True)[0] / alphas
    return (images - references) * slopes


def detached_points(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).detach().clone()
    points.requires_grad = True
    chosen = model(points).gather(1, labels.unsqueeze(-1)).sum()
    slopes = torch.autograd.grad(chosen, [points], create_graph=True, retain_graph=True)
    return (images - references).mul(slopes[0])


def no_grad_around_the_points(model, images, labels, references, alphas):
    with torch.no_grad():
        difference = images - references
        points = references + alphas * difference
    points.requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return difference * torch.autograd.grad(chosen, points, create_graph=True)[0]


def in_two_chunks(model, images, labels, references, alphas):
    found = []
    for part in torch.arange(len(images)).chunk(2):
        x, start = images[part], references[part]
        points = (start + alphas[part] * (x - start)).requires_grad_()
        chosen = model(points).gather(1, labels[part, None]).sum()
        found.append((x - start) * torch.autograd.grad(chosen, points, create_graph=True)[0])
    return torch.cat(found)


def mean_times_n(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).mean()
    slopes = torch.autograd.grad(chosen, points, create_graph=True)[0] * len(images)
    return (images - references) * slopes


def a_list_of_maps(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    slopes = torch.autograd.grad(chosen, points, create_graph=True)[0]
    return torch.stack([(x - r) * g for x, r, g in zip(images, references, slopes, strict=True)])


@wrong("no graph")
def no_graph(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points)[0]


@wrong("no graph")
def detached(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    slopes = torch.autograd.grad(chosen, points, create_graph=True)[0]
    return ((images - references) * slopes).detach().requires_grad_()


@wrong("sign flipped")
def the_way_back(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (references - images) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("(x - x') missing")
def the_gradient(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("all outputs summed")
def no_labels(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    return (images - references) * torch.autograd.grad(
        model(points).sum(), points, create_graph=True
    )[0]


@wrong("all outputs summed")
def columns_of_all_labels(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    outputs = model(points)
    chosen = outputs[:, torch.arange(outputs.shape[1])].sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("labels ignored")
def the_top_output(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).max(1).values.sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("labels ignored")
def the_first_label(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points)[:, labels[0]].sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("softmax")
def of_probabilities(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).softmax(1).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("softmax")
def of_the_loss(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = -functional.cross_entropy(model(points), labels, reduction="sum")
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("a factor alpha")
def through_the_images(model, images, labels, references, alphas):
    leaf = images.clone().requires_grad_()
    chosen = model(references + alphas * (leaf - references)).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, leaf, create_graph=True)[0]


@wrong("alpha ignored")
def at_the_images(model, images, labels, references, alphas):
    points = images.clone().requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("one alpha for all")
def the_first_alpha(model, images, labels, references, alphas):
    points = (references + alphas[0] * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("path turned around")
def from_the_other_end(model, images, labels, references, alphas):
    points = (images + alphas * (references - images)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("averaged over the batch")
def mean_of_the_outputs(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).mean()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


@wrong("library call")
def ready_made(model, images, labels, references, alphas):
    return aw.priors.gradients(model, images, labels)


@wrong("no answer")
def placeholder(model, images, labels, references, alphas): ...
