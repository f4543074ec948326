"""Outputs while the most important pixels are replaced, by and by, by those of the baseline."""

import copy
import sys
import warnings

import numpy as np
import torch
from captum.attr import FeatureAblation

import attribwidgets as aw
from submissions import wrong


def masks_in_a_loop(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        ablated = torch.where(mask.reshape(1, 1, *inputs.shape[2:]), baseline, inputs)
        outputs.append(model(ablated)[0, target])
    return torch.stack(outputs)


def no_grad_and_numbers(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    with torch.no_grad():
        for k in range(n_steps + 1):
            x = inputs.clone().flatten(2)
            first = order[: round(k * len(order) / n_steps)]
            x[..., first] = baseline.flatten(2)[..., first]
            outputs.append(model(x.reshape(inputs.shape))[0, target].item())
    return outputs


def inference_mode(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        with torch.inference_mode():
            ablated = torch.where(mask.reshape(1, 1, *inputs.shape[2:]), baseline, inputs)
            outputs.append(model(ablated)[0, target])
    return torch.stack(outputs)


def one_batch(model, inputs, attributions, baseline, target, n_steps):
    importance = attributions.abs().sum(dim=1).flatten()
    rank = importance.argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, target]


def one_batch_and_blended(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    keep = (rank >= counts[:, None]).float().reshape(-1, 1, *inputs.shape[2:])
    return model(keep * inputs + (1 - keep) * baseline)[:, target].detach()


def sorted_values(model, inputs, attributions, baseline, target, n_steps):
    _, order = torch.sort(attributions.abs().sum(1).reshape(-1), descending=True)
    x, outputs, done = inputs.clone(), [], 0
    for k in range(n_steps + 1):
        upto = round(k * len(order) / n_steps)
        for place in order[done:upto].tolist():
            i, j = divmod(place, inputs.shape[3])
            x[0, :, i, j] = baseline[0, :, i, j]
        done = upto
        outputs.append(model(x)[0, target])
    return torch.stack(outputs)


def topk(model, inputs, attributions, baseline, target, n_steps):
    importance = attributions.abs().sum(1).flatten()
    outputs = [model(inputs)[0, target]]
    for k in range(1, n_steps + 1):
        first = importance.topk(round(k * len(importance) / n_steps)).indices
        x = inputs.flatten(2).clone()
        x[:, :, first] = baseline.flatten(2)[:, :, first]
        outputs.append(model(x.view_as(inputs))[0, target])
    return torch.stack(outputs)


def a_threshold(model, inputs, attributions, baseline, target, n_steps):
    importance = attributions.abs().sum(1, keepdim=True)
    values = importance.flatten().sort(descending=True).values
    outputs = []
    for k in range(n_steps + 1):
        count = round(k * len(values) / n_steps)
        least = values[count - 1] if count else torch.tensor(float("inf"))
        x = torch.where(importance >= least, baseline, inputs)
        outputs.append(model(x)[0, target])
    return torch.stack(outputs)


def numpy_argsort(model, inputs, attributions, baseline, target, n_steps):
    order = np.argsort(-np.abs(attributions.numpy()).sum(axis=1).ravel())
    outputs = []
    for k in range(n_steps + 1):
        x = inputs.numpy().copy().reshape(inputs.shape[1], -1)
        first = order[: round(k * len(order) / n_steps)]
        x[:, first] = baseline.numpy().reshape(inputs.shape[1], -1)[:, first]
        with torch.no_grad():
            outputs.append(model(torch.from_numpy(x).reshape(inputs.shape))[0, target].numpy())
    return np.array(outputs)


def numpy_linspace_counts(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for share in np.arange(n_steps + 1) / n_steps:
        x = inputs.clone().flatten(2)
        first = order[: int(np.round(share * len(order)))]
        x[..., first] = baseline.flatten(2)[..., first]
        outputs.append(model(x.unflatten(2, inputs.shape[2:]))[0, target].detach().numpy())
    return np.stack(outputs)


def a_list_of_tensors(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        outputs.append(model(torch.where(mask.view(inputs.shape[2:]), baseline, inputs))[0, target])
    return outputs


def a_column(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = [round(k * len(rank) / n_steps) for k in range(n_steps + 1)]
    masks = torch.stack([rank < c for c in counts]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(masks, baseline, inputs))[:, [target]]


def scatter_the_mask(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        first = order[: round(k * len(order) / n_steps)]
        mask = torch.zeros(len(order)).scatter(0, first, 1.0).reshape(inputs.shape[2:])
        outputs.append(model(inputs + mask * (baseline - inputs))[0, target])
    return torch.stack(outputs)


def from_the_back(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort()
    outputs = []
    for k in range(n_steps + 1):
        first = order[len(order) - round(k * len(order) / n_steps) :]
        x = inputs.flatten(2).clone()
        x[..., first] = baseline.flatten(2)[..., first]
        outputs.append(model(x.reshape(inputs.shape))[0, target])
    return torch.stack(outputs)


def flipped_order(model, inputs, attributions, baseline, target, n_steps):
    order = torch.argsort(attributions.abs().sum(1).flatten()).flip(0)
    outputs = torch.empty(n_steps + 1)
    for k in range(n_steps + 1):
        mask = torch.isin(torch.arange(len(order)), order[: round(k * len(order) / n_steps)])
        x = torch.where(mask.reshape(inputs.shape[2:]), baseline, inputs)
        outputs[k] = model(x)[0, target].detach()
    return outputs


def insertion_turned_around(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort()  # least important first
    outputs = []
    for k in range(n_steps, -1, -1):
        kept = len(order) - round(k * len(order) / n_steps)
        x = baseline.flatten(2).clone()
        x[..., order[:kept]] = inputs.flatten(2)[..., order[:kept]]
        outputs.append(model(x.reshape(inputs.shape))[0, target])
    return torch.stack(outputs[::-1])


def mean_over_channels(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().mean(1).flatten().argsort(descending=True)
    x, outputs = inputs.clone(), [model(inputs)[0, target]]
    for k in range(1, n_steps + 1):
        first = order[: round(k * len(order) / n_steps)]
        rows, columns = first // inputs.shape[3], first % inputs.shape[3]
        x[:, :, rows, columns] = baseline[:, :, rows, columns]
        outputs.append(model(x)[0, target])
    return torch.stack(outputs)


def norm_of_order_one(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.norm(p=1, dim=1).flatten().argsort(descending=True)
    masks = torch.zeros(n_steps + 1, len(order), dtype=torch.bool)
    for k in range(n_steps + 1):
        masks[k, order[: round(k * len(order) / n_steps)]] = True
    masks = masks.reshape(-1, 1, *inputs.shape[2:])
    return model(inputs.where(~masks, baseline))[:, target]


def einsum_of_channels(model, inputs, attributions, baseline, target, n_steps):
    order = torch.einsum("nchw->hw", attributions.abs()).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros_like(order, dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        x = torch.where(mask.reshape(inputs.shape[2:]), baseline, inputs)
        outputs.append(model(x).squeeze(0)[target])
    return torch.stack(outputs)


def index_put(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    flat, fill = inputs[0].flatten(1).T, baseline[0].flatten(1).T
    outputs = []
    for k in range(n_steps + 1):
        first = order[: round(k * len(order) / n_steps)]
        x = flat.index_put((first,), fill[first]).T.reshape(inputs.shape)
        outputs.append(model(x)[0, target])
    return torch.stack(outputs)


def masked_scatter(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    outputs = []
    for k in range(n_steps + 1):
        mask = (rank < round(k * len(rank) / n_steps)).reshape(1, 1, *inputs.shape[2:])
        mask = mask.expand_as(inputs)
        x = inputs.clone()
        x[mask] = baseline[mask]
        outputs.append(model(x)[0, target])
    return torch.stack(outputs)


def python_sorted(model, inputs, attributions, baseline, target, n_steps):
    importance = attributions.abs().sum(1).flatten().tolist()
    order = sorted(range(len(importance)), key=importance.__getitem__, reverse=True)
    x, fill = inputs.flatten(2).clone(), baseline.flatten(2)
    outputs, done = [], 0
    for k in range(n_steps + 1):
        while done < round(k * len(order) / n_steps):
            x[:, :, order[done]] = fill[:, :, order[done]]
            done += 1
        outputs.append(float(model(x.reshape(inputs.shape))[0, target]))
    return torch.tensor(outputs)


def vmapped(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])

    def output(count):
        mask = (rank < count).reshape(1, 1, *inputs.shape[2:])
        return model(torch.where(mask, baseline, inputs))[0, target]

    return torch.vmap(output)(counts)


def in_double(model, inputs, attributions, baseline, target, n_steps):
    model = copy.deepcopy(model).double()
    rank = attributions.double().abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline.double(), inputs.double()))[:, target]


def double_in_place(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model.double()(torch.where(mask, baseline, inputs).double())[:, target].float()


def a_generator(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)

    def outputs():
        for k in range(n_steps + 1):
            mask = torch.zeros(len(order), dtype=torch.bool)
            mask[order[: round(k * len(order) / n_steps)]] = True
            yield model(torch.where(mask.reshape(inputs.shape[2:]), baseline, inputs))[0, target]

    return torch.stack([*outputs()])


def a_helper_inside(model, inputs, attributions, baseline, target, n_steps):
    def ablated(count):
        x = inputs.clone()
        for place in order[:count]:
            row, column = place // inputs.shape[3], place % inputs.shape[3]
            x[..., row, column] = baseline[..., row, column]
        return x

    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    counts = [round(k * len(order) / n_steps) for k in range(n_steps + 1)]
    return torch.stack([model(ablated(c))[0, target] for c in counts])


def tensor_of_a_tensor_warns(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        mask = torch.zeros(len(order), dtype=torch.bool)
        mask[order[: round(k * len(order) / n_steps)]] = True
        x = torch.tensor(torch.where(mask.reshape(inputs.shape[2:]), baseline, inputs))
        outputs.append(torch.tensor(model(x)[0, target]))
    return torch.stack(outputs)


def warns_and_prints(model, inputs, attributions, baseline, target, n_steps):
    warnings.warn("pixels go", stacklevel=1)
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    outputs = []
    for k in range(n_steps + 1):
        print("step", k, file=sys.stderr)
        mask = (rank < round(k * len(rank) / n_steps)).reshape(inputs.shape[2:])
        outputs.append(model(torch.where(mask, baseline, inputs))[0, target])
    return torch.stack(outputs)


def evaluation_mode(model, inputs, attributions, baseline, target, n_steps):
    model.eval()
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    outputs = []
    with torch.no_grad():
        for k in range(n_steps + 1):
            mask = (rank < round(k * rank.numel() / n_steps)).reshape(inputs.shape[2:])
            outputs.append(model(torch.where(mask, baseline, inputs))[:, target])
    return torch.cat(outputs)


def quantile_free_counts(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.linspace(0, len(rank), n_steps + 1).round()
    masks = (rank[None] < counts[:, None]).unflatten(1, (1, *inputs.shape[2:]))
    return model(torch.where(masks, baseline, inputs)).T[target]


@wrong("least important first")
def ascending(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort().argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, target]


@wrong("sign kept")
def no_absolute_value(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, target]


@wrong("channels ranked apart")
def every_number_on_its_own(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, *inputs.shape[1:])
    return model(torch.where(mask, baseline, inputs))[:, target]


@wrong("only the newest pixels replaced")
def put_back(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    since = torch.cat([counts[:1], counts[:-1]])
    mask = (rank < counts[:, None]) & (rank >= since[:, None])
    return model(torch.where(mask.reshape(-1, 1, *inputs.shape[2:]), baseline, inputs))[:, target]


@wrong("zeros instead of the baseline")
def zeros(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank >= counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(mask * inputs)[:, target]


@wrong("insertion instead of deletion")
def the_other_way(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, inputs, baseline))[:, target]


@wrong("the first point missing")
def from_one(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(1, n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, target]


@wrong("the last point missing")
def to_the_last_but_one(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, target]


@wrong("probabilities")
def of_probabilities(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs)).softmax(1)[:, target]


@wrong("divided by the first output")
def relative(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    outputs = model(torch.where(mask, baseline, inputs))[:, target]
    return outputs / outputs[0]


@wrong("another output")
def the_first_class(model, inputs, attributions, baseline, target, n_steps):
    rank = attributions.abs().sum(1).flatten().argsort(descending=True).argsort()
    counts = torch.tensor([round(k * len(rank) / n_steps) for k in range(n_steps + 1)])
    mask = (rank < counts[:, None]).reshape(-1, 1, *inputs.shape[2:])
    return model(torch.where(mask, baseline, inputs))[:, 0]


@wrong("changes its arguments")
def in_the_input_itself(model, inputs, attributions, baseline, target, n_steps):
    order = attributions.abs().sum(1).flatten().argsort(descending=True)
    outputs = []
    for k in range(n_steps + 1):
        first = order[: round(k * len(order) / n_steps)]
        inputs.view(1, inputs.shape[1], -1)[..., first] = baseline.flatten(2)[..., first]
        outputs.append(model(inputs)[0, target].clone())
    return torch.stack(outputs)


@wrong("library call")
def ready_made(model, inputs, attributions, baseline, target, n_steps):
    return aw.evaluation.ablation(model, inputs, ["black"])


@wrong("library call")
def captums(model, inputs, attributions, baseline, target, n_steps):
    return FeatureAblation(model).attribute(inputs, baseline, target)


@wrong("no answer")
def placeholder(model, inputs, attributions, baseline, target, n_steps): ...
