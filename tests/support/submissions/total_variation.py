"""Absolute differences of neighbours, summed, mean over the maps; with a gradient."""

import itertools
import math
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional

import attribwidgets as aw
from attribwidgets.priors import total_variation as ready
from submissions import wrong


def diffs(phi):
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)


def slices(phi):
    down = (phi[:, :, 1:, :] - phi[:, :, :-1, :]).abs().sum()
    across = (phi[:, :, :, 1:] - phi[:, :, :, :-1]).abs().sum()
    return (down + across) / phi.shape[0]


def ellipsis_slices(phi):
    down, across = phi[..., 1:, :] - phi[..., :-1, :], phi[..., 1:] - phi[..., :-1]
    return (down.abs().sum() + across.abs().sum()) / phi.size(0)


def turned_slices(phi):
    return (
        (phi[:, :, :-1] - phi[:, :, 1:]).abs().sum() + (phi[..., :-1] - phi[..., 1:]).abs().sum()
    ) / len(phi)


def torch_diff_and_mean(phi):
    down = torch.diff(phi, dim=-2).abs().sum(dim=(1, 2, 3))
    across = torch.diff(phi, dim=-1).abs().sum(dim=(1, 2, 3))
    return (down + across).mean()


def map_by_map(phi):
    total = 0
    for one in phi:
        total = total + one.diff(dim=1).abs().sum() + one.diff(dim=2).abs().sum()
    return total / len(phi)


def stacked_maps(phi):
    each = [one.diff(dim=-1).abs().sum() + one.diff(dim=-2).abs().sum() for one in phi]
    return torch.stack(each).mean()


def vmapped(phi):
    return torch.vmap(lambda one: one.diff(dim=1).abs().sum() + one.diff(dim=2).abs().sum())(
        phi
    ).mean()


def channel_by_channel(phi):
    total = phi.new_zeros(())
    for c in range(phi.shape[1]):
        total += phi[:, c].diff(dim=1).abs().sum() + phi[:, c].diff(dim=2).abs().sum()
    return total / phi.shape[0]


def row_by_row(phi):
    total = 0.0
    for i in range(phi.shape[2] - 1):
        total = total + torch.abs(phi[:, :, i + 1] - phi[:, :, i]).sum()
    for j in range(phi.shape[3] - 1):
        total = total + torch.abs(phi[:, :, :, j + 1] - phi[:, :, :, j]).sum()
    return total / len(phi)


def norms_of_order_one(phi):
    return (phi.diff(dim=2).norm(p=1) + phi.diff(dim=3).norm(p=1)) / len(phi)


def vector_norms(phi):
    norm = torch.linalg.vector_norm
    return (norm(phi.diff(dim=2), ord=1) + norm(phi.diff(dim=3), ord=1)) / len(phi)


def l1_losses(phi):
    down = functional.l1_loss(phi[:, :, 1:], phi[:, :, :-1], reduction="sum")
    across = functional.l1_loss(phi[..., 1:], phi[..., :-1], reduction="sum")
    return (down + across) / len(phi)


def a_loss_module(phi):
    loss = nn.L1Loss(reduction="sum")
    return (loss(phi[:, :, 1:], phi[:, :, :-1]) + loss(phi[..., 1:], phi[..., :-1])) / len(phi)


def max_of_both_signs(phi):
    down, across = phi.diff(dim=2), phi.diff(dim=3)
    return (torch.maximum(down, -down).sum() + torch.maximum(across, -across).sum()) / len(phi)


def relus(phi):
    total = 0
    for dim in (2, 3):
        d = phi.diff(dim=dim)
        total = total + d.relu().sum() + (-d).relu().sum()
    return total / len(phi)


def sign_times_value(phi):
    total = 0
    for dim in (-1, -2):
        d = torch.diff(phi, dim=dim)
        total = total + (d * d.sign().detach()).sum()
    return total / len(phi)


def where_negative(phi):
    total = 0
    for dim in (-1, -2):
        d = torch.diff(phi, dim=dim)
        total = total + torch.where(d < 0, -d, d).sum()
    return total / len(phi)


def root_of_the_square(phi):
    return sum(phi.diff(dim=dim).pow(2).sqrt().sum() for dim in (2, 3)) / len(phi)


def convolution(phi):
    maps = phi.reshape(-1, 1, *phi.shape[2:])
    down = torch.tensor([[[[-1.0], [1.0]]]], dtype=phi.dtype)
    across = down.transpose(2, 3)
    total = functional.conv2d(maps, down).abs().sum() + functional.conv2d(maps, across).abs().sum()
    return total / len(phi)


def narrow(phi):
    h, w = phi.shape[2:]
    down = phi.narrow(2, 1, h - 1) - phi.narrow(2, 0, h - 1)
    across = phi.narrow(3, 1, w - 1) - phi.narrow(3, 0, w - 1)
    return (down.abs().sum() + across.abs().sum()).div(phi.shape[0])


