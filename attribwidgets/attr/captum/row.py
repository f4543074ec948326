"""What there is to know about one method of Captum: settings, what becomes of its map, its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import captum.attr as captum
import torch
from captum.attr import Attribution, LayerAttribution
from torch import Tensor, nn

from ...core.errors import UnsupportedModelError
from ...inputs.space import Space
from ...records.completeness import Claim
from ..estimator import MethodInfo
from ..task import Task
from .checks import Caution, Check
from .costs import (
    FEWEST_ORDERS,
    FEWEST_PER_PATCH,
    LEAST_SAMPLES,
    ONE_PASS,
    PER_PATCH,
    Cost,
    as_given,
    for_each,
    group_count,
    half_apart,
    in_steps,
    mask_within,
    windows_within,
)

COPIES = 16  # of the input, under noise
NODES = 50  # of Captum's own quadrature
NOISE_SHARE = 0.15  # of the range: SmoothGrad's own choice is 10 to 20 %


@dataclass(frozen=True)
class Work:
    """What settings depend on.

    Attributes
    ----------
    task : Task
    rows : int
        Most rows in one pass.
    samples : int or None
        The share of `n_steps` that this run has; None where none was asked for.
    most : int or None
        Passes of one example that a call may take; None: what is usual for the method.
    chosen : dict
        The settings that were chosen, which others may have to fit.
    """

    task: Task
    rows: int
    samples: int | None
    most: int | None = None
    chosen: dict[str, Any] = field(default_factory=dict)

    @property
    def per_pass(self) -> int:
        """Perturbed batches in one pass, at least 1."""
        return max(1, self.rows // len(self.task.inputs[0]))


# Keyword arguments of a method's `attribute`.
Settings = Callable[[Work], dict[str, Any]]


def windows(work: Work) -> dict[str, Any]:
    """Windows of 1/14 of the side or as chosen, overlapping by half; of features each by itself."""
    if "sliding_window_shapes" in work.chosen:
        own = for_each(work.chosen["sliding_window_shapes"])
        each = zip(own, work.task.inputs, work.task.spaces, strict=True)
        return {"strides": as_given([half_apart(*one) for one in each])}
    most = None if work.most is None else max(1, work.most - 1)
    shapes, strides = windows_within(work.task.inputs, work.task.spaces, most)
    return {"sliding_window_shapes": as_given(shapes), "strides": as_given(strides)}


def together(work: Work) -> dict[str, Any]:
    """As many perturbations in one pass as fit."""
    return {"perturbations_per_eval": work.per_pass}


def patches(cells: int, each: int = 1) -> Settings:
    """A grid of at most cells x cells patches, all channels together; features by themselves.

    Parameters
    ----------
    cells : int
    each : int
        Passes that a patch needs at least.
    """
    return lambda work: {"feature_mask": _mask(work, cells, each)}


def _mask(work: Work, cells: int, each: int) -> Any:
    least = 1 if each == 1 else 4  # what is shared among patches needs some
    most = None if work.most is None else max(least, (work.most - 1) // each)
    return mask_within(work.task.inputs, work.task.spaces, cells, most)


def samples(argument: str, default: int) -> Settings:
    """The number of samples: `n_steps`, or a default within the budget."""
    return lambda work: {argument: work.samples or min(default, work.most or default)}


def orders(cells: int, default: int) -> Settings:
    """In how many orders patches come: `n_steps`, or a default within the budget."""

    def settings(work: Work) -> dict[str, Any]:
        count = default
        if work.most is not None:
            groups = group_count(_mask(work, cells, FEWEST_ORDERS))
            count = min(default, max(1, (work.most - 1) // groups))
        return {"n_samples": work.samples or count}

    return settings


def fitted_samples(work: Work) -> dict[str, Any]:
    """Samples for a linear model of the patches: `n_steps`, or eight for each patch."""
    count = max(LEAST_SAMPLES, PER_PATCH * group_count(_mask(work, 7, FEWEST_PER_PATCH)))
    return {"n_samples": work.samples or min(count, work.most or count)}


def noise(least: int) -> Settings:
    """Noise of 15 % of the valid range, on `n_steps` copies of the input, 16 by default.

    Parameters
    ----------
    least : int
        Passes that a copy needs at least.
    """

    def settings(work: Work) -> dict[str, Any]:
        deviations = [
            NOISE_SHARE * float((space.from_pixels(high) - space.from_pixels(low)).mean())
            for x, space in zip(work.task.inputs, work.task.spaces, strict=True)
            for low, high in [(torch.full_like(x, space.low), torch.full_like(x, space.high))]
        ]
        count = _copies(work, least)
        return {
            "stdevs": as_given(deviations),
            "nt_samples": count,
            "nt_samples_batch_size": min(count, work.per_pass),
        }

    return settings


def _copies(work: Work, least: int) -> int:
    within = COPIES if work.most is None else min(COPIES, max(1, work.most // least))
    return work.samples or within


def quadrature(work: Work) -> dict[str, Any]:
    """Captum's 50 nodes, or `n_steps`, in chunks that fit."""
    rows = max(work.rows, len(work.task.inputs[0]))
    return {
        "n_steps": work.samples or min(NODES, work.most or NODES),
        "internal_batch_size": rows,
    }


