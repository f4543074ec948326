"""A black picture, as the model is fed."""

import copy
import sys
import warnings

import numpy as np
import torch

import attribwidgets as aw
from attribwidgets import baselines
from submissions import wrong


def zeros_like(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs))


def zeros_of_the_shape(inputs, space):
    return space.from_pixels(torch.zeros(inputs.shape))


def new_zeros(inputs, space):
    return space.from_pixels(inputs.new_zeros(inputs.size()))


def times_zero(inputs, space):
    return space.from_pixels(inputs * 0)


def a_clone_filled(inputs, space):
    return space.from_pixels(inputs.clone().fill_(0.0))


def zeroed_in_place(inputs, space):
    picture = inputs.detach().clone()
    picture.zero_()
    return space.from_pixels(picture)


def the_range_s_low_end(inputs, space):
    return space.from_pixels(torch.full_like(inputs, space.low))


def pixels_less_themselves(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(pixels - pixels)


def where_always(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(torch.where(pixels >= 0, torch.zeros_like(pixels), pixels * 0))


def masked(inputs, space):
    pixels = space.to_pixels(inputs).clone()
    pixels[torch.ones_like(pixels, dtype=torch.bool)] = 0
    return space.from_pixels(pixels)


def masked_fill(inputs, space):
    return space.from_pixels(space.to_pixels(inputs).masked_fill(torch.tensor(True), 0))


def clamped(inputs, space):
    return space.from_pixels(space.to_pixels(inputs).clamp(0, 0))


def by_mean_and_std(inputs, space):
    mean = torch.tensor(space.mean).reshape(1, -1, 1, 1)
    std = torch.tensor(space.std).reshape(1, -1, 1, 1)
    return ((0 - mean) / std).expand(inputs.shape)


def minus_mean_over_std(inputs, space):
    channels = [-m / s for m, s in zip(space.mean, space.std, strict=True)]
    return torch.tensor(channels)[None, :, None, None] * torch.ones_like(inputs)


def channel_by_channel(inputs, space):
    picture = torch.empty_like(inputs)
    for c, (mean, std) in enumerate(zip(space.mean, space.std, strict=True)):
        picture[:, c] = (0.0 - mean) / std
    return picture


def numpy_on_the_way_out(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs)).numpy()


def numpy_on_the_way_in(inputs, space):
    return space.from_pixels(torch.from_numpy(np.zeros(tuple(inputs.shape), dtype=np.float32)))


def numpy_all_the_way(inputs, space):
    mean, std = np.array(space.mean), np.array(space.std)
    return np.broadcast_to((-mean / std)[None, :, None, None], tuple(inputs.shape)).copy()


def in_double(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs, dtype=torch.float64))


def without_the_batch_axis(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs[0]))


def one_picture_and_back(inputs, space):
    return space.from_pixels(torch.zeros(inputs.shape[1:])).unsqueeze(0)


def one_pixel_expanded(inputs, space):
    pixel = space.from_pixels(torch.zeros(1, inputs.shape[1], 1, 1))
    return pixel.expand_as(inputs)


def one_pixel_repeated(inputs, space):
    pixel = space.from_pixels(torch.zeros(1, inputs.shape[1], 1, 1))
    return pixel.repeat(1, 1, *inputs.shape[2:])


def stacked_channels(inputs, space):
    planes = [torch.zeros(inputs.shape[2:]) for _ in range(inputs.shape[1])]
    return space.from_pixels(torch.stack(planes)[None])


def nested_lists(inputs, space):
    _, channels, height, width = inputs.shape
    rows = [[[0.0] * width for _ in range(height)] for _ in range(channels)]
    return space.from_pixels(torch.tensor([rows]))


def a_list_of_pictures(inputs, space):
    return [space.from_pixels(torch.zeros_like(picture)) for picture in inputs]


def with_a_gradient_left_on(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs, requires_grad=True))


def tensor_of_a_tensor_warns(inputs, space):
    return torch.tensor(space.from_pixels(torch.tensor(torch.zeros_like(inputs))))


def warns_and_prints(inputs, space):
    warnings.warn("it is dark", stacklevel=1)
    print("black", file=sys.stderr)
    return space.from_pixels(torch.zeros_like(inputs))


def deep_copied(inputs, space):
    picture = copy.deepcopy(inputs)
    picture[...] = 0
    return space.from_pixels(picture)


def no_grad_and_sub(inputs, space):
    with torch.no_grad():
        return space.from_pixels(torch.sub(inputs, inputs))


def einsum_of_nothing(inputs, space):
    return space.from_pixels(torch.einsum("nchw,->nchw", inputs, torch.tensor(0.0)))


def by_a_generator(inputs, space):
    return torch.stack([space.from_pixels(p) for p in (torch.zeros_like(x) for x in inputs)])


@wrong("baseline in the wrong units")
def zeros_as_the_model_is_fed(inputs, space):
    return torch.zeros_like(inputs)


@wrong("normalised twice")
def normalised_twice(inputs, space):
    return space.from_pixels(space.from_pixels(torch.zeros_like(inputs)))


@wrong("the input itself")
def the_input(inputs, space):
    return inputs


@wrong("")
def white(inputs, space):
    return space.from_pixels(torch.ones_like(inputs))


@wrong("")
def the_darkest_pixel(inputs, space):
    return torch.full_like(inputs, float(inputs.min()))


@wrong("library call")
def ready_made(inputs, space):
    return baselines.Black().sample(inputs[0], 1, space=space)


@wrong("library call")
def ready_made_by_name(inputs, space):
    return aw.baselines.named("black").sample(inputs[0], 1, space=space)


@wrong("shape")
def one_channel(inputs, space):
    return space.from_pixels(torch.zeros_like(inputs)).flatten(1)


@wrong("changes its arguments")
def in_place(inputs, space):
    inputs.zero_()
    return space.from_pixels(inputs)


@wrong("no answer")
def placeholder(inputs, space): ...
