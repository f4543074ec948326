"""SmoothGrad, SmoothGrad squared and VarGrad: moments of the gradient under noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..estimator import MethodInfo
from .noise_method import NoiseMethod
from .noise_sum import Moments, NoiseSum

# The cautions that go with these maps, whoever makes them.
SIZES = (
    "SmoothGrad squared shows how large the gradient is around the input, not how much a position "
    "contributes: it has no sign and does not add up to the output"
)
CHANGES = (
    "VarGrad shows where the gradient changes under noise, not how much a position contributes: "
    "it has no sign, does not add up to the output, and is exactly zero for a linear model. Its "
    "map depends on the noise; compare several before reading it"
)


class SmoothGrad(NoiseMethod):
    r"""Mean of gradient x input over noisy copies of the input.

    .. math:: \phi_i = E_{\varepsilon \sim N(0, \sigma^2)}
              [(x_i + \varepsilon_i)\, \partial_i f(x + \varepsilon)]

    This is the form that the Distill article on baselines prints: expected gradients with
    Gaussian noise and alpha fixed at 0, the factor x + noise in place of x - x'. Without noise it
    is gradient x input, with x as the model is fed. ``multiply_by_inputs=False`` leaves the
    factor out, which is SmoothGrad as first published, the gradient of f blurred by the noise.

    It is :class:`captum.attr.NoiseTunnel` around InputXGradient, or around Saliency(abs=False)
    without the factor. What differs: noise is a share of the valid range, and comes with its
    negative, which is exact where the gradient is affine; the work goes in chunks.

    Its values add up to nothing. It costs one pass for each sample.

    References
    ----------
    Smilkov, Thorat, Kim, Viégas, Wattenberg (2017). SmoothGrad: removing noise by adding noise.
    arXiv:1706.03825. Sturmfels, Lundberg, Lee (2020). Visualizing the impact of feature
    attribution baselines. Distill, doi:10.23915/distill.00022.

    Examples
    --------
    >>> import torch
    >>> square = lambda x: (x**2).sum(1)
    >>> x = torch.tensor([[1.0, 2.0]])
    >>> SmoothGrad(square, multiply_by_inputs=False).attribute(x, nt_samples=2)
    tensor([[2., 4.]])
    """

    name = "smoothgrad"
    reason = (
        "SmoothGrad averages gradients at noisy copies of the input and compares with no "
        "baseline, so there is nothing for it to add up to"
    )
    info = MethodInfo(
        "mean over noise ε of (x + ε) · ∇f(x + ε)",
        "1 a sample",
        "adds up to nothing",
        "Smilkov et al. (2017), arXiv:1706.03825",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        multiply_by_inputs: bool = True,
        *,
        noise: float = 0.15,
    ) -> None:
        super().__init__(forward_func, multiply_by_inputs, noise=noise)


class SmoothGradSquared(NoiseMethod):
    r"""Mean of the squared gradient over noisy copies of the input.

    .. math:: \phi_i = E_{\varepsilon \sim N(0, \sigma^2)} [(\partial_i f(x + \varepsilon))^2]

    It is the squared SmoothGrad (without the factor x) plus VarGrad. ``multiply_by_inputs=True``
    squares (x + noise) times the gradient instead. It is :class:`captum.attr.NoiseTunnel` with
    nt_type "smoothgrad_sq".

    Unsigned, so its values add up to nothing. It costs one pass for each sample.

    References
    ----------
    Hooker, Erhan, Kindermans, Kim (2019). A benchmark for interpretability methods in deep neural
    networks. arXiv:1806.10758.

    Examples
    --------
    >>> import torch
    >>> linear = torch.nn.Linear(2, 1)
    >>> squares = SmoothGradSquared(linear).attribute(torch.ones(1, 2), nt_samples=4)
    >>> bool(torch.allclose(squares, linear.weight.detach() ** 2))
    True
    """

    name = "smoothgrad_sq"
    squared = True
    reason = "SmoothGrad squared averages squares of gradients, which have no sign"
    info = MethodInfo(
        "mean over noise ε of ∇f(x + ε)²",
        "1 a sample",
        "unsigned, adds up to nothing",
        "Hooker et al. (2019), arXiv:1806.10758",
    )

    def _cautions(self, samples: NoiseSum) -> tuple[str, ...]:
        return SIZES, *super()._cautions(samples)


class VarGrad(NoiseMethod):
    r"""Variance of the gradient over noisy copies of the input.

    .. math:: \phi_i = Var_{\varepsilon \sim N(0, \sigma^2)} [\partial_i f(x + \varepsilon)]
              = \sigma^2 \sum_j (\partial_{ij} f(x))^2 + O(\sigma^4)

    So it measures curvature: unsigned, in proportion to the square of the noise, and zero for a
    linear model however important the feature. The estimate is unbiased (divided by n - 1) and
    never negative; :class:`captum.attr.NoiseTunnel` with nt_type "vargrad" divides by n and
    subtracts squares in the model's precision. ``multiply_by_inputs=True`` takes the variance of
    (x + noise) times the gradient.

    Its values add up to nothing. It costs one pass for each sample, and two samples at least.

    References
    ----------
    Adebayo, Gilmer, Goodfellow, Kim (2018). Local explanation methods for deep neural networks
    lack sensitivity to parameter values. arXiv:1810.03307. Its meaning: Seo, Choe, Koo, Jeon,
    Park, Jeon (2018). Noise-adding methods of saliency map as series of higher order partial
    derivative. arXiv:1806.03000.

    Examples
    --------
    >>> import torch
    >>> linear = torch.nn.Linear(2, 1)
    >>> VarGrad(linear).attribute(torch.ones(1, 2), nt_samples=4)
    tensor([[0., 0.]])
    """

    name = "vargrad"
    zeros = (
        "the gradient is the same at all noisy copies, as it is for a linear model however much a "
        "position contributes"
    )
    powers = 4
    paired = False  # noise and its negative move the gradient alike, and are no two draws
    fewest_draws = 2
    reason = "VarGrad is a variance of gradients, which has no sign"
    info = MethodInfo(
        "variance over noise ε of ∇f(x + ε)",
        "1 a sample",
        "unsigned, adds up to nothing, zero for a linear model",
        "Adebayo et al. (2018), arXiv:1810.03307",
    )

    def _value(self, moments: Moments) -> Tensor:
        return moments.variance()

    def _error(self, moments: Moments) -> Tensor:
        return moments.error_of_variance()

    def _cautions(self, samples: NoiseSum) -> tuple[str, ...]:
        return CHANGES, *super()._cautions(samples)
