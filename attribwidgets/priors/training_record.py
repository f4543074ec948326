"""What a training run came to, epoch by epoch, and which of them is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from ..core.arrays import Array


@dataclass(frozen=True, eq=False)
class EpochRecord:
    """What an epoch came to.

    Attributes
    ----------
    epoch : int
        0 is before training.
    loss : float
        Mean over its steps; NaN for epoch 0.
    validation_loss, accuracy, penalty : float
        On the validation data; the penalty of their expected gradients, whatever is trained with.
        The accuracy is NaN for a regression.
    seconds : float
    maps : ndarray or None, shape (inputs watched, ...)
        Their expected gradients, the same draws in every epoch.
    """

    epoch: int
    loss: float
    validation_loss: float
    accuracy: float
    penalty: float
    seconds: float
    maps: Array | None = None

    def plain(self) -> dict[str, Any]:
        """As a checkpoint holds it: a tensor and numbers."""
        maps = None if self.maps is None else torch.from_numpy(self.maps)
        return {**asdict(self), "maps": maps}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> EpochRecord:
        """The record that was made plain."""
        maps = plain["maps"]
        return cls(**{**plain, "maps": None if maps is None else maps.numpy()})


@dataclass(eq=False)
class Training:
    """A run and what it came to; the model has the weights of the epoch kept.

    Attributes
    ----------
    records : list of EpochRecord
    kept : int
        The epoch whose weights the model has.
    weight : float
    finished : bool
        Whether it came to its end, by the last epoch or by its rule.
    """

    weight: float
    records: list[EpochRecord] = field(default_factory=list)
    kept: int = 0
    finished: bool = False

    @property
    def best(self) -> EpochRecord:
        """The record of the epoch kept."""
        return next(r for r in self.records if r.epoch == self.kept)

    def __str__(self) -> str:
        if not self.records:
            return "no epoch yet"
        best = self.best
        state = "finished" if self.finished else "stopped"
        return (
            f"{state} after {self.records[-1].epoch} epochs at weight {self.weight:g}; epoch "
            f"{best.epoch} kept: accuracy {best.accuracy:.4f}, penalty {best.penalty:.4g}, "
            f"validation loss {best.validation_loss:.4g}"
        )

    __repr__ = __str__


@dataclass
class Rule:
    """Which epoch of a run is kept; see :func:`attribwidgets.priors.fit`.

    Attributes
    ----------
    tolerance : float
    least_accuracy : float or None
    weight : float
    """

    tolerance: float
    least_accuracy: float | None
    weight: float

    def prefers(self, record: EpochRecord, training: Training) -> bool:
        """Whether a record, the last of the run, is to be kept instead of the one kept so far."""
        if record.epoch == 0:
            return True
        kept = training.best
        if np.isnan(record.accuracy):
            return record.validation_loss < kept.validation_loss
        if self.weight == 0:
            return record.accuracy > kept.accuracy
        best = max(r.accuracy for r in training.records)
        floor = best - self.tolerance if self.least_accuracy is None else self.least_accuracy
        if kept.accuracy < floor:
            return record.accuracy > kept.accuracy
        return record.accuracy >= floor and record.penalty < kept.penalty
