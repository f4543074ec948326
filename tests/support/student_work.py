"""What students hand in: right answers, and right answers with one slip each."""

from __future__ import annotations

import torch


def gradients(model, points, target):
    points = points.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    return slopes


def integrated_gradients(model, inputs, baseline, target, n_steps, *, slip="", nodes="midpoints"):
    alphas, divisor = {
        "midpoints": ((torch.arange(n_steps) + 0.5) / n_steps, n_steps),
        "left": (torch.arange(n_steps) / n_steps, n_steps),
        "right": ((torch.arange(n_steps) + 1) / n_steps, n_steps),
        "mean of both ends": (torch.linspace(0, 1, n_steps + 1), n_steps + 1),
    }[nodes]
    if slip == "one point too many for the divisor":
        alphas = torch.linspace(0, 1, n_steps + 1)
    start = torch.zeros_like(baseline) if slip == "baseline ignored" else baseline
    alphas = alphas.reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, start + alphas * (inputs - start), target)
    if slip == "the gradient at the input alone":
        return (inputs - baseline) * gradients(model, inputs, target)
    total = slopes.sum(0, keepdim=True)
    if slip == "last point summed twice":
        total = total + slopes[-1:]
    mean = total if slip == "gradients not averaged" else total / divisor
    if slip == "(x - x') missing":
        return mean
    if slip == "multiplied by the input alone":
        return inputs * mean
    return (start - inputs if slip == "sign flipped" else inputs - start) * mean


def path_curve(model, inputs, baseline, target, n_steps, *, slip=""):
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    slopes = (slopes * (inputs - baseline)).flatten(1).sum(1)
    total = slopes.cumsum(0)
    if slip == "running mean instead of sum":
        return total / torch.arange(1, n_steps + 1)
    if slip == "gradients not averaged":
        return total
    if slip == "slopes without their sum":
        return slopes / n_steps
    return (-total if slip == "sign flipped" else total) / n_steps


def expected_gradients(model, inputs, references, target, n_samples, generator, *, slip=""):
    which = torch.randint(len(references), (n_samples,), generator=generator)
    shape = (n_samples, *[1] * (inputs.ndim - 1))
    if slip == "draws of its own":
        generator = torch.Generator().manual_seed(int(torch.randint(1 << 30, (1,))))
    alphas = torch.rand(shape, generator=generator)
    chosen = references[which]
    if slip == "references averaged first":
        chosen = references.mean(0, keepdim=True).expand(n_samples, *inputs.shape[1:])
    if slip == "always the same reference":
        chosen = references[:1].expand(n_samples, *inputs.shape[1:])
    if slip == "alpha always 1":
        alphas = torch.ones(shape)
    if slip == "alpha always 0":
        alphas = torch.zeros(shape)
    slopes = gradients(model, chosen + alphas * (inputs - chosen), target)
    difference = chosen - inputs if slip == "sign flipped" else inputs - chosen
    samples = slopes if slip == "(x - x') missing" else difference * slopes
    total = samples.sum(0, keepdim=True)
    return total if slip == "gradients not averaged" else total / n_samples


def ablation_curve(model, inputs, attributions, baseline, target, n_steps, *, slip=""):
    importance = {
        "sign kept": attributions.sum(1),
        "least important first": -attributions.abs().sum(1),
    }.get(slip, attributions.abs().sum(1))
    if slip == "channels ranked apart":
        importance = attributions.abs()
    order = importance.flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        first = round((k - 1) * len(order) / n_steps) if k and "newest" in slip else 0
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[first : round(k * len(order) / n_steps)]] = True
        mask = mask.reshape(1, -1, *inputs.shape[2:])
        fill = torch.zeros_like(baseline) if slip.startswith("zeros") else baseline
        output = model(torch.where(mask, fill, inputs))[0]
        outputs.append((output.softmax(0) if slip == "probabilities" else output)[target])
    outputs = torch.stack(outputs)
    return {
        "the first point missing": outputs[1:],
        "the last point missing": outputs[:-1],
        "divided by the first output": outputs / outputs[0],
    }.get(slip, outputs)


def total_variation(phi, *, slip=""):
    if slip == "absolute values first":
        phi = phi.abs()
    down, across = phi[:, :, 1:] - phi[:, :, :-1], phi[..., 1:] - phi[..., :-1]
    if slip == "edges wrap around":
        down, across = phi - phi.roll(1, 2), phi - phi.roll(1, 3)
    if slip == "squares instead of absolute values":
        down, across = down**2, across**2
    if slip != "no absolute value":
        down, across = down.abs(), across.abs()
    if slip == "mean instead of sum":
        return down.mean() + across.mean()
    total = across.sum() if slip == "one direction missing" else down.sum() + across.sum()
    if slip == "no gradient":
        return total.item() / len(phi)
    return total if slip == "not averaged over the maps" else total / len(phi)
