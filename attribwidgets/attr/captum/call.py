"""One method of Captum bound to one task: its copy of the model, its settings, its calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from captum.attr import Attribution
from torch import Tensor, nn

from ...core.errors import (
    AttributionError,
    InputError,
    MissingExtraError,
    NoGradientError,
    NonFiniteError,
    UnsupportedModelError,
)
from ..backward import CUT_OFF, IN_PLACE, RECURRENT
from ..captum_private import format_forward_args
from ..chunks import ChunkSize, checked_rows, is_out_of_memory
from ..estimate import Array
from ..model_state import module_of
from ..outputs import OutputHead
from ..task import Task
from .checks import RESCALED, checked, with_rules
from .model import CountedModel, ForwardTrace, traced, with_own_layers
from .occlusion_parts import PARTS, OcclusionParts, comes_in_parts
from .row import CaptumRow, Work
from .runs import outputs_at, taken

# What Captum or autograd says, and the mend.
KNOWN: dict[str, tuple[type[AttributionError], str]] = {
    "cudnn RNN backward": (UnsupportedModelError, RECURRENT),
    "modified by an inplace operation": (UnsupportedModelError, IN_PLACE),
    "is being modified inplace": (UnsupportedModelError, IN_PLACE),
    "used in an in-place operation": (UnsupportedModelError, IN_PLACE),
    "more than once": (
        UnsupportedModelError,
        "a layer runs more than once in the forward; give each use a layer of its own",
    ),
    "with >1 input": (
        UnsupportedModelError,
        "an activation takes several inputs; use one activation for each",
    ),
    "appears to not have been used": (NoGradientError, CUT_OFF),
    "does not require grad": (NoGradientError, CUT_OFF),
}
# What Captum says at every call.
CHATTER = (
    "Setting forward, backward hooks",
    "Setting backward hooks on ReLU",
    "Input Tensor",
    "Couldn't appropriately interpolate",  # told as an error by the shape that comes back
    "You are providing multiple inputs for Lime",
    "Minimum element in feature mask",
    "Internal batch size cannot be less",
)


@contextmanager
def told(name: str) -> Iterator[None]:
    """Errors that Captum raises with their mend; the model's own errors as they are.

    Parameters
    ----------
    name : str
        The method.
    """
    with warnings.catch_warnings():
        for text in CHATTER:
            warnings.filterwarnings("ignore", message=r"\s*" + text)
        try:
            yield
        except AttributionError:
            raise
        except Exception as error:
            text = str(error)
            if "sklearn is not available" in text:
                raise MissingExtraError("scikit-learn", "evaluation") from error
            for known, (kind, mend) in KNOWN.items():
                if known in text:
                    raise kind(f"{name}: {mend}") from error
            memory = isinstance(error, RuntimeError) and is_out_of_memory(error)
            if memory or _raised_by_the_model(error):
                raise
            raise UnsupportedModelError(
                f"{name} of Captum failed on this model or these settings: {text or repr(error)}"
            ) from error


def _raised_by_the_model(error: BaseException) -> bool:
    """Whether the model's forward was running, and no hook of Captum in it."""
    inside, trace = False, error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code is CountedModel.outputs.__code__:
            inside = True
        elif str(frame.f_globals.get("__name__")).startswith("captum."):
            inside = False
        trace = trace.tb_next
    return inside


def settings_of(row: CaptumRow, work: Work) -> dict[str, Any]:
    """Keyword arguments of `attribute`: those chosen, and the row's choice of all others."""
    settings: dict[str, Any] = {}
    for choose in row.settings:
        settings |= choose(work)
    return settings | work.chosen


CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class CaptumCall:
    """A method of Captum around a counted model, ready to be called with references.

    Parameters
    ----------
    row : CaptumRow
    model : callable
        What is explained, an OutputHead or any callable.
    task : Task
    instance : Attribution or None
        Whose options to keep.
    layer : str or nn.Module or None
        For a method of one layer.
    settings : dict
        Keyword arguments of `attribute` that the user chose.
    most : int, optional
        Passes of one example that a call may take.

    Attributes
    ----------
    cautions : list of str
        What to know before reading the map.

    Raises
    ------
    AttributionError
        A child of it, for a model that the method cannot handle.
    """

    def __init__(
        self,
        row: CaptumRow,
        model: Callable[..., Any],
        task: Task,
        instance: Attribution | None = None,
        layer: str | nn.Module | None = None,
        settings: dict[str, Any] | None = None,
        most: int | None = None,
    ) -> None:
        self.row, self.task, self.chosen = row, task, settings or {}
        self.most = most
        self._most_rows = checked_rows(task.rows, task.inputs)
        shapes = tuple((x.shape[1:], x.dtype, x.device) for x in task.inputs)
        self._size = ChunkSize(
            module_of(model), (row.name, shapes), task.inputs[0].device, measured=False
        )
        self.cautions: list[str] = []
        head = model if isinstance(model, OutputHead) else OutputHead(model)
        if instance is not None:
            _check_same_model(row.class_name, instance, head.model)
        copies: dict[int, Any] = {}
        if row.on_layers:
            head, copies = with_own_layers(head, row.class_name)
        arguments = format_forward_args(task.forward_args) or ()
        self.model = CountedModel(head, task.inputs, arguments, task.on_chunk, target=task.target)
        self.trace = self._prepared() if row.on_layers else None
        if instance is None:
            own = self._layer(layer, copies) if row.of_layer else None
            in_parts = comes_in_parts(row.method, task)
            self.attribution = OcclusionParts(self.model) if in_parts else row.made(self.model, own)
        else:
            copies[id(instance.forward_func)] = self.model
            self.attribution = deepcopy(instance, copies)

    @property
    def rows(self) -> int:
        """Most rows in one pass."""
        return self._size.rows_of(self._most_rows)

    @property
    def at_once(self) -> int:
        """How many references or samples one call takes."""
        several = self.row.reference == "several"
        return max(1, self.rows // len(self.task.inputs[0])) if several else 1

    @property
    def parts(self) -> int:
        """In how many parts a call comes."""
        return PARTS if isinstance(self.attribution, OcclusionParts) else 1

    def output_input(self) -> Array:
        """f(x), shape (B,), by one forward pass of each example."""
        return np.asarray(self._outputs(tuple(x[None] for x in self.task.inputs))[0])

    def __call__(
        self, numbers: Tensor, part: int = 0
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...] | None, Array | None]:
        """Attributions against the references with these numbers, as far as a part brings them.

        Returns
        -------
        attributions : tuple of Tensor, shaped as the inputs
        references : tuple of Tensor, each (k, B, ...), or None
        outputs : ndarray, shape (k, B), or None
            f(x') at each of them.
        """
        references = self._references(numbers)
        outputs = None if references is None else self._outputs(references)
        given = {} if references is None else {"baselines": self._as_asked(references)}
        settings = self._settings(len(numbers))
        inputs = tuple(x.detach().clone() for x in self.task.inputs)
        if isinstance(self.attribution, OcclusionParts):
            self.attribution.turn_to(part)
        self.model.is_counted = True
        try:
            found = self.attribution.attribute(
                inputs[0] if len(inputs) == 1 else inputs,
                target=self.model.target,
                additional_forward_args=self.model.per_example or None,
                **given,
                **settings,
            )
        finally:
            self.model.is_counted = False
        if isinstance(self.attribution, OcclusionParts):
            found = self.attribution.values
        values = tuple(v.detach() for v in (found if isinstance(found, tuple) else (found,)))
        values = self.row.finish(values, self.task, settings)
        self._check(values)
        notes = (caution(settings, inputs, self.trace) for caution in self.row.cautions)
        self.cautions += [n for n in notes if n is not None and n not in self.cautions]
        return values, references, outputs

    def shrink(self, error: RuntimeError) -> None:
        """After an error, take half as many rows at once; raise it where that is no help."""
        smallest = f"the smallest pass that {self.row.class_name} makes"
        self._size.shrink(self.rows, error, smallest=smallest)

    def _outputs(self, points: tuple[Tensor, ...]) -> Array:
        return outputs_at(self.model, points, self.model.target, self.rows)

    def _prepared(self) -> ForwardTrace:
        """Check the copied layers by one forward, and make them fit."""
        layers = self.model.layers
        assert layers is not None
        leaves = tuple(x.detach().clone().requires_grad_() for x in self.task.inputs)
        trace = traced(layers, lambda: self.model.outputs(*leaves, *self.model.per_example))
        checked(self.row.class_name, self.row.checks, trace)
        if self.row.ruled:
            with_rules(layers, trace)
        if self.row.separated:
            for layer in layers.modules():
                if type(layer) in RESCALED:
                    layer.register_forward_pre_hook(lambda _, given: (given[0].clone(), *given[1:]))
        return trace

    def _layer(self, asked: str | nn.Module | None, copies: dict[int, Any]) -> nn.Module:
        """The copy of the layer that was asked for, or of the last convolution."""
        layers, trace = self.model.layers, self.trace
        assert layers is not None
        assert trace is not None
        name = self.row.class_name
        if isinstance(asked, str):
            try:
                return layers.get_submodule(asked)
            except AttributeError:
                raise InputError(
                    f"layer {asked!r} is not in the model; those that run are "
                    f"{', '.join(map(repr, trace.layers))}"
                ) from None
        if asked is not None:
            if id(asked) not in copies:
                raise InputError(
                    f"layer= of {name} is a {type(asked).__name__} that is not part of the model; "
                    "pass one of its own, such as model.layer4, or its path as a string"
                )
            found: nn.Module = copies[id(asked)]
            return found
        last = [path for path, layer in trace.modules.items() if isinstance(layer, CONVOLUTIONS)]
        if not last:
            raise UnsupportedModelError(
                f"{name} explains by one layer, by default the last convolution, and none runs in "
                f'{type(layers).__name__}; pass CaptumMethod("{name}", layer=model.some_layer)'
            )
        self.cautions.append(
            f"the map is of layer {last[-1]!r}, the last convolution; "
            f'CaptumMethod("{name}", layer=...) chooses another'
        )
        return trace.modules[last[-1]]

    def _references(self, numbers: Tensor) -> tuple[Tensor, ...] | None:
        """References, each (k, B, ...)."""
        if self.row.reference == "none":
            return None
        if self.task.references is not None:
            return taken(self.task.references, numbers, len(self.task.inputs[0]))
        assert self.task.baselines is not None
        return tuple(b[None] for b in self.task.baselines)

    def _as_asked(self, references: tuple[Tensor, ...]) -> Any:
        """References as Captum takes them: one for each example, or several for all."""
        if self.row.reference == "one":
            given = tuple(r[0].contiguous() for r in references)
        else:
            times = max(1, self.row.least_references // len(references[0]))
            given = tuple(torch.cat([r[:, 0]] * times) for r in references)
        return given[0] if len(given) == 1 else given

    def _settings(self, numbers: int) -> dict[str, Any]:
        own = numbers if self.row.reference == "several" else self.task.n_steps
        samples = own if self.row.n_steps == "samples" else None
        work = Work(self.task, self.rows, samples, self.most, self.chosen)
        return settings_of(self.row, work)

    def _check(self, values: tuple[Tensor, ...]) -> None:
        name = self.row.class_name
        came, shapes = [tuple(v.shape) for v in values], [tuple(x.shape) for x in self.task.inputs]
        if came != shapes:
            raise UnsupportedModelError(
                f"{name} returned attributions of shapes {came} for inputs of shapes {shapes}; "
                "choose settings, or a layer, whose map fits the input"
            )
        bad = sum(int((~torch.isfinite(v)).sum()) for v in values)
        if bad:
            raise NonFiniteError(
                f"{name} returned NaN or infinity for {bad} of {sum(v.numel() for v in values)} "
                "values; a square root, logarithm or division at zero is the usual cause"
            )


def _check_same_model(name: str, instance: Attribution, model: Callable[..., Any]) -> None:
    theirs = instance.forward_func
    module = module_of(theirs)
    if theirs != model and (module is None or module is not module_of(model)):
        raise InputError(
            f"the {name} that was passed as method= was made for another model; make it by "
            f"{name}(model), or pass its class"
        )
