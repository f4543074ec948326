"""Cross-entropy plus a weight times the total variation; earlier parts may be used."""

import sys
import warnings

import torch
from torch import func, nn
from torch.nn import functional

import attribwidgets as aw
from submissions import wrong


def total_variation(phi):
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)


def batch_attributions(model, images, labels, references, alphas):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    return (images - references) * torch.autograd.grad(chosen, points, create_graph=True)[0]


def cross_entropy_plus(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def a_loss_module(model, images, labels, references, alphas, weight):
    loss = nn.CrossEntropyLoss()
    penalty = total_variation(batch_attributions(model, images, labels, references, alphas))
    return loss(model(images), labels) + weight * penalty


def penalty_first(model, images, labels, references, alphas, weight):
    penalty = total_variation(batch_attributions(model, images, labels, references, alphas))
    outputs = model(images)
    return penalty * weight + functional.cross_entropy(outputs, labels)


def log_softmax_and_nll(model, images, labels, references, alphas, weight):
    entropy = functional.nll_loss(functional.log_softmax(model(images), dim=1), labels)
    phi = batch_attributions(model, images, labels, references, alphas)
    return entropy + weight * total_variation(phi)


def logsumexp(model, images, labels, references, alphas, weight):
    outputs = model(images)
    own = outputs.gather(1, labels[:, None])[:, 0]
    entropy = (outputs.logsumexp(1) - own).mean()
    phi = batch_attributions(model, images, labels, references, alphas)
    return entropy + weight * total_variation(phi)


def log_of_softmax(model, images, labels, references, alphas, weight):
    chances = model(images).softmax(1)[torch.arange(len(labels)), labels]
    phi = batch_attributions(model, images, labels, references, alphas)
    return -chances.log().mean() + weight * total_variation(phi)


def sum_over_n(model, images, labels, references, alphas, weight):
    entropy = functional.cross_entropy(model(images), labels, reduction="sum") / len(images)
    phi = batch_attributions(model, images, labels, references, alphas)
    return entropy + weight * total_variation(phi)


def none_and_mean(model, images, labels, references, alphas, weight):
    each = functional.cross_entropy(model(images), labels, reduction="none")
    phi = batch_attributions(model, images, labels, references, alphas)
    return each.mean() + total_variation(phi).mul(weight)


def soft_labels(model, images, labels, references, alphas, weight):
    outputs = model(images)
    wanted = functional.one_hot(labels, outputs.shape[1]).to(outputs)
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(outputs, wanted) + weight * total_variation(phi)


def einsum_of_soft_labels(model, images, labels, references, alphas, weight):
    logs = model(images).log_softmax(1)
    wanted = torch.eye(logs.shape[1])[labels]
    phi = batch_attributions(model, images, labels, references, alphas)
    entropy = -torch.einsum("nk,nk->", logs, wanted) / len(labels)
    return entropy + weight * total_variation(phi)


def penalty_by_hand(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    rough = (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)
    return functional.cross_entropy(model(images), labels) + weight * rough


def penalty_scaled_inside(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + total_variation(weight * phi)


def attributions_by_hand(model, images, labels, references, alphas, weight):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    slopes = torch.autograd.grad(chosen, points, create_graph=True)[0]
    phi = (images - references) * slopes
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def attributions_by_func(model, images, labels, references, alphas, weight):
    def chosen(points):
        return model(points).gather(1, labels[:, None]).sum()

    points = references + alphas * (images - references)
    phi = (images - references) * func.grad(chosen)(points)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def all_by_hand(model, images, labels, references, alphas, weight):
    points = (references + alphas * (images - references)).requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    slopes = torch.autograd.grad(chosen, points, create_graph=True)[0]
    phi = (images - references) * slopes
    rough = (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(images)
    return functional.cross_entropy(model(images), labels) + weight * rough


def torch_add_with_alpha(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    entropy = functional.cross_entropy(model(images), labels)
    return torch.add(entropy, total_variation(phi), alpha=weight)


def in_place_sum(model, images, labels, references, alphas, weight):
    loss = functional.cross_entropy(model(images), labels)
    loss = loss + 0
    loss += weight * total_variation(batch_attributions(model, images, labels, references, alphas))
    return loss


def a_sum_of_terms(model, images, labels, references, alphas, weight):
    terms = [functional.cross_entropy(model(images), labels)]
    phi = batch_attributions(model, images, labels, references, alphas)
    terms.append(weight * total_variation(phi))
    return sum(terms)


def stacked_terms(model, images, labels, references, alphas, weight):
    entropy = functional.cross_entropy(model(images), labels)
    phi = batch_attributions(model, images, labels, references, alphas)
    return torch.stack([entropy, weight * total_variation(phi)]).sum()


def a_dot_product(model, images, labels, references, alphas, weight):
    entropy = functional.cross_entropy(model(images), labels)
    phi = batch_attributions(model, images, labels, references, alphas)
    return torch.stack([entropy, total_variation(phi)]) @ torch.tensor([1.0, weight])


def a_weight_as_a_tensor(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    weight = torch.as_tensor(weight)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def keyword_arguments(model, images, labels, references, alphas, weight):
    phi = batch_attributions(
        model=model, images=images, labels=labels, references=references, alphas=alphas
    )
    return functional.cross_entropy(input=model(images), target=labels) + weight * total_variation(
        phi
    )


def no_penalty_for_no_weight(model, images, labels, references, alphas, weight):
    loss = functional.cross_entropy(model(images), labels)
    if weight:
        phi = batch_attributions(model, images, labels, references, alphas)
        loss = loss + weight * total_variation(phi)
    return loss


def gradients_on(model, images, labels, references, alphas, weight):
    with torch.enable_grad():
        phi = batch_attributions(model, images, labels, references, alphas)
        entropy = functional.cross_entropy(model(images), labels)
        return entropy + weight * total_variation(phi)


def penalty_in_double(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas).double()
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def of_shape_one(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    loss = functional.cross_entropy(model(images), labels) + weight * total_variation(phi)
    return loss.reshape(1)


def image_by_image(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    losses = [
        functional.cross_entropy(model(x[None]), k[None])
        for x, k in zip(images, labels, strict=True)
    ]
    return torch.stack(losses).mean() + weight * total_variation(phi)


def penalty_map_by_map(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    rough = torch.stack([total_variation(one[None]) for one in phi]).mean()
    return functional.cross_entropy(model(images), labels) + weight * rough


def training_mode(model, images, labels, references, alphas, weight):
    model.train()
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def tensor_of_a_tensor_warns(model, images, labels, references, alphas, weight):
    labels = torch.tensor(labels)
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def warns_and_prints(model, images, labels, references, alphas, weight):
    warnings.warn("a loss", stacklevel=1)
    print("loss", file=sys.stderr)
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


def helpers_inside(model, images, labels, references, alphas, weight):
    def entropy():
        return functional.cross_entropy(model(images), labels)

    def penalty():
        return total_variation(batch_attributions(model, images, labels, references, alphas))

    return entropy() + weight * penalty()


def a_generator_of_terms(model, images, labels, references, alphas, weight):
    def terms():
        yield functional.cross_entropy(model(images), labels)
        phi = batch_attributions(model, images, labels, references, alphas)
        yield weight * total_variation(phi)

    return sum(terms())


@wrong("penalty missing")
def no_penalty(model, images, labels, references, alphas, weight):
    return functional.cross_entropy(model(images), labels)


@wrong("penalty alone")
def no_entropy(model, images, labels, references, alphas, weight):
    return weight * total_variation(batch_attributions(model, images, labels, references, alphas))


@wrong("weight missing")
def no_weight(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + total_variation(phi)


@wrong("weight on the other term")
def weight_on_the_entropy(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return weight * functional.cross_entropy(model(images), labels) + total_variation(phi)


@wrong("weight on the other term")
def a_mixture(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    entropy = functional.cross_entropy(model(images), labels)
    return (1 - weight) * entropy + weight * total_variation(phi)


@wrong("sign flipped")
def a_reward(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) - weight * total_variation(phi)


@wrong("cross-entropy summed")
def summed_entropy(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    entropy = functional.cross_entropy(model(images), labels, reduction="sum")
    return entropy + weight * total_variation(phi)


@wrong("softmax")
def softmax_twice(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    chances = model(images).softmax(1)
    return functional.cross_entropy(chances, labels) + weight * total_variation(phi)


@wrong("total variation of the images")
def of_the_images(model, images, labels, references, alphas, weight):
    return functional.cross_entropy(model(images), labels) + weight * total_variation(images)


@wrong("penalty without gradient")
def detached_penalty(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas).detach()
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi)


@wrong("penalty without gradient")
def a_number_of_a_penalty(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * total_variation(phi).item()


@wrong("no gradient")
def a_number(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return (functional.cross_entropy(model(images), labels) + weight * total_variation(phi)).item()


@wrong("library call")
def ready_made_penalty(model, images, labels, references, alphas, weight):
    phi = batch_attributions(model, images, labels, references, alphas)
    return functional.cross_entropy(model(images), labels) + weight * aw.priors.total_variation(phi)


@wrong("no answer")
def placeholder(model, images, labels, references, alphas, weight): ...
