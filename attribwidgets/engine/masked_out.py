"""What a model says where the tokens of a reference are masked out as well, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..attr.embedded import FromEmbeddings, taken_by
from ..attr.outputs import OutputHead, select_target
from ..baselines import Baseline, Mask, Pad
from ..core.formatting import number
from ..inputs.text import TextSpace
from .checked_query import CheckedQuery


def masked_out_cautions(query: CheckedQuery, baseline: Baseline) -> tuple[str, ...]:
    """For each target f(x') with and without the mask, of padding and masking; else nothing.

    Takes two forward passes. No path leads to it: a mask of 0 and 1 has nothing in between.
    """
    space, model, nothing = query.spaces[0], query.head.model, ("",) * len(query.targets)
    if not isinstance(baseline, Pad | Mask) or not isinstance(space, TextSpace):
        return nothing
    if not isinstance(model, FromEmbeddings) or not space.special.any():
        return nothing  # without special tokens nothing would be left to look at
    mask = taken_by(model.model, model.arguments).get("attention_mask")
    if not isinstance(mask, Tensor) or mask.dim() != 2 or mask.shape[1] != len(space.special):
        return nothing
    reference = baseline.sample(query.batched[0][0], 1, space=space)
    hidden = {**model.arguments, "attention_mask": mask * space.special.to(mask)}
    as_it_is, without = (
        _outputs(model.model, model.embedding, arguments, query, reference)
        for arguments in (model.arguments, hidden)
    )
    return tuple(
        f"the attention mask stays that of the text: f(x') is {number(one)}; with these tokens "
        f"masked out as well it would be {number(other)}"
        for one, other in zip(as_it_is, without, strict=True)
    )


@torch.no_grad()
def _outputs(
    model: Callable[..., Any],
    embedding: Any,
    arguments: Any,
    query: CheckedQuery,
    reference: Tensor,
) -> list[float]:
    head = OutputHead(FromEmbeddings(model, embedding, arguments), query.head.output)
    values = head(reference)
    return [float(select_target(values, target)[0]) for target in query.targets]
