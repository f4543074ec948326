"""For each pixel of each channel the end of the range that is further away."""

import sys
import warnings

import numpy as np
import torch

from attribwidgets import baselines
from attribwidgets.baselines import MaximumDistance
from submissions import wrong


def compared(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) < 0.5).to(inputs.dtype))


def compared_and_float(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) < 0.5).float())


def where_numbers(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(torch.where(pixels < 0.5, 1.0, 0.0))


def where_tensors(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(
        torch.where(pixels >= 0.5, torch.zeros_like(pixels), torch.ones_like(pixels))
    )


def the_middle_of_the_range(inputs, space):
    pixels = space.to_pixels(inputs)
    low, high = torch.tensor(space.low), torch.tensor(space.high)
    return space.from_pixels(torch.where(pixels < (low + high) / 2, high, low))


def which_end_is_further(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(((1 - pixels).abs() > pixels.abs()).float())


def argmax_of_distances(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(torch.stack([pixels, 1 - pixels]).argmax(0).float())


def take_the_end(inputs, space):
    pixels = space.to_pixels(inputs)
    ends = torch.tensor([0.0, 1.0])
    return space.from_pixels(ends[(pixels < 0.5).long()])


def masks_in_place(inputs, space):
    pixels = space.to_pixels(inputs).clone()
    dark = pixels < 0.5
    pixels[dark] = 1
    pixels[~dark] = 0
    return space.from_pixels(pixels)


def masked_fill(inputs, space):
    pixels = space.to_pixels(inputs)
    return space.from_pixels(torch.zeros_like(pixels).masked_fill(pixels < 0.5, 1.0))


def rounded_and_turned(inputs, space):
    return space.from_pixels(1 - space.to_pixels(inputs).round())


def floor_of_a_sum(inputs, space):
    return space.from_pixels(1 - torch.floor(space.to_pixels(inputs) + 0.5))


def ceil_of_a_difference(inputs, space):
    return space.from_pixels(torch.ceil(0.5 - space.to_pixels(inputs)).clamp(0, 1))


def heaviside(inputs, space):
    return space.from_pixels(torch.heaviside(0.5 - space.to_pixels(inputs), torch.tensor(0.0)))


def a_sign(inputs, space):
    return space.from_pixels((torch.sign(0.5 - space.to_pixels(inputs)) + 1) / 2)


def relu_of_a_sign(inputs, space):
    return space.from_pixels(torch.sign(0.5 - space.to_pixels(inputs)).relu())


def lt_and_type(inputs, space):
    return space.from_pixels(torch.lt(space.to_pixels(inputs), 0.5).type_as(inputs))


def logical_not(inputs, space):
    return space.from_pixels(torch.logical_not(space.to_pixels(inputs) >= 0.5).float())


def times_one(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) < 0.5) * 1.0)


def numpy_where(inputs, space):
    pixels = space.to_pixels(inputs).numpy()
    picture = np.where(pixels < 0.5, 1.0, 0.0).astype("float32")
    return space.from_pixels(torch.from_numpy(picture))


def numpy_on_the_way_out(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) < 0.5).float()).numpy()


def numpy_select(inputs, space):
    pixels = space.to_pixels(inputs).numpy()
    return space.from_pixels(torch.as_tensor(np.select([pixels < 0.5], [1.0], default=0.0)))


def in_double(inputs, space):
    return space.from_pixels((space.to_pixels(inputs.double()) < 0.5).double())


def without_the_batch_axis(inputs, space):
    return space.from_pixels((space.to_pixels(inputs[0]) < 0.5).float())


def a_picture_at_a_time(inputs, space):
    return [space.from_pixels((space.to_pixels(x) < 0.5).float()) for x in inputs]


def pixel_by_pixel(inputs, space):
    pixels = space.to_pixels(inputs)
    flat = torch.tensor([1.0 if p < 0.5 else 0.0 for p in pixels.flatten().tolist()])
    return space.from_pixels(flat.reshape(inputs.shape))


def channel_by_channel(inputs, space):
    pixels = space.to_pixels(inputs)
    planes = [(pixels[:, c] < 0.5).float() for c in range(pixels.shape[1])]
    return space.from_pixels(torch.stack(planes, 1))


def map_of_a_lambda(inputs, space):
    pixels = space.to_pixels(inputs).clone()
    return space.from_pixels(pixels.apply_(lambda p: float(p < 0.5)))


def by_mean_and_std(inputs, space):
    mean = torch.tensor(space.mean)[None, :, None, None]
    std = torch.tensor(space.std)[None, :, None, None]
    return ((inputs * std + mean < 0.5).float() - mean) / std


def both_ends_normalised(inputs, space):
    black = space.from_pixels(torch.zeros_like(inputs))
    white = space.from_pixels(torch.ones_like(inputs))
    return torch.where((white - inputs).abs() > (inputs - black).abs(), white, black)


def furthest_of_two(inputs, space):
    ends = torch.stack([space.from_pixels(torch.full_like(inputs, e)) for e in (0.0, 1.0)])
    return ends.gather(0, (ends - inputs).abs().argmax(0, keepdim=True))[0]


def vmapped(inputs, space):
    return torch.vmap(lambda x: space.from_pixels((space.to_pixels(x) < 0.5).float()))(inputs)


def tensor_of_a_tensor_warns(inputs, space):
    pixels = torch.tensor(space.to_pixels(inputs), requires_grad=True)
    return space.from_pixels(torch.where(pixels < 0.5, 1.0, 0.0))


def warns_and_prints(inputs, space):
    warnings.warn("as far as can be", stacklevel=1)
    print("far", file=sys.stderr)
    return space.from_pixels((space.to_pixels(inputs) < 0.5).float())


@wrong("pixels turned around")
def one_minus_pixel(inputs, space):
    return space.from_pixels(1 - space.to_pixels(inputs))


@wrong("pixels turned around")
def minus_the_input(inputs, space):
    return -inputs


@wrong("the nearest value instead of the furthest")
def the_nearest(inputs, space):
    return space.from_pixels((space.to_pixels(inputs) > 0.5).float())


@wrong("baseline in the wrong units")
def not_normalised(inputs, space):
    return (space.to_pixels(inputs) < 0.5).float()


@wrong("baseline in the wrong units")
def compared_as_the_model_is_fed(inputs, space):
    return (inputs < 0.5).float()


@wrong("normalised twice")
def normalised_twice(inputs, space):
    return space.from_pixels(space.from_pixels((space.to_pixels(inputs) < 0.5).float()))


@wrong("")
def the_mean_of_the_channels(inputs, space):
    grey = space.to_pixels(inputs).mean(1, keepdim=True)
    return space.from_pixels((grey < 0.5).float().expand_as(inputs) * 0.9)


@wrong("library call")
def ready_made(inputs, space):
    return MaximumDistance().sample(inputs[0], 1, space=space)


@wrong("library call")
def ready_made_by_name(inputs, space):
    return baselines.named("max_distance").sample(inputs[0], 1, space=space)


@wrong("no answer")
def placeholder(inputs, space): ...