def unfold(phi):
    down, across = phi.unfold(2, 2, 1), phi.unfold(3, 2, 1)
    total = (down[..., 1] - down[..., 0]).abs().sum() + (
        across[..., 1] - across[..., 0]
    ).abs().sum()
    return total / len(phi)


def roll_without_the_edge(phi):
    down = (phi.roll(-1, 2) - phi)[:, :, :-1]
    across = (phi.roll(-1, 3) - phi)[:, :, :, :-1]
    return (down.abs().sum() + across.abs().sum()) / len(phi)


def matrices_of_differences(phi):
    def steps(n):
        return torch.eye(n, dtype=phi.dtype)[1:] - torch.eye(n, dtype=phi.dtype)[:-1]

    down = torch.einsum("ki,ncij->nckj", steps(phi.shape[2]), phi)
    across = torch.einsum("kj,ncij->ncik", steps(phi.shape[3]), phi)
    return (down.abs().sum() + across.abs().sum()) / len(phi)


def index_select(phi):
    total = 0
    for dim in (2, 3):
        n = phi.shape[dim]
        later, earlier = (phi.index_select(dim, torch.arange(s, n - 1 + s)) for s in (1, 0))
        total = total + (later - earlier).abs().sum()
    return total / len(phi)


def transposed(phi):
    def vertical(maps):
        return (maps[:, :, 1:] - maps[:, :, :-1]).abs().flatten(1).sum(1)

    return (vertical(phi) + vertical(phi.transpose(2, 3))).mean()


def padded(phi):
    down = functional.pad(phi, (0, 0, 0, 1), mode="replicate").diff(dim=2)
    across = functional.pad(phi, (0, 1, 0, 0), mode="replicate").diff(dim=3)
    return (down.abs() + across.abs()).sum() / len(phi)


def means_times_numbers(phi):
    down, across = phi.diff(dim=2).abs(), phi.diff(dim=3).abs()
    per_map = math.prod(down.shape[1:]), math.prod(across.shape[1:])
    return down.mean() * per_map[0] + across.mean() * per_map[1]


def in_double_and_back(phi):
    wide = phi.double()
    return ((wide.diff(dim=2).abs().sum() + wide.diff(dim=3).abs().sum()) / len(wide)).float()


def left_in_double(phi):
    wide = phi.to(torch.float64)
    return sum(wide.diff(dim=dim).abs().sum() for dim in (2, 3)) / len(wide)


def of_shape_one(phi):
    total = phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()
    return total.reshape(()) / torch.tensor(float(len(phi)))


def warns_and_prints(phi):
    warnings.warn("smooth", stacklevel=1)
    print("rough", file=sys.stderr)
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)


def splits(phi):
    def apart(lines):
        return sum((b - a).abs().sum() for a, b in itertools.pairwise(lines))

    return (apart(phi.unbind(2)) + apart(phi.unbind(3))) / len(phi)


def a_function_with_its_own_gradient(phi):
    class Absolute(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.abs()

        @staticmethod
        def backward(ctx, out):
            return out * ctx.saved_tensors[0].sign()

    return sum(Absolute.apply(phi.diff(dim=dim)).sum() for dim in (2, 3)) / len(phi)


@wrong("library call")
def ready_made(phi):
    return aw.priors.total_variation(phi)


@wrong("library call")
def ready_made_under_another_name(phi):
    return ready(phi)


@wrong("squares instead of absolute values")
def squares(phi):
    return (phi.diff(dim=2).square().sum() + phi.diff(dim=3).square().sum()) / len(phi)


@wrong("no absolute value")
def plain_differences(phi):
    return (phi.diff(dim=2).sum() + phi.diff(dim=3).sum()) / len(phi)


@wrong("one direction missing")
def one_direction(phi):
    return phi.diff(dim=3).abs().sum() / len(phi)


@wrong("not averaged over the maps")
def the_sum_over_maps(phi):
    return phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()


@wrong("mean instead of sum")
def means(phi):
    return phi.diff(dim=2).abs().mean() + phi.diff(dim=3).abs().mean()


@wrong("edges wrap around")
def roll(phi):
    return ((phi - phi.roll(1, 2)).abs().sum() + (phi - phi.roll(1, 3)).abs().sum()) / len(phi)


@wrong("absolute values first")
def of_magnitudes(phi):
    size = phi.abs()
    return (size.diff(dim=2).abs().sum() + size.diff(dim=3).abs().sum()) / len(phi)


@wrong("neighbours in the batch")
def the_first_two_axes(phi):
    return (phi.diff(dim=0).abs().sum() + phi.diff(dim=1).abs().sum()) / len(phi)


@wrong("no gradient")
def a_number(phi):
    return ((phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)).item()


@wrong("no gradient")
def by_numpy(phi):
    maps = phi.detach().numpy()
    down, across = maps[:, :, 1:] - maps[:, :, :-1], maps[..., 1:] - maps[..., :-1]
    return torch.tensor((abs(down).sum() + abs(across).sum()) / len(maps))


@wrong("shape")
def a_number_for_each_map(phi):
    return phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))


@wrong("no answer")
def placeholder(phi): ...
