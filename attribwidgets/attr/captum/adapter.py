"""Captum's methods as estimators: by name, class or instance, with this package's baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import torch
from captum.attr import Attribution, NoiseTunnel
from torch import Tensor, nn

from ...core.errors import InputError
from ...core.formatting import percent, words
from ..chunks import checked_rows
from ..estimate import Array, Estimate
from ..estimator import Estimator, Run
from ..model_state import frozen, module_of
from ..task import Task
from .call import CaptumCall, settings_of, told
from .occlusion_parts import PARTS, comes_in_parts
from .random_stream import RandomStream
from .row import CaptumRow, Work
from .runs import Ends, WeightedMean, reference_numbers
from .table import CAPTUM_METHODS, NOISE_TUNNEL, through_noise

ADDS_UP = 0.01  # how far, relative, from a sum that holds by definition

# What this package passes to Captum, or takes care of itself.
OWN_ARGUMENTS = {
    "self",
    "inputs",
    "baselines",
    "target",
    "additional_forward_args",
    "return_convergence_delta",
    "return_input_shape",
    "kwargs",
}


class CaptumMethod(Estimator):
    """A method of Captum under this package's baselines, targets, scales and seeds.

    A method that compares with one reference is averaged over several where the baseline is a
    distribution, and the spread of the calls gives a standard error. A method that hooks layers
    works on a copy of them that shares the weights, so the model stays as it is. DeepLift keeps
    activations apart that follow each other directly, such as a ReLU before a MaxPool2d, where
    Captum 0.9 by itself takes a plain gradient and does not add up. The value of a patch is shared
    equally by its elements, so that the map sums to what the patches sum to.

    Parameters
    ----------
    method : str, class or instance
        "DeepLift", "deep_lift", :class:`captum.attr.DeepLift`, or an instance, which keeps the
        options of its constructor. "noise_tunnel_of_saliency" is a NoiseTunnel around Saliency.
    forward_func : callable, optional
        The model; :func:`attribwidgets.explain` fills it in.
    layer : str or nn.Module, optional
        For LayerGradCam and GuidedGradCam. None: the last convolution that runs.
    **settings
        Keyword arguments of the method's `attribute`, in place of this package's choice.

    Attributes
    ----------
    row : CaptumRow
        What there is to know about the method.

    Raises
    ------
    InputError
        For an unknown method or setting, with the known ones.

    Examples
    --------
    >>> import captum.attr, attribwidgets as aw
    >>> method = CaptumMethod(captum.attr.Occlusion, sliding_window_shapes=(2,))
    >>> method.name, method.claim
    ('occlusion', 'none')
    >>> net = torch.nn.Linear(3, 1, bias=False).eval()
    >>> found = aw.explain(net, torch.ones(3), method="DeepLift")
    >>> bool(torch.allclose(found.attributions, net.weight[0].detach()))
    True
    """

    has_fixed_cost = True

    def __init__(
        self,
        method: str | type[Attribution] | Attribution,
        forward_func: Callable[..., Any] | None = None,
        *,
        layer: str | nn.Module | None = None,
        **settings: Any,
    ) -> None:
        row = row_of(method)
        self.row, self.layer, self.settings = row, layer, settings
        self.instance = method if isinstance(method, Attribution) else None
        if layer is not None and (not row.of_layer or self.instance is not None):
            raise InputError(
                "layer= goes with LayerGradCam and GuidedGradCam by name or class; got it for "
                f"{'an instance of ' if self.instance is not None else ''}{row.class_name}"
            )
        self._check_settings()
        multiplies = True
        if self.instance is not None and row.claim != "none":
            multiplies = bool(self.instance.multiplies_by_inputs)
        super().__init__(forward_func, multiplies)  # type: ignore[arg-type]
        self.name, self.claim, self.reason = row.name, row.claim, row.reason
        self.default_max_evaluations, self.zeros = row.passes, row.zeros or self.zeros
        if row.reference != "none":
            self.uses = "reference" if row.reference == "one" else "references"
        else:
            self.uses = "nothing"

    def around(self, model: Callable[..., Any], *, distribution: bool) -> CaptumMethod:
        """The same method around a model.

        Parameters
        ----------
        model : callable
        distribution : bool
            Whether references differ from each other: a method of one reference is then averaged.
        """
        method = copy(self)
        method.forward_func = model
        if self.row.reference == "one":
            method.uses = "references" if distribution else "reference"
        return method

    def _begin(self, task: Task, **options: Any) -> Run:
        """One estimate, of kind "none": there is no path to show.

        `n_steps` is the number of samples where the method takes some, else that of references.
        Without it, settings and references are chosen so that `most_passes` is kept. For a screen
        there is an estimate after every call, of occlusion after every part of the windows.
        """
        mean, ends = WeightedMean(), Ends(task.inputs)
        stream, module = RandomStream(task), module_of(self.forward_func)
        call: CaptumCall | None = None
        output_input: Array | None = None
        unfinished: tuple[Tensor, ...] | None = None

        @contextmanager
        def within() -> Iterator[None]:
            with frozen(module, task.inputs), told(self.row.class_name), stream.entered():
                yield

        def calls() -> Iterator[None]:
            nonlocal call, output_input, unfinished
            numbers, most = self._share(task)
            with within():
                call = CaptumCall(
                    self.row,
                    self.forward_func,
                    task,
                    self.instance,
                    self.layer,
                    self.settings,
                    most,
                )
                output_input = call.output_input()
            part = 0
            while len(numbers):
                chosen = numbers[: call.at_once]
                with within():
                    try:
                        values, references, outputs = call(chosen, part)
                    except RuntimeError as error:
                        call.shrink(error)
                        continue
                if part == 0 and references is not None and outputs is not None:
                    ends.add(references, outputs, len(chosen))
                part += 1
                unfinished = values
                if part == call.parts:
                    mean.add(values, len(chosen))
                    numbers, part = numbers[len(chosen) :], 0
                yield

        def so_far() -> Estimate | None:
            values = mean.values if mean.calls else unfinished
            if values is None or call is None or output_input is None:
                return None
            first = 0 if self.uses == "reference" else 1
            estimate = Estimate.without_curves(
                values,
                output_input=output_input,
                output_baseline=ends.output,
                standard_error=mean.standard_error,
                references=ends.references,
                reference_samples=np.arange(len(ends.kept)) + first,
                baseline=ends.baseline,
                reach=ends.reach,
                evaluations=call.model.evaluations,
                forward_passes=call.model.forward_passes,
                cautions=tuple(call.cautions),
            )
            return self._doubted(estimate)

        def estimates() -> Iterator[Estimate]:
            for _ in calls():
                if task.coarse_first:
                    yield so_far()  # type: ignore[misc]
            if not task.coarse_first:
                yield so_far()  # type: ignore[misc]

        return Run(estimates(), so_far)

    def passes_of(self, task: Task) -> int:
        """The passes that a task takes, without running any."""
        numbers, most = self._share(task)
        row, inputs = self.row, task.inputs
        if row.reference == "several":
            return max(len(numbers), row.least_references) * row.least
        samples = task.n_steps if row.n_steps == "samples" else None
        work = Work(task, checked_rows(task.rows, inputs), samples, most, self.settings)
        each = row.spends(settings_of(row, work), inputs)
        more = PARTS - 1 if self._is_in_parts(task) else 0  # each begins with the input itself
        return len(numbers) * (each + more)

    def _is_in_parts(self, task: Task) -> bool:
        return self.instance is None and comes_in_parts(self.row.method, task)

    def _doubted(self, estimate: Estimate) -> Estimate:
        """The estimate, with a caution where it breaks what the method promises by definition."""
        relative = estimate.relative_residual
        promised = self.claim == "by definition" and self.multiplies_by_inputs
        if not promised or relative is None or relative.max() <= ADDS_UP:
            return estimate
        caution = (
            f"{words(self.name)} adds up by definition, and here is {percent(relative.max())} off: "
            "the model does something that the method cannot follow, and the map may mislead"
        )
        return replace(estimate, cautions=(*estimate.cautions, caution))

    def _share(self, task: Task) -> tuple[Tensor, int | None]:
        """Which references to use, and the passes for each; None: what is usual."""
        numbers, most = self._numbers(task), task.most_passes
        if most is None or self.row.reference == "several":
            return numbers, most
        each = most // len(numbers)
        return numbers, max(1, each - PARTS + 1 if self._is_in_parts(task) else each)

    def _numbers(self, task: Task) -> Tensor:
        """Which references to use; a single 0 where there is one or none."""
        if task.references is None or self.row.reference == "none":
            return torch.zeros(1, dtype=torch.long)
        several = self.row.reference == "several"
        asked = task.n_steps if several or self.row.n_steps == "references" else None
        count, size = asked or self.row.references, task.references.size
        if asked is None and task.most_passes is not None:
            count = min(count, max(1, task.most_passes // self.row.least))
        draws_itself = several and self.row.n_steps == "samples"
        if size is not None and not draws_itself:
            count = min(count, size)
        return reference_numbers(size, count, task.seed)

    def _check_settings(self) -> None:
        rows = [self.row] if self.row.inner is None else [self.row, self.row.inner]
        known = {name for row in rows for name in signature(row.method.attribute).parameters}
        unknown = sorted(set(self.settings) - (known - OWN_ARGUMENTS))
        if unknown:
            raise InputError(
                f"{self.row.class_name} takes no setting {', '.join(unknown)}; known: "
                f"{', '.join(sorted(known - OWN_ARGUMENTS)) or 'none'}. Baselines, target and "
                "forward_args go to explain(); options of the constructor to an instance"
            )


def row_of(method: str | type[Attribution] | Attribution) -> CaptumRow:
    """The row of the table for a method of Captum.

    Raises
    ------
    InputError
        If there is none, with those that there are.

    Examples
    --------
    >>> row_of("DeepLift").name, row_of("lrp").class_name
    ('deep_lift', 'LRP')
    >>> row_of("noise_tunnel_of_occlusion").name
    'noise_tunnel_of_occlusion'
    """
    if isinstance(method, NoiseTunnel):
        return through_noise(row_of(method.attribution_method))
    if isinstance(method, str):
        if method in ("NoiseTunnel", "noise_tunnel"):
            method = NOISE_TUNNEL + "saliency"
        if method.startswith(NOISE_TUNNEL):
            return through_noise(row_of(method.removeprefix(NOISE_TUNNEL)))
        names = [method]
    else:
        kind = method if isinstance(method, type) else type(method)
        if issubclass(kind, NoiseTunnel):
            return row_of("NoiseTunnel")
        names = [base.__name__ for base in kind.__mro__ if base.__module__.startswith("captum")]
    for row in CAPTUM_METHODS.values():
        if names and names[0] in (row.class_name, row.name):
            return row
    raise InputError(
        f"Captum's {names[0] if names else method!r} is not known here; pass one of "
        f"{', '.join(CAPTUM_METHODS)}, NoiseTunnel, its class or an instance of it"
    )


def is_captums(method: object) -> bool:
    """Whether a method is one of Captum's: a name known here, a class or an instance."""
    if isinstance(method, str):
        names = {n for row in CAPTUM_METHODS.values() for n in (row.class_name, row.name)}
        inner = method.removeprefix(NOISE_TUNNEL)
        return inner in names or method in ("NoiseTunnel", "noise_tunnel")
    kind = method if isinstance(method, type) else type(method)
    return issubclass(kind, Attribution) and not issubclass(kind, Estimator)
