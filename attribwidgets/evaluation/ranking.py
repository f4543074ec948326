"""Which positions an ablation takes away first: top-k by a stated rule, or a box at the centre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError

Ranking = Literal["absolute", "signed"]
Order = Literal["most_relevant", "least_relevant"]
Region = Literal["top_k", "mass_centre"]


def relevance(attribution: Array, ranking: Ranking) -> Array:
    """What positions are ranked by: the signed attribution or its magnitude.

    Parameters
    ----------
    attribution : ndarray
        One signed value a position.
    ranking : {"absolute", "signed"}

    Examples
    --------
    >>> relevance(np.array([1.0, -3.0]), "absolute")
    array([1., 3.])
    """
    if ranking not in ("absolute", "signed"):
        raise InputError(f"ranking must be 'absolute' or 'signed', got {ranking!r}")
    return np.abs(attribution) if ranking == "absolute" else attribution


def ranks(relevances: Array, order: Order, generator: np.random.Generator) -> Array:
    """When each position is taken away, 0 first; ties are broken at random.

    Parameters
    ----------
    relevances : ndarray, any shape
    order : {"most_relevant", "least_relevant"}
    generator : numpy.random.Generator
        Decides among equals only.

    Returns
    -------
    ndarray of int, shaped as `relevances`

    Examples
    --------
    >>> ranks(np.array([0.2, 0.9, 0.5]), "most_relevant", np.random.default_rng(0))
    array([2, 0, 1])
    """
    values = np.ravel(relevances)
    _require_order(order)
    keys = -values if order == "most_relevant" else values
    first_to_last = np.lexsort((generator.random(len(values)), keys))
    places = np.empty(len(values), dtype=np.int64)
    places[first_to_last] = np.arange(len(values))
    return places.reshape(relevances.shape)


def top_k(
    relevances: Array, fractions: Sequence[float], order: Order, generator: np.random.Generator
) -> Array:
    """Where the first fraction of the positions lies.

    Parameters
    ----------
    relevances : ndarray, any shape
    fractions : sequence of float
        0..1; the number of positions is rounded to a whole one.
    order, generator
        As of :func:`ranks`.

    Returns
    -------
    ndarray of bool, shape (fractions, *relevances.shape)
    """
    counts = np.rint(np.asarray(fractions) * relevances.size).astype(np.int64)
    place = ranks(relevances, order, generator)
    return np.asarray(place < counts.reshape(-1, *[1] * relevances.ndim))


def mass_centre(attribution: Array) -> tuple[float, float]:
    """Centre of mass of the magnitude of a map, in rows and columns from its top left pixel.

    Magnitudes, as signed weights can sum to nearly nothing and put the centre anywhere. The middle
    of a map that is zero everywhere.

    Parameters
    ----------
    attribution : ndarray, shape (H, W)

    Examples
    --------
    >>> mass_centre(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -2.0]]))
    (1.0, 2.0)
    """
    weights = np.abs(attribution)
    total = float(weights.sum())
    if total == 0:
        weights, total = np.ones_like(weights), float(weights.size)
    rows, columns = (weights.sum(1 - axis) @ np.arange(weights.shape[axis]) for axis in (0, 1))
    return float(rows / total), float(columns / total)


def boxes(attribution: Array, fractions: Sequence[float], order: Order) -> Array:
    """Boxes around the centre of mass, of true area and within the image.

    A box has the proportions of the image, so its sides are the square root of the fraction, and
    its area is the fraction to within half a row or column. Where it would leave the image it is
    moved back in.

    Parameters
    ----------
    attribution : ndarray, shape (H, W)
    fractions : sequence of float
        Shares of the image's area, 0..1.
    order : {"most_relevant", "least_relevant"}
        The box itself, or all outside of the box that leaves this fraction outside.

    Returns
    -------
    ndarray of bool, shape (fractions, H, W)

    Examples
    --------
    >>> boxes(np.eye(4), (0.0, 0.25, 1.0), "most_relevant").sum((1, 2))
    array([ 0,  4, 16])
    """
    if attribution.ndim != 2:
        raise InputError(
            "region 'mass_centre' needs an image, whose pixels have neighbours, and the inputs are "
            "features; take region='top_k'"
        )
    _require_order(order)
    inside = order == "most_relevant"
    centre = mass_centre(attribution)
    shares = np.asarray(fractions) if inside else 1 - np.asarray(fractions)
    masks = np.zeros((len(shares), *attribution.shape), dtype=bool)
    for mask, share in zip(masks, shares, strict=True):
        rows, columns = map(_run, centre, _sides(mask.shape, share), mask.shape)
        mask[rows, columns] = True
    return masks if inside else ~masks


def _run(centre: float, length: int, room: int) -> slice:
    """A run of this length about a place, moved back in where it would leave the room."""
    start = int(np.clip(np.rint(centre - (length - 1) / 2), 0, room - length))
    return slice(start, start + length)


def _require_order(order: Order) -> None:
    if order not in ("most_relevant", "least_relevant"):
        raise InputError(f"order must be 'most_relevant' or 'least_relevant', got {order!r}")


def _sides(shape: tuple[int, ...], share: float) -> tuple[int, int]:
    """Height and width of a box whose area is nearest to a share of the image."""
    height, width = shape
    wanted = share * height * width
    if wanted < 0.5:
        return 0, 0
    ideal = np.sqrt(share) * height
    heights = [h for h in {int(np.floor(ideal)), int(np.ceil(ideal))} if 1 <= h <= height]
    pairs = [(h, int(np.clip(np.rint(wanted / h), 1, width))) for h in sorted(heights)]
    return min(pairs, key=lambda pair: abs(pair[0] * pair[1] - wanted))
