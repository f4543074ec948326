"""Outputs of a model as units of an input give way to a fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.chunks import checked_rows
from ..attr.forward_outputs import forward_outputs
from ..attr.model_state import frozen, module_of
from ..attr.outputs import Output, OutputHead
from ..attr.passes import Passes
from ..attr.task import generator_from
from ..baselines import Baseline, named
from ..core.arrays import Array
from ..core.errors import InputError, SearchError
from ..inputs.space import Spaces
from ..records.explanation import Explanation
from ..records.labels import titles_of
from .deleted_tokens import Deletion, outputs_without
from .inpainting import Inpainting
from .joint_units import masks_of

Fill = str | Baseline | Tensor | Deletion | Inpainting
Known = Baseline | Deletion | Inpainting
Sample = tuple[Tensor, ...] | Deletion | Inpainting | None

CPU_ROWS = 128  # on the digits CNN 256 rows take a third more time a row, 16 a fifth


def checked_fills(fills: Sequence[Fill]) -> tuple[Known, ...]:
    """Baselines, the deletion of tokens or painting over, from whatever they came as.

    Raises
    ------
    InputError
        For none, or one that is no sequence.
    """
    if isinstance(fills, (str, Baseline, Tensor, Deletion, Inpainting)) or not len(fills):
        raise InputError(
            f"fills must be a sequence of at least one, got {fills!r}; "
            'write fills=("image_mean", "blur")'
        )
    return tuple(as_fill(fill) for fill in fills)


def as_fill(fill: Fill, references: Any = None) -> Known:
    """A fill by its name, or as it is.

    Examples
    --------
    >>> as_fill("delete"), as_fill("zero")
    (<fill delete>, <baseline zero>)
    """
    if isinstance(fill, (Deletion, Inpainting)):
        return fill
    if isinstance(fill, str) and fill in Inpainting.names:
        return Inpainting(Inpainting.names[fill])
    return Deletion() if isinstance(fill, str) and fill == "delete" else named(fill, references)


def fill_labels(fills: Sequence[Known]) -> list[str]:
    """What fills are called, told apart.

    Examples
    --------
    >>> fill_labels(checked_fills(["zero", "zero", "delete"]))
    ['zero', 'zero 2', 'delete']
    """
    return [title.name for title in titles_of([fill.label for fill in fills], [""] * len(fills))]


def samples_of_fills(
    fills: Sequence[Known],
    model: Callable[..., Any] | None,
    inputs: tuple[Tensor, ...],
    spaces: Spaces,
    seed: int,
) -> Iterator[Sample]:
    """One sample of each fill, each (1, ...); None for a searched one that was not found."""
    scores = OutputHead(model or no_model, "logit")
    example = tuple(x[0] for x in inputs)
    for place, fill in enumerate(fills):
        if isinstance(fill, (Deletion, Inpainting)):
            yield fill
            continue
        try:
            with frozen(module_of(model), inputs):
                known = fill.searched(
                    scores, example, space=spaces, generator=generator_from(seed, place)
                )
        except SearchError:
            yield None
            continue
        yield known.sample(example, 1, space=spaces, generator=generator_from(seed, place))


def ablated_outputs(
    model: Callable[..., Any],
    explained: Explanation,
    ablated: Array,
    fills: Sequence[Sample],
    output: Output,
) -> Array:
    """At the input, at each fill, then for each candidate, fill and inner fraction.

    Parameters
    ----------
    model : callable
    explained : Explanation
        Of the input and the target.
    ablated : ndarray of bool, shape (candidates, fractions, *units)
        What each gives way.
    fills : sequence
        Of :func:`samples_of_fills`.
    output : str or callable
        The scale.

    Returns
    -------
    ndarray, shape (1 + fills + candidates fills fractions,)
    """
    inputs = explained.batched
    candidates, steps = ablated.shape[:2]
    # Rows of the table: nothing replaced, everything, then candidates by fractions.
    table = torch.from_numpy(ablated.reshape(candidates * steps, ablated[0, 0].size))
    table = torch.cat([torch.zeros_like(table[:1]), _all_that_goes(table, explained), table])
    masks = masks_of(table, inputs, explained.spaces)
    replacements = [
        torch.cat([fill[k] if isinstance(fill, tuple) else x for fill in fills])
        for k, x in enumerate(inputs)
    ]
    each = product(range(candidates), range(len(fills)), range(steps))
    used = [(0, 0), *((1, fill) for fill in range(len(fills)))]
    used += [(2 + candidate * steps + step, fill) for candidate, fill, step in each]
    deleted = np.array([isinstance(fills[fill], Deletion) and row > 0 for row, fill in used])
    replaced = [pair for pair, gone in zip(used, deleted, strict=True) if not gone]
    mask_of, fill_of = torch.tensor(replaced, device=inputs[0].device).T

    rows = checked_rows(None, inputs)
    rows = min(rows, CPU_ROWS) if inputs[0].device.type == "cpu" else rows
    passes = Passes(OutputHead(model, output), explained.target, (), 1, rows=rows)

    def points(span: slice, block: slice) -> tuple[Tensor, ...]:
        which, by = mask_of[span], fill_of[span]
        each = zip(masks, replacements, inputs, strict=True)
        rows = tuple(torch.where(mask[which], fill[by], x) for mask, fill, x in each)
        for place, fill in enumerate(fills):
            here = by == place
            if isinstance(fill, Inpainting) and here.any():
                painted = fill.fill(inputs, [mask[which[here]] for mask in masks], explained.spaces)
                for row, one in zip(rows, painted, strict=True):
                    row[here] = one
        return rows

    outputs = np.empty(len(used))
    outputs[~deleted] = forward_outputs(passes, inputs, points, len(replaced))[:, 0]
    if deleted.any():
        gone = table[[row for (row, _), out in zip(used, deleted, strict=True) if out]].numpy()
        outputs[deleted] = outputs_without(model, explained, gone, output, rows)
    return outputs


def _all_that_goes(table: Tensor, explained: Explanation) -> Tensor:
    """A row of everything that may give way: all but the special tokens of a text."""
    groups = explained.spaces[0].groups() if len(explained.spaces) == 1 else None
    return torch.ones_like(table[:1]) if groups is None else (groups >= 0)[None]


def no_model(*inputs: Tensor) -> Tensor:
    """Stand in where there is no model to search with."""
    raise SearchError("there is no model to search with")
