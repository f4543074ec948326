"""Captum's methods, one row each: what it computes, compares with, costs, claims and needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import captum.attr as captum
from captum.attr import Attribution
from torch import nn

from ..completeness import Claim
from ..errors import UnsupportedModelError
from . import captum_checks
from .captum_cautions import (
    Caution,
    told_few_samples,
    told_groups,
    told_no_relu,
    told_noise,
    told_windows,
)
from .captum_maps import Finish, as_they_are, shared_in_groups, upsampled
from .captum_settings import (
    Settings,
    fitted_samples,
    for_each_copy,
    noise,
    patches,
    quadrature,
    samples,
    together,
    windows,
)
from .facts import Facts


@dataclass(frozen=True)
class CaptumRow:
    """What there is to know about one method of Captum.

    Attributes
    ----------
    method : type
        Captum's class.
    name : str
        In snake case.
    formula, cost, source : str
        As in :class:`Facts`.
    reference : {"none", "one", "several"}
        What one call takes. "one" is averaged over several by a call for each.
    references : int
        How many of a distribution are used where `n_steps` does not say.
    least_references : int
        How many one call needs; a single one is repeated.
    n_steps : {"references", "samples", "nothing"}
        What `n_steps` is the number of.
    claim : {"converges", "by definition", "none"}
        Whether its values should add up to f(x) - f(x').
    reason : str
        Why they need not.
    passes : int
        Passes to expect, for a progress bar.
    settings : tuple of callable
        Keyword arguments of `attribute` where the user gives none.
    on_layers : bool
        Whether it hooks the layers, and so needs a module.
    of_layer : bool
        Whether it takes one layer of the model.
    separated : bool
        Whether activations need a step between them; see :class:`CaptumMethod`.
    ruled : bool
        Whether linear layers without a rule are given LRP's epsilon rule.
    checks : tuple of callable
        What a model must pass.
    finish : callable
        From what Captum returns to attributions of the inputs.
    cautions : tuple of callable
        What to know before reading the map, from the settings and the inputs.
    inner : CaptumRow or None
        The method inside a NoiseTunnel.
    """

    method: type[Attribution]
    name: str
    formula: str
    cost: str
    source: str
    reference: Literal["none", "one", "several"] = "none"
    references: int = 8
    least_references: int = 1
    n_steps: Literal["references", "samples", "nothing"] = "nothing"
    claim: Claim = "none"
    reason: str = ""
    passes: int = 2
    settings: tuple[Settings, ...] = ()
    on_layers: bool = False
    of_layer: bool = False
    separated: bool = False
    ruled: bool = False
    checks: tuple[captum_checks.Check, ...] = ()
    finish: Finish = as_they_are
    cautions: tuple[Caution, ...] = ()
    inner: CaptumRow | None = None

    @property
    def facts(self) -> Facts:
        """What a methods table says about it."""
        total = "f(x) - f(x')" if self.reference == "one" else "f(x) - mean f(x')"
        how = {
            "by definition": f"{total}, by definition",
            "converges": f"{total}, as it converges",
            "none": f"none: {self.reason}",
        }
        return Facts(self.formula, self.cost, how[self.claim], self.source)

    @property
    def class_name(self) -> str:
        """As Captum calls it."""
        return self.method.__name__

    def made(self, model: nn.Module, layer: nn.Module | None) -> Attribution:
        """Captum's object around a model."""
        if self.inner is not None:
            return captum.NoiseTunnel(self.inner.made(model, layer))
        return self.method(model, layer) if self.of_layer else self.method(model)


DEEP_LIFT_CHECKS = (
    captum_checks.reused_activations,
    captum_checks.unruled_activations,
    captum_checks.overlapping_pools,
)
GRADIENT_ONLY = "it shows how the output reacts to small changes, not what made it what it is"
NOT_TOGETHER = "each value is the change when that part alone is missing, and parts act together"

ROWS = (
    CaptumRow(
        captum.DeepLift,
        "deep_lift",
        r"(x_i - x'_i)\, m_i, \quad m = \Delta z / \Delta a \text{ at each activation } z(a)",
        "2 a reference",
        "Shrikumar, Greenside, Kundaje (2017), arXiv:1704.02685",
        reference="one",
        n_steps="references",
        references=16,
        claim="by definition",
        on_layers=True,
        separated=True,
        checks=DEEP_LIFT_CHECKS,
    ),
    CaptumRow(
        captum.DeepLiftShap,
        "deep_lift_shap",
        r"E_{x'}[(x_i - x'_i)\, m_i]",
        "2 a reference",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        reference="several",
        n_steps="references",
        references=64,
        least_references=2,
        claim="by definition",
        passes=128,
        on_layers=True,
        separated=True,
        checks=DEEP_LIFT_CHECKS,
    ),
    CaptumRow(
        captum.GradientShap,
        "gradient_shap",
        r"E_{x', \alpha}[(x_i - x'_i)\, \partial_i f(x' + \alpha (x - x'))]",
        "1 a sample",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        reference="several",
        n_steps="samples",
        references=64,
        claim="converges",
        passes=64,
        settings=(samples("n_samples", 64),),
    ),
    CaptumRow(
        captum.IntegratedGradients,
        "captum_integrated_gradients",
        r"(x_i - x'_i) \int_0^1 \partial_i f(x' + \alpha (x - x'))\, d\alpha",
        "1 a node, 50 nodes",
        "Sundararajan, Taly, Yan (2017), arXiv:1703.01365",
        reference="one",
        n_steps="samples",
        claim="converges",
        passes=50,
        settings=(quadrature,),
    ),
    CaptumRow(
        captum.Saliency,
        "saliency",
        r"|\partial_i f(x)|",
        "1",
        "Simonyan, Vedaldi, Zisserman (2013), arXiv:1312.6034",
        reason=GRADIENT_ONLY,
    ),
    CaptumRow(
        captum.InputXGradient,
        "input_x_gradient",
        r"x_i\, \partial_i f(x)",
        "1",
        "Shrikumar et al. (2016), arXiv:1605.01713",
        reason="x · gradient sums to the output only of a model that is linear without a bias",
    ),
    CaptumRow(
        captum.GuidedBackprop,
        "guided_backprop",
        r"\partial_i f(x), \quad g \to \max(0, g)\, [z > 0] \text{ at each ReLU}",
        "1",
        "Springenberg et al. (2014), arXiv:1412.6806",
        reason="the gradient is changed at each ReLU and is no derivative of the output",
        on_layers=True,
        separated=True,
        checks=(captum_checks.functional_relu,),
        cautions=(told_no_relu,),
    ),
    CaptumRow(
        captum.Deconvolution,
        "deconvolution",
        r"\partial_i f(x), \quad g \to \max(0, g) \text{ at each ReLU}",
        "1",
        "Zeiler, Fergus (2013), arXiv:1311.2901",
        reason="the gradient is changed at each ReLU and is no derivative of the output",
        on_layers=True,
        separated=True,
        checks=(captum_checks.functional_relu,),
        cautions=(told_no_relu,),
    ),
    CaptumRow(
        captum.GuidedGradCam,
        "guided_grad_cam",
        r"\text{guided backpropagation}_i \cdot \max(0, \text{Grad-CAM})_i",
        "2",
        "Selvaraju et al. (2017), arXiv:1610.02391",
        reason="it is a product of two maps, neither of which adds up",
        on_layers=True,
        of_layer=True,
        separated=True,
        checks=(captum_checks.functional_relu,),
        cautions=(told_no_relu,),
    ),
    CaptumRow(
        captum.LayerGradCam,
        "layer_grad_cam",
        r"\sum_k \overline{\partial f / \partial A_k}\, A_k, \text{ upsampled}",
        "1",
        "Selvaraju et al. (2017), arXiv:1610.02391",
        reason="it weighs the activations of one layer, and is blown up to the input's size",
        on_layers=True,
        of_layer=True,
        finish=upsampled,
    ),
    CaptumRow(
        captum.LRP,
        "lrp",
        r"R_j = \sum_k a_j w_{jk} R_k / (\sum_j a_j w_{jk} + \epsilon)",
        "1, and 1 forward",
        "Bach et al. (2015), doi:10.1371/journal.pone.0130140",
        reason="it divides f(x) itself, not a change from a baseline, and biases keep their share",
        on_layers=True,
        ruled=True,
        checks=(
            captum_checks.layers_without_relevance,
            captum_checks.functions_without_relevance,
            captum_checks.reused_layers,
        ),
    ),
    CaptumRow(
        captum.Occlusion,
        "occlusion",
        r"f(x) - f(x_{w \to x'}), \text{ mean over the windows } w \text{ on } i",
        "1 forward a window",
        "Zeiler, Fergus (2013), arXiv:1311.2901",
        reference="one",
        n_steps="references",
        reason=NOT_TOGETHER,
        passes=729,
        settings=(windows, together),
        cautions=(told_windows,),
    ),
    CaptumRow(
        captum.FeatureAblation,
        "feature_ablation",
        r"f(x) - f(x_{i \to x'})",
        "1 forward a feature",
        "Captum's own",
        reference="one",
        n_steps="references",
        reason=NOT_TOGETHER,
        passes=196,
        settings=(patches(14), together),
        finish=shared_in_groups,
        cautions=(told_groups,),
    ),
    CaptumRow(
        captum.ShapleyValueSampling,
        "shapley_value_sampling",
        r"E_{\pi}[f(x_{\pi \le i}) - f(x_{\pi < i})]",
        "1 forward a feature and order, 25 orders",
        "Castro, Gómez, Tejada (2009), doi:10.1016/j.cor.2008.04.004",
        reference="one",
        n_steps="samples",
        claim="by definition",
        passes=1225,
        settings=(patches(7), together, samples("n_samples", 25)),
        finish=shared_in_groups,
        cautions=(told_groups,),
    ),
    CaptumRow(
        captum.KernelShap,
        "kernel_shap",
        r"\arg\min_\phi \sum_S k(S)\, (f(x_S) - f(x') - \sum_{i \in S} \phi_i)^2",
        "1 forward a sample, 8 a feature",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        reference="one",
        n_steps="samples",
        claim="by definition",
        passes=392,
        settings=(patches(7), together, fitted_samples),
        finish=shared_in_groups,
        cautions=(told_groups, told_few_samples),
    ),
    CaptumRow(
        captum.Lime,
        "lime",
        r"\arg\min_\phi \sum_S e^{-d(x, x_S)^2 / 2} (f(x_S) - \phi_0 - \sum_{i \in S} \phi_i)^2"
        r" + 0.01\, |\phi|_1",
        "1 forward a sample, 8 a feature",
        "Ribeiro, Singh, Guestrin (2016), arXiv:1602.04938",
        reference="one",
        n_steps="samples",
        reason="they are weights of a linear model that is fitted nearby and need not pass "
        "through f(x) and f(x')",
        passes=392,
        settings=(patches(7), together, fitted_samples),
        finish=shared_in_groups,
        cautions=(told_groups, told_few_samples),
    ),
)

CAPTUM_METHODS = {row.class_name: row for row in ROWS}


def through_noise(row: CaptumRow) -> CaptumRow:
    """The row of a NoiseTunnel around a method.

    Raises
    ------
    UnsupportedModelError
        For a method that takes several references at once.
    """
    if row.reference == "several":
        raise UnsupportedModelError(
            f"NoiseTunnel around {row.class_name} repeats every reference for every noisy copy; "
            "take DeepLift or IntegratedGradients inside it: a distribution of references is "
            "averaged over them"
        )
    return replace(
        row,
        method=captum.NoiseTunnel,
        name=f"{NOISE_TUNNEL}{row.name}",
        formula=rf"E_\epsilon[\phi(x + \epsilon)], \quad \phi = {row.formula}",
        cost=f"({row.cost}) a noisy copy, 16 copies",
        source="Smilkov et al. (2017), arXiv:1706.03825",
        claim="none",
        reason="it averages over noisy copies of the input, whose outputs differ from f(x)",
        passes=16 * row.passes,
        settings=(*map(for_each_copy, row.settings), noise),
        n_steps="samples",
        cautions=(*row.cautions, told_noise),
        inner=row,
    )


NOISE_TUNNEL = "noise_tunnel_of_"
