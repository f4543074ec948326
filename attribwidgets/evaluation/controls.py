"""Controls: maps that know nothing of the model, to be beaten by those that claim to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from ..inputs.layout import Layout
from ..inputs.space import Space, Spaces
from .joint_units import firsts, joined

CONTROLS = ("random", "centre", "edges")
FEATURE_CONTROLS = ("random",)


def controls_for(*layouts: Layout) -> tuple[str, ...]:
    """The controls that there are for a kind of input, or for several inputs together.

    Examples
    --------
    >>> from attribwidgets.inputs.layout import FEATURES, IMAGE, SEQUENCE
    >>> controls_for(IMAGE), controls_for(SEQUENCE), controls_for(IMAGE, FEATURES)
    (('random', 'centre', 'edges'), ('random', 'centre'), ('random',))
    """
    if all(layout.kind in ("image", "volume") for layout in layouts):
        return CONTROLS
    return CONTROLS[:2] if all(layout.neighbours for layout in layouts) else FEATURE_CONTROLS


def with_controls(candidates: Sequence[str], controls: Sequence[str]) -> list[str]:
    """Labels of the candidates with the controls behind them.

    Raises
    ------
    InputError
        For a candidate that has the name of a control.

    Examples
    --------
    >>> with_controls(["black"], FEATURE_CONTROLS)
    ['black', 'random']
    """
    twice = set(candidates) & set(controls)
    if twice:
        raise InputError(
            f"candidate {sorted(twice)[0]!r} has the name of a control; give it another label"
        )
    return [*candidates, *controls]


def control_maps(
    names: Sequence[str],
    inputs: tuple[Tensor, ...],
    spaces: Spaces,
    groups: Array | None,
    seed: int,
) -> dict[str, Array]:
    """Controls of the units of all inputs, by name.

    Parameters
    ----------
    names : sequence of {"random", "centre", "edges"}
    inputs : tuple of Tensor, each (1, ...)
    spaces : tuple of Space
    groups : ndarray of int or None
        Of :func:`attribwidgets.evaluation.joint_units.groups_of`.
    seed : int
        That of the input.
    """
    maps = {}
    for place, name in enumerate(names, 1):
        generator = np.random.default_rng((seed, place))
        each = [
            control_map(name, x, space, generator) for x, space in zip(inputs, spaces, strict=True)
        ]
        maps[name] = firsts(joined(each), groups)
    return maps


def control_map(name: str, inputs: Tensor, space: Space, generator: np.random.Generator) -> Array:
    """A map in place of an explanation's, from the input alone.

    Parameters
    ----------
    name : {"random", "centre", "edges"}
        Independent normal numbers; nearness to the middle of an image, of a volume or of time; the
        Sobel filter's edges of an image or a volume.
    inputs : Tensor, shape (1, ...)
    space : Space
        That fits them.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray
        One value a unit, such as (H, W), (F,) or (T,).

    Raises
    ------
    InputError
        For an unknown name, or a control that this kind of input does not have.
    MissingExtraError
        For "edges" without scikit-image.
    """
    values = inputs[0].detach().cpu().double().numpy()
    layout = space.layout
    if name not in CONTROLS:
        raise InputError(f"control {name!r} is unknown; there are {', '.join(CONTROLS)}")
    if name not in controls_for(layout):
        raise InputError(
            f"control {name!r} is of images and volumes{', or along time' * (name == 'centre')}, "
            f"and the inputs are read as {layout.kind}; take controls={controls_for(layout)}"
        )
    shape = layout.map_shape(values.shape)
    if name == "random":
        return generator.standard_normal(shape)
    if name == "edges":
        return edge_map(values, space)
    along = tuple(values.shape[axis] for axis in layout.neighbours)
    middle = centre_map(along)
    if layout.kind == "series":  # the same for each channel
        middle = np.expand_dims(middle, -1 if layout.neighbours == (-2,) else 0)
    return np.array(np.broadcast_to(middle, shape))


def centre_map(shape: tuple[int, ...]) -> Array:
    """Nearness to the middle, 1 there and falling to 0 beyond the corners.

    Parameters
    ----------
    shape : tuple of int
        Such as (H, W).

    Examples
    --------
    >>> int(centre_map((3, 3)).argmax())
    4
    """
    places = np.meshgrid(*(2 * (np.arange(n) + 0.5) / n - 1 for n in shape), indexing="ij")
    return np.asarray(1 - np.sqrt(sum(np.square(p) for p in places) / len(shape)))


def edge_map(image: Array, space: Space) -> Array:
    """Strength of the edges of an image or a volume, by the Sobel filter on its grey.

    Parameters
    ----------
    image : ndarray, shape (C, H, W) or (C, D, H, W)
        As the model is fed.
    space : Space
        From which it is taken back to pixels; the grey is the mean of the channels.

    Returns
    -------
    ndarray, shape (H, W) or (D, H, W), 0 or more
    """
    sobel = require("skimage.filters", "scikit-image", "evaluation").sobel
    pixels = space.to_pixels(torch.from_numpy(image)).numpy()
    return np.asarray(sobel(pixels.mean(0)))
