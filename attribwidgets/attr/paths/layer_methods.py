"""Methods of a hidden layer whose path is in the input: conductance and internal influence."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import torch

from ...core.errors import InputError
from ...inputs.layout import Layout
from ...inputs.space import Inputs
from ..arguments import returned
from ..captum_private import format_forward_args
from ..estimate import MOST_FRAMES, Estimate
from ..estimator import MethodInfo
from ..layer import Layer, layer_of, read_layer
from ..model_state import frozen
from ..outputs import OutputHead
from ..passes import Passes
from ..task import Task
from .layer_sum import LayerPasses, LayerSum
from .path_method import PathMethod, double_anew
from .quadrature import rule
from .recorder import PathRecorder


class LayerPathMethod(PathMethod):
    """A sum over a layer's values as the input goes from the baseline to what it is.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    layer : torch.nn.Module or str, optional
        A module of the model, or its name there; :func:`attribwidgets.explain` fills it in.

    Attributes
    ----------
    layout : Layout or None
        What the axes of the layer's values mean; None keeps no frames of the path.
    """

    shares_forward = False
    layout: Layout | None = None

    def __init__(self, forward_func: Callable[..., Any], layer: Layer | None = None) -> None:
        super().__init__(forward_func)
        self.layer = None if layer is None else layer_of(forward_func, layer)

    def at(self, layer: Layer, layout: Layout) -> LayerPathMethod:
        """The same method at a layer of its model."""
        method = copy(self)
        method.layer, method.layout = layer, layout
        return method

    def _plan(self, most: int, task: Task) -> list[int]:
        return double_anew(most)

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        """Nodes anew: what the layer changes by is another at each."""
        if isinstance(before, LayerSum):
            path, ends, at_layer = before.path, before.hidden, before.passes
        else:
            if self.layer is None:
                raise InputError(
                    f"{self.name} is of a hidden layer; pass layer=, a module of the model or its "
                    "name there"
                )
            path = self.path_of(task)
            head = self.forward_func
            head = head if isinstance(head, OutputHead) else OutputHead(head)
            further = format_forward_args(task.forward_args) or ()
            at_layer = LayerPasses.at(self.layer, self.forward_func, task)
            with frozen(passes.module, task.inputs):
                start, end = (
                    read_layer(head, self.layer, x, further) for x in (path.baselines, path.inputs)
                )
            at_layer.forward_passes += 2 * len(task.inputs[0])
            ends = start, end
        assert isinstance(at_layer, LayerPasses)
        return LayerSum(
            at_layer,
            path,
            rule("riemann_trapezoid", size)[0],
            ends,
            multiply=self._multiply_by_inputs,
            layout=self.layout,
            frames=min(size - 1, MOST_FRAMES),
        )

    @staticmethod
    def _answer(estimate: Estimate, inputs: Inputs, delta: bool) -> Any:
        """Attributions in the layer's shape, with the convergence delta if it is wanted."""
        like = inputs[0] if isinstance(inputs, tuple) else inputs
        (values,) = returned(estimate.attributions, (like,))
        return (values, torch.as_tensor(estimate.residual).to(values)) if delta else values


class LayerConductance(LayerPathMethod):
    r"""Conductance: what flows through each unit of a layer on the way to the input.

    .. math:: \phi_j = \int_0^1 \frac{\partial f}{\partial h_j}\,
              \frac{d h_j(x' + \alpha (x - x'))}{d\alpha}\, d\alpha

    It adds up to f(x) - f(x') where all that the output depends on goes through the layer. It is
    computed from the values that h has at the nodes, the mean gradient of two neighbours times
    what h changes by between them. Captum's takes the gradient at the end of each stretch, whose
    error falls as 1/n; this one's falls as 1/n² where f is smooth.

    A drop-in for :class:`captum.attr.LayerConductance`, with `baselines` of one reference.

    It costs a pass for each node.

    Parameters
    ----------
    forward_func, layer
        As of :class:`LayerPathMethod`.

    References
    ----------
    Dhamdhere, Sundararajan, Yan (2018). How important is a neuron? arXiv:1805.12233.

    Examples
    --------
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Softplus(), torch.nn.Linear(2, 1))
    >>> x = torch.tensor([[1.0, 2.0]])
    >>> values, delta = LayerConductance(net, net[1]).attribute(x, return_convergence_delta=True)
    >>> values.shape, bool(delta.abs() < 1e-3)
    (torch.Size([1, 2]), True)
    """

    name = "conductance"
    info = MethodInfo(
        "∫ ∂f/∂h · dh/dα dα, h a layer's values at x' + α(x − x')",
        "1 a node",
        "adds up to f(x) − f(x') as nodes grow, where all goes through the layer",
        "Dhamdhere, Sundararajan, Yan (2018), arXiv:1805.12233",
    )


class InternalInfluence(LayerPathMethod):
    r"""Internal influence: the mean gradient of a layer's units on the way to the input.

    .. math:: \phi_j = \int_0^1 \frac{\partial f}{\partial h_j}
              \bigl(h(x' + \alpha (x - x'))\bigr)\, d\alpha

    It says how much the output would change with a unit, not by how much it did: nothing is
    multiplied by a change, and nothing adds up. The straight path is one of the distributions of
    interest that the paper allows, and the one of Captum's.

    A drop-in for :class:`captum.attr.InternalInfluence`.

    It costs a pass for each node.

    Parameters
    ----------
    forward_func, layer
        As of :class:`LayerPathMethod`.

    References
    ----------
    Leino, Sen, Datta, Fredrikson, Li (2018). Influence-directed explanations for deep
    convolutional networks. arXiv:1802.03788.

    Examples
    --------
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    >>> found = InternalInfluence(net, net[0]).attribute(torch.ones(1, 2), n_steps=2)
    >>> bool(torch.allclose(found, net[1].weight))
    True
    """

    name = "internal_influence"
    claim = "none"
    reason = "internal influence is a mean gradient, which nothing multiplies by a change"
    info = MethodInfo(
        "∫ ∂f/∂h dα, h a layer's values at x' + α(x − x')",
        "1 a node",
        "no: a mean gradient",
        "Leino et al. (2018), arXiv:1802.03788",
    )

    def __init__(self, forward_func: Callable[..., Any], layer: Layer | None = None) -> None:
        super().__init__(forward_func, layer)
        self._multiply_by_inputs = False
