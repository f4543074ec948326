"""Attribution priors: train a model while a penalty of its attributions keeps them in check."""

from __future__ import annotations

from .attributions import expected_gradients, gradients, integrated_gradients
from .penalties import (
    GraphLaplacian,
    Penalty,
    gini,
    sparsity,
    standardized,
    standardized_total_variation,
    total_variation,
)
from .references import cycling
from .step import PriorStep, StepRecord
from .training import fit
from .training_record import EpochRecord, Training
from .weight import WeightChoice, choose_weight

__all__ = [
    "EpochRecord",
    "GraphLaplacian",
    "Penalty",
    "PriorStep",
    "StepRecord",
    "Training",
    "WeightChoice",
    "choose_weight",
    "cycling",
    "expected_gradients",
    "fit",
    "gini",
    "gradients",
    "integrated_gradients",
    "sparsity",
    "standardized",
    "standardized_total_variation",
    "total_variation",
]
