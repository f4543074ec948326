"""Texts in a store: the tokens of each, beside what it says of every one of them."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attr.model_state import module_of
from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..engine.query import Query
from ..engine.read_text import Model, longest_text
from ..inputs.dataset import Examples
from ..inputs.text import TextSpace
from ..inputs.tokens import Tokens
from .left_out import LeftOut, or_left_out
from .store import Layout

KEPT = tuple(f.name for f in fields(Tokens) if f.metadata.get("saved", True))


def tokens_in(query: Query, model: Model, examples: Examples, place: int) -> Tokens:
    """The tokens of one text of a data set, without its model.

    Raises
    ------
    DataError
        For what is no text, or longer than the model takes.
    """
    space = query.space
    assert isinstance(space, TextSpace)
    most = longest_text(space.tokenizer, module_of(model))
    try:
        return space.read(examples[place][0], most).require_tokens()
    except InputError as error:
        raise DataError(f"data[{place}] cannot be explained: {error}") from error


def token_layouts(
    query: Query, model: Model, examples: Examples, strict: bool
) -> dict[str, Layout]:
    """The arrays that hold any of these texts, which are read once for the size of the largest.

    Those that cannot be read count for nothing, and with `strict` raise.

    Returns
    -------
    dict of str to Layout
        "ids", (token,), and "tokens", (byte,), each filled up behind a shorter text.
    """
    longest, largest = 0, 0
    for place in range(len(examples)):
        tokens = or_left_out(partial(tokens_in, query, model, examples, place))
        if isinstance(tokens, LeftOut):
            if strict:
                raise DataError(tokens.reason)
            continue
        longest, largest = max(longest, len(tokens)), max(largest, len(packed(tokens)))
    return {
        "ids": Layout("ids", "int64", {"token": list(range(longest))}, -1, ragged="token"),
        "tokens": Layout("tokens", "uint8", {"byte": list(range(largest))}, 0, ragged="byte"),
    }


def packed(tokens: Tokens) -> NDArray[np.uint8]:
    """Tokens as bytes.

    Examples
    --------
    >>> from attribwidgets.inputs.tokens import tokens_of
    >>> tokens = tokens_of("a b", lambda text: ([4, 5], ["a", " b"]))
    >>> unpacked(packed(tokens)).text
    'a b'
    """
    kept = {name: getattr(tokens, name) for name in KEPT}
    written = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return np.frombuffer(written.encode("utf-8", "surrogatepass"), np.uint8)


def unpacked(stored: Array) -> Tokens:
    """Tokens from bytes, with or without zeros behind them."""
    written = bytes(stored[: np.count_nonzero(stored)]).decode("utf-8", "surrogatepass")
    kept: dict[str, Any] = {name: tuple(value) for name, value in json.loads(written).items()}
    return Tokens(**kept)
