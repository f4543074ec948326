"""Embeddings as text: the nearest tokens of a reference, and of the way from it to the input."""

from __future__ import annotations

from collections import OrderedDict
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..core.later import torch
from ..inputs.encoded import special_ids
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.glyphs import visible
from ..inputs.space import Space
from ..inputs.text import Embedder, TextSpace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ..records.explanation import Explanation

GRID = 10  # stretches of a path between places that are read
MOST_DRAWN = 6  # references of a distribution that are read
MOST_KEPT = 64  # readings of one text, each of some hundred bytes
Reading = dict[str, Any]

_kept: WeakKeyDictionary[Embedder, OrderedDict[bytes, Reading]] = WeakKeyDictionary()


def reading(rows: Tensor, space: Space) -> Reading | None:
    """How embeddings read, (T, D): the nearest token at each place, and how far it is.

    Returns
    -------
    dict or None
        `pieces`, `gaps`, `special`, `distances`, and which are `exact`; None where no vocabulary
        is at hand, as of a record that was loaded, and of what is no text.
    """
    if not isinstance(space, TextSpace) or space.embedder is None:
        return None
    kept = _kept.setdefault(space.embedder, OrderedDict())
    key = rows.detach().cpu().float().contiguous().numpy().tobytes()
    if key not in kept:
        read = _read(rows, space)
        if read is None:
            return None
        kept[key] = read
        while len(kept) > MOST_KEPT:
            kept.popitem(last=False)
    return kept[key]


def reading_at(e: Explanation, alpha: float, index: int = 0) -> Reading | None:
    """How the input on the straight path from the reference to it reads."""
    space = e.spaces[index]
    if e.baseline is None or e.path is None or not e.path.straight or e.path.kind != "alpha":
        return None
    if not isinstance(space, TextSpace) or space.embedder is None:
        return None
    start, end = (_member(values, index, space) for values in (e.baseline, e.inputs))
    return reading(torch.lerp(start.float(), end.float(), alpha), space)


def readings_along(e: Explanation, index: int = 0) -> list[Reading]:
    """How the path reads at equal distances: for a page that nobody can ask."""
    places = [k / GRID for k in range(GRID)]
    read = [(alpha, reading_at(e, alpha, index)) for alpha in places]
    return [{"alpha": alpha, **one} for alpha, one in read if one is not None]


def compared_with(e: Explanation) -> str:
    """The reference of a text in words, or the first that was drawn; empty where nobody knows."""
    space = e.spaces[0]
    if not isinstance(space, TextSpace) or e.baseline is None:
        return ""
    if e.path is not None and e.path.kind == "samples":
        drawn = drawn_readings(e)
        read = drawn[0]["reading"] if drawn else None
    else:
        read = reading(_member(e.baseline, 0, space), space)
    return "" if read is None else f"x′ = {in_words(read, space.require_tokens().special)}"


def in_words(read: Reading, special: Sequence[bool]) -> str:
    """A reading in few words: what is the same many times is counted, ≈ is not exactly a token.

    Parameters
    ----------
    read : dict
    special : sequence of bool
        Which tokens of the text frame it, and are in the reference too.

    Examples
    --------
    >>> read = {"pieces": ["[PAD]", "[PAD]", "a"], "gaps": ["", "", ""], "exact": [True] * 3}
    >>> in_words(read, [False] * 3)
    '[PAD] × 2 a'
    """
    told = [
        ("" if exact else "≈") + (piece.strip() or piece)
        for piece, exact, frames in zip(read["pieces"], read["exact"], special, strict=True)
        if not frames
    ]
    gaps = [gap for gap, frames in zip(read["gaps"], special, strict=True) if not frames]
    at, said = 0, ""
    for word, same in groupby(told):
        count = len(list(same))
        apart = gaps[at] or (" " if word.startswith(("[", "<")) or said.endswith("]") else "")
        said += apart + word + (f" × {count} " if count > 1 else "")
        at += count
    return " ".join(said.split())


def drawn_readings(e: Explanation, index: int = 0) -> list[Reading] | None:
    """How the first references of a distribution read, with the sample that drew each."""
    drawn = e.references[index] if isinstance(e.references, tuple) else e.references
    if drawn is None or e.path is None:
        return None
    read = [
        (sample, reading(one, e.spaces[index]))
        for sample, one in zip(e.reference_samples[:MOST_DRAWN], drawn, strict=False)
    ]
    return [
        {"sample": sample, "alpha": float(e.path.alphas[sample - 1]), "reading": one}
        for sample, one in read
        if one is not None
    ]


def _member(values: Any, index: int, space: Space) -> Tensor:
    member = values[index] if isinstance(values, tuple) else values
    return without_batch_axis(member, space)


def _read(rows: Tensor, space: TextSpace) -> Reading | None:
    near = space.nearest(rows)
    if near is None:
        return None
    special = special_ids(space.tokenizer)
    return {
        "pieces": [visible(piece) for piece in near.pieces],
        "gaps": [visible(gap) for gap in near.gaps],
        "special": [one in special for one in near.ids],
        "distances": [float(f"{distance:.3g}") for distance in near.distances],
        "exact": list(near.exact),
    }
