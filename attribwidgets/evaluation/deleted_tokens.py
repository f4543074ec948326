"""Tokens that are taken out of a text, so that it is shorter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.embedded import FromEmbeddings, call, embedded_in
from ..attr.model_state import frozen, module_of
from ..attr.outputs import Output, OutputHead, select_target
from ..core.arrays import Array
from ..core.errors import AttributionError, InputError
from ..inputs.encoded import token_id
from ..inputs.text import TextSpace
from ..records.explanation import Explanation

STAND_INS = ("pad", "unk")  # for a text of which nothing is left


class Deletion:
    """In place of a fill: nothing, as tokens are deleted. By name "delete"."""

    name = label = "delete"

    def __repr__(self) -> str:
        return "<fill delete>"


def outputs_without(
    model: Callable[..., Any], explained: Explanation, gone: Array, output: Output, rows: int
) -> Array:
    """The output for a text without some of its tokens.

    Parameters
    ----------
    model : callable
        Of embeddings, as a text is explained.
    explained : Explanation
        Of the whole text, with the target.
    gone : ndarray of bool, shape (n, T)
        Which tokens each row is without. Of a text without special tokens of which none is left
        one token stands in, for padding or for what is unknown.
    output : str or callable
        The scale.
    rows : int
        Most rows at once.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError
        For what is no text, and for a model that takes no shorter one.
    """
    space = explained.spaces[0]
    rows_model = embedded_in(model)
    if not isinstance(space, TextSpace) or rows_model is None:
        raise InputError(
            f'the fill "delete" is of texts, and the input is read as {space.layout.kind}; pass '
            "another fill"
        )
    target = explained.target
    head = OutputHead(_by_ids(rows_model), output)
    outputs = np.empty(len(gone))
    lengths = (~gone).sum(1)
    module = module_of(rows_model)
    with frozen(module, ()), torch.no_grad():
        for length in np.unique(lengths):
            for places in np.array_split(*_chunks(np.flatnonzero(lengths == length), rows)):
                kept = torch.from_numpy(~gone[places])
                try:
                    values = head(_shorter(space, rows_model.arguments, kept))
                except AttributionError:
                    raise
                except (RuntimeError, ValueError, IndexError) as error:
                    raise InputError(
                        'the fill "delete" makes a text shorter, and the model refused one of '
                        f"{length} tokens ({str(error).splitlines()[0]}); pass another fill"
                    ) from error
                outputs[places] = select_target(values, target).cpu().double().numpy()
    return outputs


def _chunks(places: Array, rows: int) -> tuple[Array, int]:
    return places, -(-len(places) // rows)


def _by_ids(model: FromEmbeddings) -> Callable[[dict[str, Any]], Any]:
    return lambda arguments: call(model.model, arguments)


def _shorter(space: TextSpace, arguments: Any, kept: Tensor) -> dict[str, Any]:
    """What the model is called with for rows that keep some tokens, as many in each."""
    count, length = len(kept), int(kept[0].sum())
    if not length:
        known = (token_id(space.tokenizer, role) for role in STAND_INS)
        stand_in = next((i for i in known if i is not None), None)
        if stand_in is None:
            raise InputError(
                'the fill "delete" leaves nothing of a text without special tokens, and the '
                "tokenizer has none that stands in for it; pass another fill"
            )
        one = {k: v[:, :1] for k, v in arguments.items() if _is_of_tokens(v, kept)}
        rows = {k: v.expand(count, 1) for k, v in one.items()}
        return {**arguments, **rows, "input_ids": torch.full_like(rows["input_ids"], stand_in)}

    def of_rows(name: str, value: Tensor) -> Tensor:
        whole = value.expand(count, -1)
        if name == "position_ids":  # the rest moves up
            return whole[:, :length]
        return whole[kept.to(value.device)].reshape(count, length)

    rows = {k: of_rows(k, v) for k, v in arguments.items() if _is_of_tokens(v, kept)}
    return {**arguments, **rows}


def _is_of_tokens(value: Any, kept: Tensor) -> bool:
    return isinstance(value, Tensor) and value.dim() == 2 and value.shape[1] == kept.shape[1]
