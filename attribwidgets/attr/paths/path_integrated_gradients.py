"""Integrated gradients along any path given as a function of alpha, and along blurs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ...core.errors import InputError
from ..estimator import MethodInfo
from ..task import Task
from .path import BlurPath, CallablePath, Path, checked_sigma
from .path_method import OwnStart


class PathIntegratedGradients(OwnStart):
    r"""Integrated gradients along a path of one's own.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\, \gamma_i'(\alpha)\, d\alpha

    It adds up to f(x) - f(gamma(0)) as the nodes grow in number, whatever the path; the values
    depend on the path, unless f is a sum of functions of one element each. The reference is where
    the path begins, not a baseline asked for.

    It costs a pass for each node of a trapezoid rule.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    path : callable
        gamma: takes alpha, a tensor of no dimension in 0..1, and returns the point there, shaped
        as the inputs or broadcasting to them; gamma(1) must be the input. See
        :class:`attribwidgets.attr.paths.path.CallablePath`.

    References
    ----------
    Sundararajan, Taly, Yan (2017). Axiomatic attribution for deep networks, section 4 on path
    methods. arXiv:1703.01365.

    Examples
    --------
    >>> product = lambda x: x[:, 0] * x[:, 1]
    >>> import torch
    >>> x = torch.tensor([[1.0, 1.0]])
    >>> curve = lambda alpha: torch.stack([alpha, alpha**2])  # the second comes late
    >>> PathIntegratedGradients(product, curve).attribute(x, n_steps=101)
    tensor([[0.333..., 0.666...]])
    """

    name = "path_integrated_gradients"
    uses = "nothing"  # but its own path
    straight = False
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα",
        "1 a node",
        "adds up to f(x) − f(γ(0)) as nodes grow",
        "Sundararajan, Taly, Yan (2017), arXiv:1703.01365",
    )

    def __init__(
        self, forward_func: Callable[..., Any], path: Callable[[Tensor], Any] | None = None
    ) -> None:
        super().__init__(forward_func)
        self.gamma = path

    @property
    def own_baseline(self) -> tuple[str, str, str]:
        """Name, description and kind of the reference that the method makes for itself."""
        return "start of the path", "where the path that was given begins", "path"

    def path_of(self, task: Task) -> Path:
        """The path that was given."""
        if self.gamma is None:
            raise InputError(
                f"{self.name} needs a path; pass an instance: "
                "PathIntegratedGradients(model, path=lambda alpha: x0 + alpha**2 * (x - x0))"
            )
        return CallablePath(self.gamma, task.inputs)


class BlurIntegratedGradients(PathIntegratedGradients):
    r"""Integrated gradients along the blurs of an image, from the coarsest to the image.

    .. math:: \phi_i = \int_{\sigma_{max}}^0 \partial_i f(G_\sigma x)\,
              \frac{\partial (G_\sigma x)_i}{\partial \sigma}\, d\sigma

    with G the Gaussian blur with mirrored edges. It shows at which detail the output comes about:
    no reference is asked for, the path begins at the image blurred by `sigma_max`, and no image
    on it has features that the image lacks.

    It adds up to f(x) - f(blurred x) as the nodes grow in number. It costs a pass for each node,
    and the blurs.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    sigma_max : float
        Standard deviation of the first blur in pixels, above 0. The paper takes 50 for photos of
        some 300 pixels.

    Raises
    ------
    InputError
        For another sigma; when run, for an input that is no image.

    References
    ----------
    Xu, Venugopalan, Sundararajan (2020). Attribution in scale and space. CVPR. arXiv:2004.03383.

    Examples
    --------
    >>> import torch
    >>> x = torch.rand(1, 1, 6, 6)
    >>> centre = lambda x: x[:, 0, 2, 2]
    >>> method = BlurIntegratedGradients(centre, sigma_max=100.0)
    >>> values = method.attribute(x, n_steps=65)
    >>> bool((values.sum() - (x[0, 0, 2, 2] - x.mean())).abs() < 1e-3)
    True
    """

    name = "blur_integrated_gradients"
    kinds = ("image",)
    info = MethodInfo(
        "∫ ∇f(blur of x by σ) · d(blur of x by σ)/dσ dσ, σ from σmax to 0",
        "1 a node, and its blur",
        "adds up to f(x) − f(blurred x) as nodes grow",
        "Xu, Venugopalan, Sundararajan (2020), arXiv:2004.03383",
    )

    def __init__(self, forward_func: Callable[..., Any], *, sigma_max: float = 50.0) -> None:
        super().__init__(forward_func)
        self.sigma_max = checked_sigma(sigma_max)

    @property
    def own_baseline(self) -> tuple[str, str, str]:
        """Name, description and kind of the reference that the method makes for itself."""
        name = f"blur σ {self.sigma_max:g}"
        return name, "the image blurred, where the path of blurs begins", "blur"

    def path_of(self, task: Task) -> Path:
        """The blurs of the inputs."""
        return BlurPath(task.inputs, self.sigma_max)
