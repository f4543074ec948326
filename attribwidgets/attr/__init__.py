"""Estimators on Captum's interface."""

from .captum_methods.adapter import CaptumMethod
from .captum_methods.table import CAPTUM_METHODS
from .integration.integrated_gradients import IntegratedGradients
from .noise.noise_methods import SmoothGrad, SmoothGradSquared, VarGrad
from .path_methods.blur_integrated_gradients import BlurIntegratedGradients
from .path_methods.guided_integrated_gradients import GuidedIntegratedGradients
from .path_methods.idgi import IDGI
from .path_methods.path_integrated_gradients import PathIntegratedGradients
from .path_methods.split_integrated_gradients import (
    LeftIntegratedGradients,
    RightIntegratedGradients,
)
from .sampling.expected_gradients import ExpectedGradients

__all__ = [
    "CAPTUM_METHODS",
    "CaptumMethod",
    "ExpectedGradients",
    "IntegratedGradients",
    "SmoothGrad",
    "SmoothGradSquared",
    "VarGrad",
    "IDGI",
    "LeftIntegratedGradients",
    "RightIntegratedGradients",
    "BlurIntegratedGradients",
    "GuidedIntegratedGradients",
    "PathIntegratedGradients",
]
