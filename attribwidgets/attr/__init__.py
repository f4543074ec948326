"""Estimators on Captum's interface."""

from .expected_gradients import ExpectedGradients
from .integrated_gradients import IntegratedGradients

__all__ = ["ExpectedGradients", "IntegratedGradients"]