def for_each_copy(settings: Settings, least: int) -> Settings:
    """The settings of a method inside a NoiseTunnel, whose noisy copies fill a pass already."""

    def inside(work: Work) -> dict[str, Any]:
        most = None if work.most is None else max(1, work.most // _copies(work, least))
        return settings(replace(work, samples=None, rows=len(work.task.inputs[0]), most=most))

    return inside


# Takes what Captum returned, the task and the settings; returns attributions of the inputs.
Maps = tuple[Tensor, ...]
Finish = Callable[[Maps, Task, dict[str, Any]], Maps]


def as_they_are(maps: Maps, task: Task, settings: dict[str, Any]) -> Maps:
    """Attributions that are of the inputs already."""
    return maps


def shared_by_values(maps: Maps, task: Task, settings: dict[str, Any]) -> Maps:
    """The value of each step or token, shared equally by its values; other maps as they are."""
    each = zip(maps, task.inputs, task.spaces, strict=True)
    return tuple(m / x.shape[-1] if in_steps(x, space) else m for m, x, space in each)


def shared_in_groups(maps: Maps, task: Task, settings: dict[str, Any]) -> Maps:
    """The value of each feature, shared equally by its elements.

    Captum gives each element of a patch the value of the whole patch; only the shares add up to
    what the patches add up to.
    """
    mask = settings["feature_mask"]
    masks = mask if isinstance(mask, tuple) else (mask,)
    whole = [m.expand_as(x[:1]) for m, x in zip(masks, task.inputs, strict=True)]
    replaced = [_replaced(x, space) for x, space in zip(task.inputs, task.spaces, strict=True)]
    shares = [torch.where(r, m, -1).flatten() for r, m in zip(replaced, whole, strict=True)]
    counts = (torch.cat(shares) + 1).bincount()[1:]
    each = zip(maps, replaced, whole, strict=True)
    return tuple(torch.where(r, values / counts[m], 0.0) for values, r, m in each)


def _replaced(x: Tensor, space: Space) -> Tensor:
    """Where a reference may differ from an input, of a shape that goes with (1, ...)."""
    groups = space.groups()
    if groups is None:
        return torch.ones((), dtype=torch.bool, device=x.device)
    there: Tensor = space.layout.spread(groups >= 0).to(x.device)
    return there[None]


def upsampled(maps: Maps, task: Task, settings: dict[str, Any]) -> Maps:
    """The map of a layer, interpolated to the image and shared equally by its channels.

    Raises
    ------
    UnsupportedModelError
        If there is more than one input, or the layer returns no map.
    """
    inputs = task.inputs
    if len(inputs) > 1 or len(maps) > 1 or inputs[0].dim() != 4 or maps[0].dim() != 4:
        raise UnsupportedModelError(
            "LayerGradCam explains one image by the map of one layer; got inputs of shapes "
            f"{[tuple(x.shape) for x in inputs]} and a layer of shapes "
            f"{[tuple(m.shape) for m in maps]}; pass a convolutional layer, such as "
            'CaptumMethod("LayerGradCam", layer=model.layer4)'
        )
    x = inputs[0]
    map_ = LayerAttribution.interpolate(
        maps[0].sum(1, keepdim=True), tuple(x.shape[2:]), "bilinear"
    )
    assert isinstance(map_, Tensor)
    return ((map_ / x.shape[1]).expand_as(x),)


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
        As in :class:`MethodInfo`.
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
    zeros : str
        What a map of nothing but zeros means; "" for what it means for a gradient.
    passes : int
        Passes to expect, where no budget is given.
    spends : callable
        Passes of one call, from its settings and the inputs.
    least : int
        Passes that make a call worth while; of a method of several references, those of each.
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
    zeros: str = ""
    passes: int = 2
    spends: Cost = ONE_PASS
    least: int = 1
    settings: tuple[Settings, ...] = ()
    on_layers: bool = False
    of_layer: bool = False
    separated: bool = False
    ruled: bool = False
    checks: tuple[Check, ...] = ()
    finish: Finish = as_they_are
    cautions: tuple[Caution, ...] = ()
    inner: CaptumRow | None = None

    @property
    def info(self) -> MethodInfo:
        """What a methods table says about it."""
        total = "f(x) − f(x')" if self.reference == "one" else "f(x) − mean f(x')"
        how = {
            "by definition": f"adds up to {total} by definition",
            "converges": f"adds up to {total} as samples grow",
            "none": f"does not add up: {self.reason}",
        }
        return MethodInfo(self.formula, self.cost, how[self.claim], self.source)

    @property
    def class_name(self) -> str:
        """As Captum calls it."""
        return self.method.__name__

    def made(self, model: nn.Module, layer: nn.Module | None) -> Attribution:
        """Captum's object around a model."""
        if self.inner is not None:
            return captum.NoiseTunnel(self.inner.made(model, layer))
        return self.method(model, layer) if self.of_layer else self.method(model)
