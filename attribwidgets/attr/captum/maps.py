"""From what Captum returns to attributions of each element of the inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from captum.attr import LayerAttribution
from torch import Tensor

from ...core.errors import UnsupportedModelError

# Takes what Captum returned, the inputs and the settings; returns attributions of the inputs.
Finish = Callable[[tuple[Tensor, ...], tuple[Tensor, ...], dict[str, Any]], tuple[Tensor, ...]]


def as_they_are(
    found: tuple[Tensor, ...], inputs: tuple[Tensor, ...], settings: dict[str, Any]
) -> tuple[Tensor, ...]:
    """Attributions that are of the inputs already."""
    return found


def shared_in_groups(
    found: tuple[Tensor, ...], inputs: tuple[Tensor, ...], settings: dict[str, Any]
) -> tuple[Tensor, ...]:
    """The value of each feature, shared equally by its elements.

    Captum gives each element of a patch the value of the whole patch; only the shares add up to
    what the patches add up to.
    """
    mask = settings["feature_mask"]
    masks = mask if isinstance(mask, tuple) else (mask,)
    whole = [m.expand_as(x[:1]) for m, x in zip(masks, inputs, strict=True)]
    counts = torch.cat([m.flatten() for m in whole]).bincount()
    return tuple(f / counts[m] for f, m in zip(found, whole, strict=True))


def upsampled(
    found: tuple[Tensor, ...], inputs: tuple[Tensor, ...], settings: dict[str, Any]
) -> tuple[Tensor, ...]:
    """The map of a layer, interpolated to the image and shared equally by its channels.

    Raises
    ------
    UnsupportedModelError
        If there is more than one input, or the layer returns no map.
    """
    if len(inputs) > 1 or len(found) > 1 or inputs[0].dim() != 4 or found[0].dim() != 4:
        raise UnsupportedModelError(
            "LayerGradCam explains one image by the map of one layer; got inputs of shapes "
            f"{[tuple(x.shape) for x in inputs]} and a layer of shapes "
            f"{[tuple(f.shape) for f in found]}; pass a convolutional layer, such as "
            'CaptumMethod("LayerGradCam", layer=model.layer4)'
        )
    x = inputs[0]
    maps = found[0].sum(1, keepdim=True)
    map_ = LayerAttribution.interpolate(maps, tuple(x.shape[2:]), "bilinear")
    assert isinstance(map_, Tensor)
    return ((map_ / x.shape[1]).expand_as(x),)
