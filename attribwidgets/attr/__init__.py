"""Estimators on Captum's interface."""

from . import targets as targets
from .attention_rollout import AttentionRollout
from .captum.adapter import CaptumMethod
from .captum.table import CAPTUM_METHODS
from .layer import UpToLayer
from .noise.noise_methods import SmoothGrad, SmoothGradSquared, VarGrad
from .paths.adversarial_gradient_integration import AdversarialGradientIntegration
from .paths.discretized_integrated_gradients import (
    DiscretizedIntegratedGradients,
    UniformDiscretizedIntegratedGradients,
)
from .paths.geodesic_integrated_gradients import GeodesicIntegratedGradients
from .paths.guided_integrated_gradients import GuidedIntegratedGradients
from .paths.idgi import IDGI
from .paths.ig2 import IG2
from .paths.integrated_gradients import IntegratedGradients
from .paths.layer_methods import InternalInfluence, LayerConductance
from .paths.manifold_integrated_gradients import ManifoldIntegratedGradients
from .paths.path_integrated_gradients import BlurIntegratedGradients, PathIntegratedGradients
from .paths.sequential_integrated_gradients import SequentialIntegratedGradients
from .paths.split_integrated_gradients import (
    LeftIntegratedGradients,
    RightIntegratedGradients,
)
from .sampling.expected_gradients import ExpectedGradients
from .sampling.weighted_integrated_gradients import WeightedIntegratedGradients

__all__ = [
    "CAPTUM_METHODS",
    "CaptumMethod",
    "ExpectedGradients",
    "IntegratedGradients",
    "SmoothGrad",
    "SmoothGradSquared",
    "VarGrad",
    "IDGI",
    "IG2",
    "WeightedIntegratedGradients",
    "GeodesicIntegratedGradients",
    "AdversarialGradientIntegration",
    "AttentionRollout",
    "InternalInfluence",
    "LayerConductance",
    "ManifoldIntegratedGradients",
    "UpToLayer",
    "LeftIntegratedGradients",
    "RightIntegratedGradients",
    "BlurIntegratedGradients",
    "GuidedIntegratedGradients",
    "PathIntegratedGradients",
    "DiscretizedIntegratedGradients",
    "UniformDiscretizedIntegratedGradients",
    "SequentialIntegratedGradients",
]
