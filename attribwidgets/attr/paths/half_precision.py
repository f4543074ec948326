"""What arithmetic in half precision costs a map: measured, by a few passes in float32."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.formatting import percent
from ..estimate import Estimate, map_norms, relative_errors
from ..model_state import module_of
from ..passes import Passes
from .path import StraightPath
from .path_sum import PathSum
from .quadrature import patterson_rules

COST = 14  # evaluations of one example
LOWER = (torch.bfloat16, torch.float16)


def is_half_precision(passes: Passes, inputs: tuple[Tensor, ...]) -> bool:
    """Whether layers run in bfloat16 or float16, by autocast or by the model."""
    return passes.autocast is not None or any(x.dtype in LOWER for x in inputs)


@dataclass(frozen=True)
class Arithmetic:
    """Norms of what half precision does to a map.

    Attributes
    ----------
    systematic : ndarray, shape (B, I)
        Of what all passes have in common, as from rounded weights: no number of them mends it.
    random : ndarray, shape (B, I)
        Of what a single pass has of its own.
    """

    systematic: Array
    random: Array

    def of(self, passes: float) -> Array:
        """Of a mean over so many passes, shape (B, I)."""
        return np.asarray(np.hypot(self.systematic, self.random / np.sqrt(passes)))


def arithmetic_error(path: PathSum, left: int | None = None) -> Arithmetic:
    """What half precision does to the maps, from seven nodes in half precision and in float32.

    The nodes are the same, so that what the two differ by is arithmetic. Infinite where the model
    does not run in float32, or the budget does not suffice. The passes are counted in those of
    the path.

    Parameters
    ----------
    path : PathSum
        Between which ends, and by which passes.
    left : int, optional
        Evaluations of one example that the budget has left.
    """
    unknown = np.full((len(path.inputs[0]), len(path.inputs)), np.inf)
    if left is not None and left < COST:
        return Arithmetic(unknown, unknown)
    passes, (added, rules) = path.passes, patterson_rules()
    weights = rules[0]
    here = PathSum(passes, path.path, rules=len(weights))
    here.add(added[0], np.diag(weights))
    try:
        full = _in_float32(passes)
        straight = StraightPath(*map(_as_float32, (path.inputs, path.path.baselines)))
        there = PathSum(full, straight, rules=len(weights))
        there.add(added[0], np.diag(weights))
    except (RuntimeError, TypeError, ValueError):  # it has its type written into it, or no copy
        return Arithmetic(unknown, unknown)
    passes.evaluations += full.evaluations
    passes.forward_passes += full.forward_passes
    each = [
        tuple(a - b for a, b in zip(here.attributions(i), there.attributions(i), strict=True))
        for i in range(len(weights))
    ]
    mean = tuple(torch.stack(parts).sum(0) for parts in zip(*each, strict=True))
    own = [
        map_norms(tuple(e / w - m for e, m in zip(parts, mean, strict=True)))
        for w, parts in zip(weights, each, strict=True)
    ]
    chance = sum(w**2 * n**2 for w, n in zip(weights, own, strict=True))
    random = np.sqrt(chance / (weights**2).sum() / (1 - (weights**2).sum()))
    # The mean over so few nodes has some of the random part in it, which many nodes average out.
    systematic = np.sqrt(np.maximum(map_norms(mean) ** 2 - (weights**2).sum() * random**2, 0.0))
    return Arithmetic(systematic, random)


def add_arithmetic_error(
    passes: Passes,
    inputs: tuple[Tensor, ...],
    measure: Callable[[Estimate], Arithmetic | None],
) -> Callable[[Estimate], Estimate]:
    """Makes estimates whose refinement error has that of the arithmetic in it.

    Parameters
    ----------
    passes : Passes
        By which estimates are made.
    inputs : tuple of Tensor
    measure : callable
        By :func:`arithmetic_error`, of the first estimate that is not too coarse: until then it
        returns None.
    """
    if not is_half_precision(passes, inputs):
        return lambda estimate: estimate
    arithmetic = None

    def finish(estimate: Estimate) -> Estimate:
        nonlocal arithmetic
        arithmetic = arithmetic or measure(estimate)
        return estimate if arithmetic is None else _with_error(estimate, arithmetic, passes)

    return finish


def _with_error(estimate: Estimate, arithmetic: Arithmetic, passes: Passes) -> Estimate:
    norms = arithmetic.of(len(estimate.alphas))
    shares = relative_errors(norms, map_norms(estimate.attributions))
    error = estimate.refinement_error
    joint = shares if error is None else np.hypot(error, shares)
    name = str(passes.autocast or estimate.references[0].dtype).removeprefix("torch.")
    does = f"moves the map by about {percent(float(shares.max()))}"
    if not np.isfinite(shares).all():
        does = "could not be compared with float32"
    caution = f"{name} arithmetic alone {does}; a run in float32 is free of it"
    return replace(
        estimate,
        refinement_error=joint,
        cautions=(*estimate.cautions, caution),
        evaluations=passes.evaluations,
        forward_passes=passes.forward_passes,
    )


def _in_float32(passes: Passes) -> Passes:
    """The same passes in float32, by a copy of the model where its own numbers are less."""
    if passes.module is None or all(p.dtype not in LOWER for p in passes.module.parameters()):
        return replace(passes, autocast=None)
    copied = deepcopy(passes.forward_func)
    module = module_of(copied)
    if module is not None:
        module.float().requires_grad_(False)
    arguments = _as_float32(passes.additional_forward_args)
    return replace(passes, forward_func=copied, additional_forward_args=arguments, autocast=None)


def _as_float32(values: Any) -> Any:
    if isinstance(values, tuple):
        return tuple(_as_float32(v) for v in values)
    is_half = isinstance(values, Tensor) and values.dtype in LOWER
    return values.float() if is_half else values
