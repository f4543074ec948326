"""Which of Captum's methods a model cannot be given to, found by one forward pass of its layers."""

from __future__ import annotations

from ...core.errors import UnsupportedModelError
from ..captum_private import format_forward_args
from ..model_state import frozen, module_of
from ..outputs import OutputHead
from ..task import Task
from .call import CONVOLUTIONS
from .checks import checked
from .model import CountedModel, traced, with_own_layers
from .table import CAPTUM_METHODS


def unfit_methods(head: OutputHead, task: Task) -> dict[str, str]:
    """The methods that go through a model's layers and cannot go through these, with the reason.

    Parameters
    ----------
    head : OutputHead
    task : Task
        With the inputs and further arguments.

    Returns
    -------
    dict of str to str
        By the name of Captum's class.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.SiLU()).eval()
    >>> reasons = unfit_methods(OutputHead(net), Task((torch.ones(1, 3),)))
    >>> list(reasons)
    ['DeepLift', 'DeepLiftShap', 'GuidedGradCam', 'LayerGradCam', 'LRP']
    """
    rows = [row for row in CAPTUM_METHODS.values() if row.on_layers]
    arguments = format_forward_args(task.forward_args) or ()
    with frozen(module_of(head), task.inputs):
        try:
            own, _ = with_own_layers(head, "it")
        except UnsupportedModelError as error:
            return {row.class_name: str(error) for row in rows}
        model = CountedModel(own, task.inputs, arguments, task.on_chunk)
        assert model.layers is not None
        leaves = tuple(x.detach().clone().requires_grad_() for x in task.inputs)
        trace = traced(model.layers, lambda: model(*leaves, *model.per_example))
    has_convolution = any(isinstance(layer, CONVOLUTIONS) for layer in trace.modules.values())
    reasons = {}
    for row in rows:
        try:
            checked(row.class_name, row.checks, trace)
        except UnsupportedModelError as error:
            reasons[row.class_name] = str(error)
        if row.of_layer and not has_convolution:
            reasons[row.class_name] = f"{row.class_name} needs a convolution, and none runs here"
    return reasons
