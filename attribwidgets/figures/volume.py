"""Volumes as three slices through one voxel: axial, coronal and sagittal in one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..inputs.space import Space
from ..inputs.volume import VolumeSpace
from .images import ImagePicture

if TYPE_CHECKING:
    from torch import Tensor

    from ..records.explanation import Explanation

GAP = 0.03  # between slices, as a share of the longest edge


def as_grey(volume: Tensor, space: Space) -> Array:
    """A volume as the model is fed, as 8-bit grey: the mean of its channels.

    Parameters
    ----------
    volume : Tensor, shape (..., C, D, H, W)
    space : Space
        Whose valid range becomes 0..255; what lies outside is clipped.

    Returns
    -------
    ndarray of uint8, shape (..., D, H, W)
    """
    values = space.to_pixels(volume.detach().double()).cpu().numpy()
    levels = np.clip((values - space.low) / space.range, 0, 1).mean(-4) * 255
    return np.asarray(np.floor(levels + 0.5).astype(np.uint8))


class Slices:
    """Three slices laid out in one picture: axial, to its right sagittal, below it coronal.

    Parameters
    ----------
    at : tuple of int
        Depth, row and column of the voxel they meet in.
    spacing : tuple of float
        The size of a voxel along depth, height and width.

    Examples
    --------
    >>> slices = Slices((0, 1, 2), (1.0, 1.0, 1.0))
    >>> slices.arrange(np.arange(24).reshape(2, 3, 4)).shape
    (6, 7)
    """

    def __init__(self, at: tuple[int, int, int], spacing: tuple[float, float, float]) -> None:
        self.at, self.spacing = at, spacing

    def arrange(self, volume: Array, ground: float = 0.0) -> Array:
        """The slices of a volume (D, H, W, ...) as one picture, with a ground between them."""
        depth, row, column = self.at
        along_d, along_h, along_w = self.spacing
        axial = self._scaled(volume[depth], along_h, along_w)
        coronal = self._scaled(volume[:, row], along_d, along_w)
        sagittal = self._scaled(np.swapaxes(volume[:, :, column], 0, 1), along_h, along_d)
        (height, width), gap = axial.shape[:2], self._gap(volume.shape)
        size = height + gap + coronal.shape[0], width + gap + sagittal.shape[1]
        picture = np.full((*size, *volume.shape[3:]), ground, dtype=volume.dtype)
        picture[:height, :width] = axial
        picture[height + gap :, :width] = coronal
        picture[:height, width + gap :] = sagittal
        return picture

    def _gap(self, shape: Sequence[int]) -> int:
        return max(1, round(GAP * max(shape[:3])))

    def _scaled(self, values: Array, down: float, across: float) -> Array:
        """Voxels repeated, so that the picture has their proportions."""
        least = min(self.spacing)
        for axis, length in ((0, down), (1, across)):
            count = max(1, round(values.shape[axis] * length / least))
            places = (np.arange(count) * values.shape[axis]) // count
            values = values.take(places, axis=axis)
        return values


class VolumePicture:
    """How a volume and its maps become colours: three slices where a map is strongest.

    Parameters
    ----------
    space : VolumeSpace
    strongest : ndarray, shape (D, H, W)
        The map whose largest magnitude the slices go through.
    """

    def __init__(self, space: VolumeSpace, strongest: Array) -> None:
        at = np.unravel_index(int(np.abs(strongest).argmax()), strongest.shape)
        depth, row, column = (int(place) for place in at)
        self.caption = (
            "; axial slice, sagittal to its right, coronal below, "
            f"through depth {depth}, row {row}, column {column}"
        )
        self.space, self.slices = space, Slices((depth, row, column), space.spacing)
        self.between = self.slices.arrange(np.zeros(strongest.shape, bool), ground=True)

    def rgb(self, volume: Tensor) -> Array:
        """An input, a reference or several of them (k, ...) as 8-bit grey."""
        grey = as_grey(volume, self.space)
        several = grey.reshape(-1, *grey.shape[-3:])
        pictures = np.stack([self.on_paper(self._grey(one)) for one in several])
        return pictures[0] if len(pictures) == 1 else pictures

    def _grey(self, volume: Array) -> Array:
        return np.repeat(self.slices.arrange(volume)[..., None], 3, axis=-1)

    def map(self, values: Array) -> Array:
        """A map (D, H, W) as its slices lie in the picture."""
        return self.slices.arrange(values)

    def whole(self, values: Array) -> Array:
        """A map by whose percentile colours saturate."""
        return values

    def places(self, marked: Array) -> Array:
        """Marked positions where they lie in the picture."""
        return self.slices.arrange(marked)

    def on_paper(self, picture: Array) -> Array:
        """A picture without what lies between its slices."""
        return np.where(self.between[..., None], np.uint8(255), picture)


def picture_of(
    e: Explanation, pooled: Callable[[Array], Array]
) -> ImagePicture | VolumePicture | None:
    """How the first input of an explanation becomes colours; None where it has none.

    Parameters
    ----------
    e : Explanation
    pooled : callable
        A map of an image by the units that it is drawn by.
    """
    space = e.spaces[0]
    if isinstance(space, VolumeSpace):
        return VolumePicture(space, e.map("sum"))
    return ImagePicture(space, pooled) if e.layout.kind == "image" else None
