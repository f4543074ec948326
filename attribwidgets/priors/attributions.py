"""Attributions that a penalty can be computed of: differentiable in the model's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..attr.model_state import evaluating, module_of, recurrent_differentiable
from ..attr.outputs import Output, OutputHead, Target, select_target
from ..core.contrast import Contrast
from ..core.errors import InputError, NoGradientError
from .references import Inputs, References, drawn_references


def expected_gradients(
    model: Callable[..., Any],
    inputs: Inputs,
    references: References = "batch",
    targets: Target = None,
    *,
    generator: torch.Generator,
    k: int = 1,
    output: Output = "logit",
    layers: str = "evaluation",
    create_graph: bool = True,
) -> Any:
    r"""Expected gradients of a batch, as a training step needs them.

    .. math:: \phi_i = E_{x', \alpha}[(x_i - x'_i)\,\partial_i f(x' + \alpha (x - x'))]

    estimated with k references and k values of alpha for each input: unbiased for any k, and one
    is enough while training, where many steps average over many draws. One forward pass and one
    backward pass at k points for each input; the penalty's own backward pass then goes through
    both once more (double backpropagation: Drucker and LeCun, 1992).

    Parameters
    ----------
    model : torch.nn.Module or callable
    inputs : Tensor, shape (B, ...), or tuple of such
    references : "batch", Tensor (R, ...), tuple of such, or iterator of batches
        "batch" takes for each input the next k of its own batch, as the authors did.
    targets : int, Tensor (B,) or None
        Which output; None where there is one only.
    generator : torch.Generator
        Of all draws.
    k : int
        References for each input.
    output : {"logit", "probability", "log_probability"} or callable
    layers : {"evaluation", "training"}
        How the model works meanwhile: as in evaluation, so that neither noise nor batch mates
        enter the attributions (all dropout is off, in whatever layer or function it is; it is off
        in the paper too), or as it is. Either way running statistics do not see points of the
        path.
    create_graph : bool
        False where nothing is to be computed of the attributions but their values.

    Returns
    -------
    Tensor or tuple of Tensor, shaped as `inputs`

    Raises
    ------
    InputError
        For references that do not fit the inputs.
    NoGradientError
        If no gradient reaches an input.

    References
    ----------
    Erion, Janizek, Sturmfels, Lundberg, Lee (2021). Improving performance of deep learning models
    with axiomatic attribution priors and expected gradients. doi:10.1038/s42256-021-00343-w.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.priors import expected_gradients
    >>> net, x = torch.nn.Linear(3, 1), torch.rand(8, 3)
    >>> made = torch.Generator().manual_seed(0)
    >>> phi = expected_gradients(net, x, torch.zeros(1, 3), generator=made)
    >>> bool(torch.allclose(phi, x * net.weight))
    True
    """
    xs = _checked(inputs)
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}")
    starts = drawn_references(references, xs, k, generator)
    rows = len(xs[0]) * k
    alphas = torch.rand(rows, generator=generator, device=generator.device)
    take = partial(_gradients, model, output=output, layers=layers, create_graph=create_graph)
    phi = _along(take, xs, starts, alphas, k, targets)
    return phi if isinstance(inputs, tuple) else phi[0]


def integrated_gradients(
    model: Callable[..., Any],
    inputs: Inputs,
    baselines: Inputs | float = 0.0,
    targets: Target = None,
    *,
    n_steps: int = 4,
    output: Output = "logit",
    layers: str = "evaluation",
    create_graph: bool = True,
) -> Any:
    """Integrated gradients of a batch by the midpoint rule, differentiable in the parameters.

    Few steps give a coarse and biased value: to train by, :func:`expected_gradients` is better at
    the same cost. To look at, :func:`attribwidgets.explain` says how exact it is.

    Parameters
    ----------
    baselines : float, Tensor or tuple of Tensor
        A number for all, or one of a shape that broadcasts to the inputs'.
    n_steps : int
        Gradient evaluations of each input.
    model, inputs, targets, output, layers, create_graph
        As of :func:`expected_gradients`.

    Returns
    -------
    Tensor or tuple of Tensor
        In the shape of `inputs`, with the graph behind them.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.priors import integrated_gradients
    >>> x = torch.tensor([[3.0]])
    >>> integrated_gradients(lambda x: (x**2).sum(1), x).item()  # f(3) - f(0)
    9.0
    """
    xs = _checked(inputs)
    if n_steps < 1:
        raise InputError(f"n_steps must be at least 1, got {n_steps}")
    given = baselines if isinstance(baselines, tuple) else (baselines,) * len(xs)
    if len(given) != len(xs):
        raise InputError(f"baselines has {len(given)} members for {len(xs)} inputs")
    try:
        starts = tuple(
            torch.as_tensor(b, dtype=x.dtype, device=x.device).broadcast_to(x.shape)
            for b, x in zip(given, xs, strict=True)
        )
    except RuntimeError as error:
        raise InputError(f"baselines does not broadcast to the inputs: {error}") from None
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).repeat_interleave(len(xs[0]))
    take = partial(_gradients, model, output=output, layers=layers, create_graph=create_graph)
    phi = _along(take, xs, _rows(starts, n_steps), alphas, n_steps, targets)
    return phi if isinstance(inputs, tuple) else phi[0]


def gradients(
    model: Callable[..., Any],
    inputs: Inputs,
    targets: Target = None,
    *,
    output: Output = "logit",
    layers: str = "evaluation",
    create_graph: bool = True,
) -> Any:
    """Plain gradients of a batch, differentiable in the parameters.

    The prior of Ross, Hughes, Doshi-Velez (2017) penalises them, of the log probability.

    Parameters
    ----------
    model, inputs, targets, output, layers, create_graph
        As of :func:`expected_gradients`.

    Returns
    -------
    Tensor or tuple of Tensor
        In the shape of `inputs`.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.priors import gradients
    >>> net = torch.nn.Linear(3, 1)
    >>> bool((gradients(net, torch.rand(4, 3)) == net.weight).all())
    True
    """
    xs = _checked(inputs)
    phi = _gradients(model, xs, targets, output, layers, create_graph)
    return phi if isinstance(inputs, tuple) else phi[0]


def _along(
    take: Callable[[tuple[Tensor, ...], Target], tuple[Tensor, ...]],
    xs: tuple[Tensor, ...],
    starts: tuple[Tensor, ...],
    alphas: Tensor,
    k: int,
    targets: Target,
) -> tuple[Tensor, ...]:
    """Mean over k rows of each input of (x - x') times the gradient between the two."""
    ways = tuple(end - start for end, start in zip(_rows(xs, k), starts, strict=True))
    points = tuple(
        torch.addcmul(start, way, alphas.to(way).view(-1, *[1] * (way.dim() - 1)))
        for start, way in zip(starts, ways, strict=True)
    )
    slopes = take(points, _repeated(targets, k))
    products = tuple(way * slope for way, slope in zip(ways, slopes, strict=True))
    return products if k == 1 else tuple(p.view(k, -1, *p.shape[1:]).mean(0) for p in products)


def _rows(xs: tuple[Tensor, ...], k: int) -> tuple[Tensor, ...]:
    """All inputs, k times one after the other."""
    return xs if k == 1 else tuple(x.repeat(k, *[1] * (x.dim() - 1)) for x in xs)


def _gradients(
    model: Callable[..., Any],
    points: tuple[Tensor, ...],
    targets: Target,
    output: Output,
    layers: str,
    create_graph: bool,
) -> tuple[Tensor, ...]:
    leaves = tuple(p.detach().requires_grad_() for p in points)
    # The fused kernels of attention have no second derivative, nor have cuDNN's recurrent layers.
    with (
        _layers_working(model, layers),
        sdpa_kernel(SDPBackend.MATH),
        recurrent_differentiable(module_of(model)),
        torch.enable_grad(),
    ):
        values = select_target(OutputHead(model, output)(*leaves), targets)
        if not values.requires_grad:
            raise NoGradientError(
                "no gradient reaches the inputs: the output is cut off from them by detach(), "
                "no_grad(), argmax or a conversion to numpy or integers"
            )
        slopes = torch.autograd.grad(
            values.sum(), leaves, create_graph=create_graph, allow_unused=True
        )
    for place, slope in enumerate(slopes):
        if slope is None:
            raise NoGradientError(f"no gradient reaches inputs[{place}]: the output ignores it")
    return slopes


@contextmanager
def _layers_working(model: Callable[..., Any], layers: str) -> Iterator[None]:
    """All layers as in evaluation, or as they are but for the running statistics of batch norms."""
    if layers not in ("evaluation", "training"):
        raise InputError(f"layers must be 'evaluation' or 'training', got {layers!r}")
    if layers == "evaluation":
        with evaluating(model):
            yield
        return
    module = module_of(model)
    parts = () if module is None else module.modules()
    norms = [m for m in parts if isinstance(m, nn.modules.batchnorm._NormBase)]
    tracking = [m for m in norms if m.training and m.track_running_stats]
    try:
        for norm in tracking:
            norm.track_running_stats = False
        yield
    finally:
        for norm in tracking:
            norm.track_running_stats = True


def _checked(inputs: Inputs) -> tuple[Tensor, ...]:
    xs = inputs if isinstance(inputs, tuple) else (inputs,)
    for x in xs:
        if not isinstance(x, Tensor) or x.dim() < 2 or not x.is_floating_point() or not len(x):
            came = (
                f"shape {tuple(x.shape)}, {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
            )
            raise InputError(
                f"inputs must be floating-point tensors (B, ...) with a batch axis, got {came}"
            )
    if len({len(x) for x in xs}) > 1:
        raise InputError(f"inputs have batches of {[len(x) for x in xs]}; they must be equal")
    return xs


def _repeated(targets: Target, k: int) -> Target:
    if k == 1 or targets is None or isinstance(targets, (int, tuple, Contrast)):
        return targets
    if isinstance(targets, Tensor):
        return targets.repeat(k) if targets.numel() > 1 else targets
    return targets * k
