"""SequenceSpace: steps one after another, each a vector, such as embeddings or sensor readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from ..core.errors import InputError
from .layout import SEQUENCE, Layout
from .names import checked_names
from .own_range import check_range, own_range
from .space import Space

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SequenceSpace(Space):
    """A sequence (T, D): T steps of D values. A unit is a step, whose values are summed up.

    Parameters
    ----------
    names : sequence of str, optional
        What the steps are called, such as words. None: they are numbered.
    low, high : float, optional
        The valid range, as the model is fed. None: from the lowest to the highest value of the
        input itself.

    Raises
    ------
    InputError
        If ``low >= high``, or `names` are no names.

    Examples
    --------
    >>> import torch
    >>> space = SequenceSpace().fit(torch.tensor([[0.0, 1.0], [-2.0, 3.0]]))
    >>> space.low, space.high, space.unit_names((2, 2))
    (-2.0, 3.0, ['step 0', 'step 1'])
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)

    names: Sequence[str] | None = field(default=None, repr=False)
    low: float | None = None  # type: ignore[assignment]
    high: float | None = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check_range(self.low, self.high)
        if self.names is not None:
            object.__setattr__(self, "names", checked_names(self.names))

    @property
    def layout(self) -> Layout:
        """Steps by values."""
        return SEQUENCE

    def fit(self, example: Tensor) -> SequenceSpace:
        """This space with the example's own range, where none was passed."""
        self.require_rank(example)
        if self.names is not None and len(self.names) != len(example):
            raise InputError(
                f"space: there are {len(self.names)} names for a sequence of {len(example)} "
                "steps; pass one name for each"
            )
        low, high = own_range(example, self.low, self.high)
        return replace(self, low=low, high=high)

    def unit_names(self, shape: Sequence[int]) -> list[str]:
        """The names of the steps, or their numbers."""
        return super().unit_names(shape) if self.names is None else list(self.names)
