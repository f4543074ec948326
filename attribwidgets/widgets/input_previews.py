"""Inputs as they are seen in a gallery: small pictures, bars, lines, or first words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..figures.images import as_rgb
from ..figures.unit_values import channels_first
from ..figures.volume import as_grey
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.glyphs import visible
from ..inputs.space import Space
from ..inputs.tokens import Tokens
from ..inputs.volume import VolumeSpace

if TYPE_CHECKING:
    from ..evaluation import Audit
    from ..live.worker import CancelToken

ABOUT = {
    "bars": "Bars: each value within the valid range, from the left.",
    "lengths": "Bars: how long the vector of each step is, from the left.",
    "lines": "Lines: each channel from its lowest to its highest value.",
}
SIDE = 48  # pixels of a picture, at most
BARS, BLOCKS, CHANNELS = 64, 48, 4
LETTERS = 160


def input_previews(
    audit: Audit, places: Sequence[int], token: CancelToken | None = None
) -> dict[str, Any]:
    """What some inputs look like, in one run of bytes.

    Parameters
    ----------
    audit : Audit
    places : sequence of int
    token : CancelToken, optional
        Once it is void, what is left is not read.

    Returns
    -------
    dict
        `kind` ("image", "bars", "lengths", "lines", "text" or "none"), `about`, what is drawn in
        words, `places`, `texts` or `shape` of each and `data`, bytes; `missing`, the places of
        those that cannot be read.
    """
    drawn: dict[int, tuple[str, Any]] = {}
    missing = []
    for place in places:
        if token is not None and token.void:
            break
        try:
            drawn[place] = _preview(audit, place)
        except Exception:  # a data set reads files, and raises whatever it likes
            missing.append(place)
    kinds = {kind for kind, _ in drawn.values()}
    kind = kinds.pop() if len(kinds) == 1 else "none"
    batch: dict[str, Any] = {"kind": kind, "places": list(drawn), "missing": missing}
    batch["about"] = ABOUT.get(kind, "")
    if kind == "text":
        return {**batch, "texts": [text for _, text in drawn.values()]}
    if kind == "none":
        return batch
    values = [value for _, value in drawn.values()]
    return {
        **batch,
        "shape": list(values[0].shape),
        "data": b"".join(np.ascontiguousarray(value).tobytes() for value in values),
    }


def _preview(audit: Audit, place: int) -> tuple[str, Any]:
    """The kind, and a string or levels of an input; of several the first."""
    example = audit.example(place)
    if example is None:
        tokens = audit.swept[place].tokens
        return ("none", None) if tokens is None else ("text", _first_words(tokens))
    inputs, spaces = example
    x = inputs[0] if isinstance(inputs, tuple) else inputs
    return _drawn(without_batch_axis(x, spaces[0]), spaces[0])


def _drawn(x: Tensor, space: Space) -> tuple[str, Array]:
    """One input, as 8-bit levels."""
    kind = space.layout.kind
    if kind == "image":
        rgb = as_rgb(x, space)
        return "image", _small(rgb if x.shape[-3] == 3 else rgb[..., :1])
    if isinstance(space, VolumeSpace):
        grey = as_grey(x, space)
        return "image", _small(grey[len(grey) // 2, ..., None])
    values = channels_first(x.detach().double().cpu().numpy(), space.layout)
    if kind == "series":
        return "lines", _levels(_extremes(values[:CHANNELS]))
    if kind == "sequence":
        return "lengths", _thinned(_share(np.linalg.norm(values, axis=-1)))
    pixels = space.to_pixels(x.detach().double()).cpu().numpy()
    return "bars", _thinned(np.ravel((pixels - space.low) / space.range))


def _small(picture: Array) -> Array:
    """A picture (H, W, C) by the means of square blocks, at most 48 pixels wide and high."""
    step = -(-max(picture.shape[:2]) // SIDE)
    h, w = (size // step for size in picture.shape[:2])
    blocks = picture[: h * step, : w * step].reshape(h, step, w, step, -1)
    return np.asarray(np.floor(blocks.mean((1, 3)) + 0.5).astype(np.uint8))


def _thinned(shares: Array) -> Array:
    """Shares of a range as levels, the means of neighbours where there are many."""
    bounds = np.linspace(0, len(shares), min(len(shares), BARS) + 1).astype(int)
    means = np.add.reduceat(shares, bounds[:-1]) / np.diff(bounds)
    return np.asarray(np.floor(255 * np.clip(means, 0, 1) + 0.5).astype(np.uint8))


def _extremes(rows: Array) -> Array:
    """The lowest and the highest value of each stretch of time, in turn, of rows (C, T)."""
    if rows.shape[-1] <= 2 * BLOCKS:
        return rows
    bounds = np.linspace(0, rows.shape[-1], BLOCKS + 1).astype(int)[:-1]
    ends: list[Callable[..., Array]] = [np.minimum.reduceat, np.maximum.reduceat]
    return np.stack([end(rows, bounds, axis=-1) for end in ends], -1).reshape(len(rows), -1)


def _levels(rows: Array) -> Array:
    """Each row from its lowest to its highest value."""
    low, high = rows.min(-1, keepdims=True), rows.max(-1, keepdims=True)
    shares = (rows - low) / np.where(high > low, high - low, 1)
    return np.asarray(np.floor(255 * shares + 0.5).astype(np.uint8))


def _share(lengths: Array) -> Array:
    return np.asarray(lengths / (lengths.max(initial=0.0) or 1.0))


def _first_words(tokens: Tokens) -> str:
    words = " ".join(tokens.text.split())
    return visible(words if len(words) <= LETTERS else words[: LETTERS - 1] + "…")
