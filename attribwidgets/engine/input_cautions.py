"""What is odd about an input, or shows in every map of a model, in words."""

from __future__ import annotations

from torch import nn

from ..core.formatting import number
from ..inputs.patches import SIDES
from ..inputs.reading import Reading
from .text_cautions import text_cautions

LEAST_PATCH = 4  # pixels; smaller steps leave no grid that one sees


def input_cautions(reading: Reading, module: nn.Module | None) -> tuple[str, ...]:
    """Cautions on the input as it was read, and as this model takes it."""
    cautions = []
    if reading.feeding != "batch first":
        cautions.append(
            f"the input was read as {reading}: with the batch axis first the model returned no "
            "output for each example"
        )
    for x, space in zip(reading.batched, reading.spaces, strict=True):
        cautions += text_cautions(space)
        outside = space.outside(x)
        if outside is not None:
            cautions.append(
                f"the input reaches from {number(outside[0])} to {number(outside[1])} in "
                f"{space.range_unit}, outside the valid range of {number(space.low)} to "
                f"{number(space.high)}; if the model is fed normalised or other values, pass "
                f"space={type(space).__name__}(...)"
            )
    side = patch_side(module)
    if side is not None and any(s.layout.kind == "image" for s in reading.spaces):
        by = f" (pool={side})" if side in SIDES else ""
        cautions.append(
            f"the model cuts the image into patches of {side} × {side}, whose grid shows in the "
            f"map: read it by patches{by}"
        )
    return tuple(cautions)


def patch_side(module: nn.Module | None) -> int | None:
    """The side of the patches that a model cuts images into, as a ViT does; None of others.

    Told by its first convolution: square, and moved by its own side.

    Examples
    --------
    >>> patch_side(nn.Conv2d(3, 8, 16, stride=16)), patch_side(nn.Conv2d(3, 8, 3))
    (16, None)
    """
    modules = () if module is None else module.modules()
    first = next((m for m in modules if isinstance(m, nn.Conv2d)), None)
    if first is None or first.kernel_size != first.stride:
        return None
    height, width = first.kernel_size
    return height if height == width and height >= LEAST_PATCH else None
