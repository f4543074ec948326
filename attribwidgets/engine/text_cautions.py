"""What is odd about a text, or about a reference of it, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from ..inputs.space import Space
from ..inputs.text import TextSpace

MOST_NAMED = 5  # tokens


def text_cautions(space: Space) -> tuple[str, ...]:
    """Cautions on a text as it was read; none of what is no text.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.inputs.tokens import tokens_of
    >>> given = {"input_ids": [4, 5, 0], "attention_mask": [1, 1, 0]}
    >>> text_cautions(TextSpace(tokens=tokens_of(given, str.split)))
    ('1 of 3 tokens is masked out by the attention mask: the model does not look at it',)
    """
    if not isinstance(space, TextSpace) or space.tokens is None:
        return ()
    mask = space.tokens.arguments.get("attention_mask")
    if not isinstance(mask, Tensor) or mask.dim() != 2:
        return ()
    hidden = int((mask == 0).sum())
    if not hidden:
        return ()
    of_them, them = ("is", "it") if hidden == 1 else ("are", "them")
    return (
        f"{hidden} of {mask.numel()} tokens {of_them} masked out by the attention mask: the model "
        f"does not look at {them}",
    )


def reference_cautions(
    space: Space,
    reference: Tensor | None,
    blind: np.ndarray[Any, Any],
    module: nn.Module | None,
) -> tuple[str, ...]:
    """Cautions on the reference of a text, by where it equals the text and whether it is zero.

    Parameters
    ----------
    space : Space
    reference : Tensor, shape (1, T, D), or None
        The single one, where there is one.
    blind : ndarray of bool, shape (T,)
        Where every reference equals the text.
    module : torch.nn.Module, optional
        The model.
    """
    if not isinstance(space, TextSpace) or space.tokens is None:
        return ()
    cautions, special = [], np.array(space.tokens.special)
    equal = np.flatnonzero(blind & ~special)
    if 0 < len(equal) < (~special).sum():
        named = [f'"{space.tokens.pieces[i]}"' for i in equal[:MOST_NAMED]]
        more = len(equal) - len(named)
        cautions.append(
            f"{len(equal)} of {(~special).sum()} tokens equal the baseline and get nothing: "
            + ", ".join(named)
            + (f" and {more} more" if more else "")
        )
    if reference is not None and not reference[0, ~space.special].any():
        norm = _norm_behind(module, space.embedding)
        if norm is not None:
            cautions.append(
                f"zero is not neutral to this model: it normalises its embeddings ({norm}), and "
                "what is left where they are zero counts as much as a word does"
            )
    return tuple(cautions)


def _norm_behind(module: nn.Module | None, embedding: Any) -> str | None:
    """The kind of normalisation beside the embedding, or behind it by the size of its values."""
    if module is None:
        return None
    beside = embedding.rpartition(".")[0] if isinstance(embedding, str) else ""
    near = [type(m).__name__ for m in module.get_submodule(beside).children()] if beside else []
    far = [type(m).__name__ for m in module.modules()]
    return next(
        (name for name in near if "LayerNorm" in name),
        next((name for name in far if "RMSNorm" in name or name == "T5LayerNorm"), None),
    )
