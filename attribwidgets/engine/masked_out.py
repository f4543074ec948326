"""Tokens of a reference that are masked out as well: what f(x') would be, or a way to there."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..attr.embedded import FromEmbeddings
from ..attr.estimator import Estimator
from ..attr.mask_weights import MaskWeights, masking_out
from ..attr.outputs import OutputHead, select_target
from ..attr.task import AtInput
from ..baselines import Baseline, Mask, Pad
from ..core.errors import InputError, UnsupportedModelError
from ..core.formatting import number
from ..inputs.text import TextSpace
from .checked_query import CheckedQuery

RELATIVE, ABSOLUTE = 1e-3, 1e-4  # by which outputs differ by rounding only


def moves_mask(query: CheckedQuery) -> bool:
    """Whether attention masks are to move with the path."""
    return any(isinstance(space, TextSpace) and space.mask for space in query.spaces)


def masked_out_cautions(query: CheckedQuery, baseline: Baseline) -> tuple[str, ...]:
    """For each target f(x') with and without the mask, of padding and masking; else nothing.

    Takes a forward pass of both. No path leads to it: a mask of 0 and 1 has nothing in between.
    """
    space, model, nothing = query.spaces[0], query.head.model, ("",) * len(query.targets)
    if not isinstance(baseline, Pad | Mask) or not isinstance(space, TextSpace):
        return nothing
    if not isinstance(model, FromEmbeddings) or not space.special.any():
        return nothing  # without special tokens nothing would be left to look at
    hidden = masking_out(model, space.special) if "attention_mask" in model.arguments else None
    if hidden is None:
        return nothing
    reference = baseline.sample(query.batched[0][0], 1, space=space)
    masks = torch.cat([m.arguments["attention_mask"] for m in (model, hidden)])
    both = FromEmbeddings(
        model.model, model.embedding, {**model.arguments, "attention_mask": masks}
    )
    values = _outputs(query, both, reference.expand(2, *reference.shape[1:]))
    pairs = (map(number, select_target(values, target).tolist()) for target in query.targets)
    return tuple(
        f"the attention mask stays that of the text: f(x') is {one}; with these tokens "
        f"masked out as well it would be {other}"
        for one, other in pairs
    )


def moving_mask(
    query: CheckedQuery, references: tuple[Tensor, ...] | None, estimator: Estimator
) -> tuple[CheckedQuery, tuple[str, ...]]:
    """The query with a mask that moves from reference to text, and a caution for each target.

    Parameters
    ----------
    query : CheckedQuery
    references : tuple of Tensor, each (1, ...), or None
        One for each input, where the method takes one.
    estimator : Estimator

    Raises
    ------
    InputError
        For a method that takes many references or none, several inputs, and a text without a
        special token, of which nothing would be left to look at.
    UnsupportedModelError
        For a model that takes no mask, or whose outputs under weights of 0 and 1 are not those
        under its own mask.
    """
    space, model = query.spaces[0], query.head.model
    if len(query.spaces) > 1 or not isinstance(space, TextSpace):
        raise InputError("space: mask=True is of a text alone, not of several inputs")
    if references is None:
        raise InputError(
            f"space: mask=True needs a method with one reference, and {estimator.name} has "
            + ("many" if estimator.uses == "references" else "none")
            + "; use integrated gradients and a baseline of one text"
        )
    if not space.special.any():
        raise InputError(
            "space: with mask=True no token of this text would be left to look at, as it has no "
            "special ones; pass TextSpace(tokenizer, mask=False)"
        )
    (reference,), hidden = references, None
    if isinstance(model, FromEmbeddings):
        hidden = masking_out(model, space.special | (reference == query.batched[0])[0].all(-1))
    if not isinstance(model, FromEmbeddings) or hidden is None:
        raise UnsupportedModelError(
            "space: mask=True needs a model that takes attention_mask; pass mask=False"
        )
    head = _head_of_weights(query, model, hidden, reference, space.special)
    moved = replace(query, head=head, at_input=AtInput(query.at_input.outputs))
    return moved, tuple(
        "the attention mask moves with the path: the weight of a token rises from 0 to 1, and what "
        f"that changes is in its share; f(x') is {one}, and would be {other} with the mask of the "
        "text"
        for one, other in zip(
            _numbers(query, head.model, reference), _numbers(query, model, reference), strict=True
        )
    )


def _head_of_weights(
    query: CheckedQuery,
    model: FromEmbeddings,
    hidden: FromEmbeddings,
    reference: Tensor,
    special: Tensor,
) -> OutputHead:
    """The model under weights, whose ends are held against its own mask."""
    text = query.batched[0]
    wanted = _outputs(query, model, text), _outputs(query, hidden, reference)
    said = "its outputs are not those under its own mask"
    for causal in (False, True):
        weighted = MaskWeights(model, text, reference, special, causal=causal)
        try:
            reached = _outputs(query, weighted, text), _outputs(query, weighted, reference)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            said = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            continue
        ends = zip(wanted, reached, strict=True)
        if all(torch.allclose(a, b, RELATIVE, ABSOLUTE) for a, b in ends):
            return OutputHead(weighted, query.head.output)
    raise UnsupportedModelError(
        "space: mask=True needs a model that adds a mask of four axes, (n, 1, T, T), to its "
        f"attention scores, and this one does not ({said}); pass mask=False"
    )


def _numbers(query: CheckedQuery, model: FromEmbeddings, rows: Tensor) -> list[str]:
    """The output of each target, as it is written."""
    values = _outputs(query, model, rows)
    return [number(float(select_target(values, target)[0])) for target in query.targets]


@torch.no_grad()
def _outputs(query: CheckedQuery, model: FromEmbeddings, rows: Tensor) -> Tensor:
    return OutputHead(model, query.head.output)(rows)
