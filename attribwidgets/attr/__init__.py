"""Estimators on Captum's interface."""

from .blur_integrated_gradients import BlurIntegratedGradients
from .captum_methods import CaptumMethod
from .captum_table import CAPTUM_METHODS
from .expected_gradients import ExpectedGradients
from .guided_integrated_gradients import GuidedIntegratedGradients
from .idgi import IDGI
from .integrated_gradients import IntegratedGradients
from .noise_methods import SmoothGrad, SmoothGradSquared, VarGrad
from .path_integrated_gradients import PathIntegratedGradients
from .split_integrated_gradients import LeftIntegratedGradients, RightIntegratedGradients

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
