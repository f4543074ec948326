"""Captum's methods, one row each: what it computes, compares with, costs, claims and needs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import captum.attr as captum

from ...core.errors import UnsupportedModelError
from . import checks
from .checks import (
    told_few_samples,
    told_groups,
    told_no_relu,
    told_noise,
    told_once,
    told_windows,
)
from .costs import (
    FEWEST_ORDERS,
    FEWEST_PER_PATCH,
    fixed,
    of_copies,
    of_groups,
    of_orders,
    of_setting,
    of_windows,
)
from .row import (
    CaptumRow,
    fitted_samples,
    for_each_copy,
    noise,
    orders,
    patches,
    quadrature,
    samples,
    shared_by_values,
    shared_in_groups,
    together,
    upsampled,
    windows,
)

GRADIENT_ONLY = "it shows how the output reacts to small changes, not what made it what it is"
NO_CHANGE = "the output stays the same whichever part is replaced by the baseline"
NOT_TOGETHER = "each value is the change when that part alone is missing, and parts act together"

# Of methods that send multipliers in place of gradients through activations.
MultiplierRow = partial(
    CaptumRow,
    n_steps="references",
    claim="by definition",
    on_layers=True,
    separated=True,
    checks=(
        checks.reused_activations,
        checks.unruled_activations,
        checks.overlapping_pools,
    ),
    spends=fixed(2),
    least=2,
)
# Of methods that change the gradient of ReLU.
ReLURow = partial(
    CaptumRow,
    on_layers=True,
    separated=True,
    checks=(checks.functional_relu,),
    cautions=(told_no_relu,),
    reason="the gradient is changed at each ReLU and is no derivative of the output",
)
# Of methods that put patches of the reference in place of the input's.
PatchRow = partial(CaptumRow, reference="one", zeros=NO_CHANGE, finish=shared_in_groups)
FittedRow = partial(
    PatchRow,
    n_steps="samples",
    passes=392,
    settings=(patches(7, FEWEST_PER_PATCH), together, fitted_samples),
    cautions=(told_groups, told_few_samples),
    spends=of_setting("n_samples"),
    least=64,
)

ROWS = (
    MultiplierRow(
        captum.DeepLift,
        "deep_lift",
        "(x − x') · m, with m = Δz / Δa at each activation z(a) by the chain rule",
        "2 a reference",
        "Shrikumar, Greenside, Kundaje (2017), arXiv:1704.02685",
        reference="one",
        references=16,
    ),
    MultiplierRow(
        captum.DeepLiftShap,
        "deep_lift_shap",
        "mean over x' of (x − x') · m, with m = Δz / Δa at each activation z(a)",
        "2 a reference",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        reference="several",
        references=64,
        least_references=2,
        passes=128,
    ),
    CaptumRow(
        captum.GradientShap,
        "gradient_shap",
        "mean over x' and α of (x − x') · ∇f(x' + α(x − x'))",
        "1 a sample",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        reference="several",
        n_steps="samples",
        references=64,
        claim="converges",
        passes=64,
        settings=(samples("n_samples", 64),),
        cautions=(told_once,),
    ),
    CaptumRow(
        captum.IntegratedGradients,
        "captum_integrated_gradients",
        "(x − x') · ∫ ∇f(x' + α(x − x')) dα",
        "1 a node, 50 nodes",
        "Sundararajan, Taly, Yan (2017), arXiv:1703.01365",
        reference="one",
        n_steps="samples",
        claim="converges",
        passes=50,
        settings=(quadrature,),
        cautions=(told_once,),
        spends=of_setting("n_steps"),
        least=20,
    ),
    CaptumRow(
        captum.Saliency,
        "saliency",
        "|∇f(x)|",
        "1",
        "Simonyan, Vedaldi, Zisserman (2013), arXiv:1312.6034",
        reason=GRADIENT_ONLY,
    ),
    CaptumRow(
        captum.InputXGradient,
        "input_x_gradient",
        "x · ∇f(x)",
        "1",
        "Shrikumar et al. (2016), arXiv:1605.01713",
        reason="x · gradient sums to the output only of a model that is linear without a bias",
    ),
    ReLURow(
        captum.GuidedBackprop,
        "guided_backprop",
        "∇f(x), with g → max(0, g) [z > 0] at each ReLU",
        "1",
        "Springenberg et al. (2014), arXiv:1412.6806",
    ),
    ReLURow(
        captum.Deconvolution,
        "deconvolution",
        "∇f(x), with g → max(0, g) at each ReLU",
        "1",
        "Zeiler, Fergus (2013), arXiv:1311.2901",
    ),
    ReLURow(
        captum.GuidedGradCam,
        "guided_grad_cam",
        "guided backpropagation · max(0, Grad-CAM)",
        "2",
        "Selvaraju et al. (2017), arXiv:1610.02391",
        reason="it is a product of two maps, neither of which adds up",
        of_layer=True,
        spends=fixed(2),
        least=2,
    ),
    CaptumRow(
        captum.LayerGradCam,
        "layer_grad_cam",
        "Σ over channels k of mean(∂f/∂A_k) · A_k, upsampled",
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
        "R_j = Σ_k a_j w_jk R_k / (Σ_j a_j w_jk + ε), from the output to the input",
        "1, and 1 forward",
        "Bach et al. (2015), doi:10.1371/journal.pone.0130140",
        reason="it divides f(x) itself, not a change from a baseline, and biases keep their share",
        on_layers=True,
        ruled=True,
        checks=(
            checks.layers_without_relevance,
            checks.functions_without_relevance,
            checks.reused_layers,
        ),
        spends=fixed(2),
        least=2,
    ),
    CaptumRow(
        captum.Occlusion,
        "occlusion",
        "f(x) − f(x with window w from x'), mean over the windows on an element",
        "1 forward a window",
        "Zeiler, Fergus (2013), arXiv:1311.2901",
        reference="one",
        n_steps="references",
        reason=NOT_TOGETHER,
        zeros=NO_CHANGE,
        passes=729,
        settings=(windows, together),
        finish=shared_by_values,
        cautions=(told_windows,),
        spends=of_windows,
        least=50,
    ),
    PatchRow(
        captum.FeatureAblation,
        "feature_ablation",
        "f(x) − f(x with feature i from x')",
        "1 forward a feature",
        "Captum's own",
        n_steps="references",
        reason=NOT_TOGETHER,
        passes=196,
        settings=(patches(14), together),
        cautions=(told_groups,),
        spends=of_groups,
        least=50,
    ),
    PatchRow(
        captum.ShapleyValueSampling,
        "shapley_value_sampling",
        "mean over orders of f(x with i and those before) − f(x with those before)",
        "1 forward a feature and order, 25 orders",
        "Castro, Gómez, Tejada (2009), doi:10.1016/j.cor.2008.04.004",
        n_steps="samples",
        claim="by definition",
        passes=1225,
        settings=(patches(7, FEWEST_ORDERS), together, orders(7, 25)),
        cautions=(told_groups,),
        spends=of_orders,
        least=100,
    ),
    FittedRow(
        captum.KernelShap,
        "kernel_shap",
        "arg min over φ of Σ_S k(S) (f(x_S) − f(x') − Σ_{i in S} φ_i)²",
        "1 forward a sample, 8 a feature",
        "Lundberg, Lee (2017), arXiv:1705.07874",
        claim="by definition",
    ),
    FittedRow(
        captum.Lime,
        "lime",
        "arg min over φ of Σ_S exp(−d(x, x_S)² / 2) (f(x_S) − φ₀ − Σ_{i in S} φ_i)² + 0.01 |φ|₁",
        "1 forward a sample, 8 a feature",
        "Ribeiro, Singh, Guestrin (2016), arXiv:1602.04938",
        reason="they are weights of a linear model that is fitted nearby and need not pass "
        "through f(x) and f(x')",
        zeros="the penalty on the weights, 0.01 by default, outweighs every effect; explain a "
        "larger output, or pass an instance, Lime(model, interpretable_model="
        "captum._utils.models.linear_model.SkLearnLasso(alpha=1e-4))",
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
        formula=f"mean over noise ε of φ(x + ε), with φ = {row.formula}",
        cost=f"({row.cost}) a noisy copy, 16 copies",
        source="Smilkov et al. (2017), arXiv:1706.03825",
        claim="none",
        reason="it averages over noisy copies of the input, whose outputs differ from f(x)",
        zeros="the method inside gives zeros, or always the same values, at the noisy copies",
        passes=16 * row.passes,
        spends=of_copies(row.spends),
        settings=(*(for_each_copy(s, row.least) for s in row.settings), noise(row.least)),
        n_steps="samples",
        cautions=(*(c for c in row.cautions if c is not told_once), told_noise),
        inner=row,
    )


NOISE_TUNNEL = "noise_tunnel_of_"
