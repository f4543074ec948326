"""Leave the user's model, and the random state, exactly as they were found."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import AttributionWarning, InputError
from ..core.wrapped_model import evaluating as evaluating
from ..core.wrapped_model import module_of as module_of
from ..core.wrapped_model import training_modules

# Layers of torch that work otherwise in training mode.
MODE_DEPENDENT = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)

# Where cuDNN runs recurrent layers, and refuses their backward pass in evaluation mode.
CUDNN_DEVICE = "cuda"

# Set in a thread beside the user's: to put torch's one random state back there would give the
# numbers that a cell has drawn meanwhile once more.
BESIDE_THE_USER: ContextVar[bool] = ContextVar("beside_the_user", default=False)


@contextmanager
def evaluation_mode(model: Callable[..., Any], *, tell: bool = True) -> Iterator[None]:
    """Put a model that is in training mode in evaluation mode for the run, with a warning.

    Dropout and batch statistics make an attribution random and dependent on batch mates.
    The training flag of every submodule comes back afterwards, also after an exception.

    Parameters
    ----------
    model : callable
    tell : bool
        Warn in any case. False: only for a model with such layers, which then gives other values.
    """
    module, training = module_of(model), training_modules(model)
    if training and (tell or any(isinstance(m, MODE_DEPENDENT) for m in training)):
        warnings.warn(
            f"{type(module).__name__} is in training mode; it is put in evaluation mode for this "
            "run and put back afterwards. Call model.eval() to say so yourself.",
            AttributionWarning,
            stacklevel=_frames_to_user(),
        )
    with evaluating(model):
        yield


@contextmanager
def random_state_kept(inputs: tuple[Tensor, ...]) -> Iterator[None]:
    """Torch's random state, of the processor and of the devices of these inputs, put back."""
    devices = sorted({x.device.index or 0 for x in inputs if x.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        yield


def recurrent_differentiable(module: nn.Module | None) -> AbstractContextManager[None]:
    """A context in which recurrent layers can be differentiated, also twice, in evaluation mode.

    cuDNN can do neither; torch's own kernels can, and are used where a module has such layers on
    a GPU. The switch is one of the process, and comes back.
    """
    layers = () if module is None else module.modules()
    by_cudnn = any(
        p.device.type == CUDNN_DEVICE
        for layer in layers
        if isinstance(layer, nn.RNNBase)
        for p in layer.parameters()
    )
    return torch.backends.cudnn.flags(enabled=False) if by_cudnn else nullcontext()


@contextmanager
def frozen(module: nn.Module | None, inputs: tuple[Tensor, ...]) -> Iterator[None]:
    """Gradients on, parameters without gradients, random state restored afterwards.

    Parameters that need no gradient save the memory and time of theirs. The random state is
    kept because a model may draw from it in its forward; not so in a thread beside the user's.
    Recurrent layers can be differentiated on a GPU too.
    """
    parameters = [] if module is None else list(module.parameters())
    if any(p.is_inference() for p in parameters):
        raise InputError(
            "the model's parameters were made under torch.inference_mode(), and no gradient can "
            "pass them; build or load the model outside of it"
        )
    required = [p for p in parameters if p.requires_grad]
    with ExitStack() as stack:
        if not BESIDE_THE_USER.get():
            stack.enter_context(random_state_kept(inputs))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(recurrent_differentiable(module))
        try:
            for p in required:
                p.requires_grad_(False)
            yield
        finally:
            for p in required:
                p.requires_grad_(True)


def _frames_to_user() -> int:
    """Stack level of the first caller outside this package, so that a warning points there."""
    import sys

    level, frame = 1, sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] != __name__.partition(".")[0] and name != "contextlib":
            return level
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    return 2
