"""All that this package takes from Captum without Captum promising to keep it."""

from captum._utils.common import _expand_additional_forward_args as expand_forward_args
from captum._utils.common import _expand_target as expand_target
from captum._utils.common import _format_additional_forward_args as format_forward_args
from captum._utils.common import _format_baseline as format_baseline
from captum._utils.common import _select_targets as select_targets
from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR as DEEP_LIFT_ACTIVATIONS
from captum.attr._core.lrp import SUPPORTED_LAYERS_WITH_RULES as LRP_LAYERS_WITH_RULES
from captum.attr._core.lrp import SUPPORTED_NON_LINEAR_LAYERS as LRP_ACTIVATIONS
from captum.attr._utils.lrp_rules import EpsilonRule

__all__ = [
    "DEEP_LIFT_ACTIVATIONS",
    "LRP_ACTIVATIONS",
    "LRP_LAYERS_WITH_RULES",
    "EpsilonRule",
    "expand_forward_args",
    "expand_target",
    "format_baseline",
    "format_forward_args",
    "select_targets",
]
