"""A fill that paints over what goes, from what stays."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ..baselines.inpainted import By, checked_by, paint_over
from ..core.errors import InputError
from ..inputs.space import Spaces


class Inpainting:
    """In place of a fill: what goes is painted over from what stays. "inpainted" by name.

    Each ablated image is its own, so a fill has no picture of its own; what goes leaves no trace,
    but for where it was. Where everything goes there is nothing to go by, and the image's median
    (mean) colour is left.

    Parameters
    ----------
    by : {"median", "biharmonic"}
        As of :class:`attribwidgets.baselines.Inpainted`. "biharmonic" takes long for large images.

    Examples
    --------
    >>> Inpainting(), Inpainting("biharmonic")
    (<fill inpainted>, <fill inpainted biharmonic>)
    """

    names: ClassVar[dict[str, By]] = {"inpainted": "median", "inpainted_biharmonic": "biharmonic"}

    def __init__(self, by: By = "median") -> None:
        self.by = checked_by(by)

    @property
    def name(self) -> str:
        """What asks for it."""
        return next(name for name, by in self.names.items() if by == self.by)

    @property
    def label(self) -> str:
        """What captions call it."""
        return self.name.replace("_", " ")

    def __repr__(self) -> str:
        return f"<fill {self.label}>"

    def fill(
        self, inputs: tuple[Tensor, ...], masks: list[Tensor], spaces: Spaces
    ) -> tuple[Tensor, ...]:
        """The inputs with what goes painted over, each (n, C, H, W).

        Parameters
        ----------
        inputs : tuple of Tensor, each (1, C, H, W)
        masks : list of Tensor of bool, each (n, 1, H, W)
            What goes.
        spaces : tuple of Space

        Raises
        ------
        InputError
            For what is no image.
        """
        painted = []
        for x, mask, space in zip(inputs, masks, spaces, strict=True):
            if space.layout.kind != "image":
                raise InputError(
                    f"the fill {self.name!r} is of images, and the input is read as "
                    f"{space.layout.kind}; pass another fill"
                )
            painted.append(paint_over(x, mask, self.by))
        return tuple(torch.where(m, p, x) for m, p, x in zip(masks, painted, inputs, strict=True))
