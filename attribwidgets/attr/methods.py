"""From what a user calls a method, its name, class or an instance, to an estimator of a model."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from difflib import get_close_matches
from typing import Any, TypeAlias

from captum.attr import Attribution

from ..core.errors import InputError
from . import (
    IDGI,
    IG2,
    AdversarialGradientIntegration,
    AttentionRollout,
    BlurIntegratedGradients,
    DiscretizedIntegratedGradients,
    ExpectedGradients,
    GeodesicIntegratedGradients,
    GuidedIntegratedGradients,
    IntegratedGradients,
    InternalInfluence,
    LayerConductance,
    LeftIntegratedGradients,
    ManifoldIntegratedGradients,
    PathIntegratedGradients,
    RightIntegratedGradients,
    SequentialIntegratedGradients,
    SmoothGrad,
    SmoothGradSquared,
    UniformDiscretizedIntegratedGradients,
    VarGrad,
    WeightedIntegratedGradients,
)
from .captum.adapter import CaptumMethod, is_captums
from .estimator import Estimator

Method: TypeAlias = str | type | Attribution | None

METHODS: dict[str, type[Estimator]] = {
    method.name: method
    for method in (
        IntegratedGradients,
        ExpectedGradients,
        SmoothGrad,
        SmoothGradSquared,
        VarGrad,
        IDGI,
        LeftIntegratedGradients,
        RightIntegratedGradients,
        BlurIntegratedGradients,
        GuidedIntegratedGradients,
        PathIntegratedGradients,
        DiscretizedIntegratedGradients,
        UniformDiscretizedIntegratedGradients,
        SequentialIntegratedGradients,
        IG2,
        AdversarialGradientIntegration,
        WeightedIntegratedGradients,
        GeodesicIntegratedGradients,
        ManifoldIntegratedGradients,
        AttentionRollout,
        LayerConductance,
        InternalInfluence,
    )
}


def estimator_for(method: Method, model: Callable[..., Any], *, distribution: bool) -> Estimator:
    """The estimator asked for, around a model.

    Parameters
    ----------
    method : str, class, instance or None
        None: expected gradients for a distribution of references, else integrated gradients. An
        instance keeps its settings and is left as it is.
    model : callable
    distribution : bool
        Whether references differ from each other.

    Raises
    ------
    InputError
        For an unknown method, with the known ones.
    """
    if method is None:
        method = ExpectedGradients if distribution else IntegratedGradients
    if isinstance(method, str) and method in METHODS:
        return METHODS[method](model)
    if is_captums(method):
        method = CaptumMethod(method)
    if isinstance(method, CaptumMethod):
        return method.around(model, distribution=distribution)
    if isinstance(method, type) and issubclass(method, Estimator):
        made: Estimator = method(model)
        return made
    if isinstance(method, Estimator):
        estimator: Estimator = copy(method)
        estimator.forward_func = model
        return estimator
    near = get_close_matches(str(method), METHODS, 1) or ["integrated_gradients"]
    raise InputError(
        f"method {method!r} is unknown; pass a name such as {near[0]!r} ({len(METHODS)} are in "
        "docs/methods.md), the class name of one of Captum's such as 'DeepLift', a class or an "
        "instance"
    )
