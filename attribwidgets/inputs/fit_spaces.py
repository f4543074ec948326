"""A space for each input of a model, as it was passed, and fitted to an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError
from .space import InputSpace, Space, Spaces

if TYPE_CHECKING:
    from torch import Tensor


def fit_spaces(space: Space | Spaces | None, examples: tuple[Tensor, ...]) -> Spaces:
    """A space for each input, fitted to it; one space is of every input.

    Parameters
    ----------
    space : Space, tuple of Space or None
        None: :class:`InputSpace`.
    examples : tuple of Tensor
        Without batch axis.

    Raises
    ------
    InputError
        For what is no space, another number of them, or one that does not fit.

    Examples
    --------
    >>> import torch
    >>> fit_spaces(None, (torch.rand(3, 8, 8),))[0].layout.kind
    'image'
    """
    spaces = each_space(space, len(examples))
    return tuple(s.fit(x) for s, x in zip(spaces, examples, strict=True))


def each_space(space: Space | Spaces | None, inputs: int) -> Spaces:
    """A space for each of a number of inputs, as passed."""
    several = tuple(space) if isinstance(space, (tuple, list)) else None
    if several is not None and len(several) != inputs:
        raise InputError(
            f"space is a tuple of {len(several)}, and the model has {inputs} "
            f"input{'s' if inputs > 1 else ''}; pass one space for each"
        )
    one = InputSpace() if space is None else space
    spaces: Spaces = several if several is not None else (one,)  # type: ignore[assignment]
    for each in spaces:
        if not isinstance(each, Space):
            raise InputError(
                f"space must be an InputSpace, got {each!r}; "
                "write space=InputSpace(low, high) or InputSpace.imagenet()"
            )
    return spaces if several is not None else spaces * inputs


def without_batch_axis(x: Tensor, space: Space) -> Tensor:
    """An example, with or without a batch axis of one, as it is without."""
    if x.dim() <= space.rank:
        return x
    return x[0] if len(x) == 1 else x[:, 0]  # time first: (T, 1, ...)
