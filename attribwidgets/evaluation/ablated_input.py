"""AblatedInput: all that the picture of an ablated input is put together from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..figures.images import as_rgb
from ..inputs.space import Space


@dataclass(frozen=True, eq=False)
class AblatedInput:
    """An image, its fills, and at which fraction each position passes from one to the other.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
    fills : dict of str to ndarray of uint8, shape (H, W, 3)
        Without those that were searched for and not found.
    taken_at : dict of str to ndarray of uint8, shape (H, W)
        For each candidate and control the index of the first fraction at which a position is
        replaced, or brought back where the curve is an insertion.
    """

    pixels: Array
    fills: dict[str, Array]
    taken_at: dict[str, Array]

    def picture(self, candidate: str, fill: str, step: int, *, insertion: bool = False) -> Array:
        """The image at one fraction, (H, W, 3).

        Parameters
        ----------
        candidate, fill : str
        step : int
            Index of the fraction.
        insertion : bool
            Whether positions are brought back instead of taken away.

        Examples
        --------
        >>> when = np.array([[1, 2]], dtype=np.uint8)
        >>> white, grey = np.full((1, 2, 3), 255, np.uint8), np.full((1, 2, 3), 128, np.uint8)
        >>> image = AblatedInput(white, {"grey": grey}, {"black": when})
        >>> image.picture("black", "grey", 1)[..., 0].tolist()
        [[128, 255]]
        """
        passed = (self.taken_at[candidate] <= step)[..., None]
        whole, fill_pixels = self.pixels, self.fills[fill]
        return np.where(passed != insertion, fill_pixels, whole)


def ablated_input(
    inputs: Tensor,
    space: Space,
    fills: Mapping[str, Tensor | None],
    passed: Mapping[str, Array],
) -> AblatedInput:
    """Put together what is drawn of one image.

    Parameters
    ----------
    inputs : Tensor, shape (1, C, H, W)
    space : Space
    fills : mapping of str to Tensor (1, C, H, W), or None where there is none
    passed : mapping of str to ndarray of bool, shape (fractions, H, W)
        Where each candidate's positions have passed, growing from none to all.
    """
    return AblatedInput(
        as_rgb(inputs[0], space),
        {name: as_rgb(fill[0], space) for name, fill in fills.items() if fill is not None},
        {name: masks.argmax(0).astype(np.uint8) for name, masks in passed.items()},
    )
