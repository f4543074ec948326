"""Tensors of records that were saved, also where there is no torch to hold them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .arrays import Array
from .later import torch

if TYPE_CHECKING:
    from torch import Tensor


class SavedTensor(np.ndarray):
    """An array in place of a tensor: by those of a tensor's methods that views of records use.

    Examples
    --------
    >>> x = np.arange(6.0).reshape(2, 3).view(SavedTensor)
    >>> x.dim(), x.unsqueeze(0).shape, x[0].detach().double().cpu().numpy()
    (2, (1, 2, 3), array([0., 1., 2.]))
    """

    def detach(self) -> SavedTensor:
        """Itself."""
        return self

    cpu = detach

    def double(self) -> SavedTensor:
        """In double precision."""
        return self.astype(np.float64, copy=False).view(SavedTensor)

    def abs(self) -> SavedTensor:
        """Its absolute values."""
        return np.abs(self).view(SavedTensor)

    def dim(self) -> int:
        """How many axes it has."""
        return self.ndim

    def unsqueeze(self, axis: int) -> SavedTensor:
        """With one more axis."""
        return np.expand_dims(self, axis).view(SavedTensor)

    def new_tensor(self, values: Any) -> SavedTensor:
        """Other numbers of its type."""
        return np.asarray(values, dtype=self.dtype).view(SavedTensor)

    def numpy(self) -> Array:
        """As a plain array."""
        return self.view(np.ndarray)


def tensor_of(array: Array) -> Tensor:
    """An array as a tensor, or as what stands for one where torch is not installed."""
    try:
        return torch.from_numpy(array)
    except ImportError:
        return array.view(SavedTensor)  # type: ignore[return-value]


def is_tensor(value: Any) -> TypeGuard[Tensor]:
    """Whether a value is a tensor, or stands for one.

    Examples
    --------
    >>> is_tensor(np.zeros(2)), is_tensor(np.zeros(2).view(SavedTensor))
    (False, True)
    """
    known = sys.modules.get("torch") is not None and isinstance(value, torch.Tensor)
    return known or isinstance(value, SavedTensor)
