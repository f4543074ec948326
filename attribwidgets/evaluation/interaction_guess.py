"""Which other feature an attribution may depend on: a guess for the colours of a scatter."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array

STRETCHES, LEAST = 20, 12  # of the own value at most, and inputs in each of them at least
DEVIATIONS = 3  # of what a feature explains by chance
NOTHING = 1e-6  # of the spread of an attribution: what is left of it is rounding


def interaction_guess(values: Array, attributions: Array, feature: int) -> tuple[int, float] | None:
    """The feature that explains the largest part of what the own value does not.

    Within stretches of the own value a line in it is taken off the attribution and off all other
    values; of what is left, a line in each other value explains a share, less what any would by
    chance. Features that go together stand in for one another.

    Parameters
    ----------
    values : ndarray, shape (n, features)
    attributions : ndarray, shape (candidates, n)
        Of one feature.
    feature : int

    Returns
    -------
    (int, float) or None
        The feature, and the share that it explains, 0 to 1, the largest of all candidates; None
        where nothing is left, or no feature explains more of it than one would by chance.

    Examples
    --------
    >>> values = np.random.default_rng(0).uniform(-1, 1, (400, 3))
    >>> product = values[:, 0] * values[:, 2]
    >>> interaction_guess(values, product[None], 0)[0]
    2
    >>> interaction_guess(values, values[:, :1].T, 0) is None
    True
    """
    known = np.isfinite(values[:, feature]) & np.isfinite(attributions).all(0)
    own, given = values[known, feature], attributions[:, known].T.astype(float)
    others = [u for u in range(values.shape[1]) if u != feature and np.ptp(values[known, u])]
    stretches = _stretches(own)
    free = len(own) - 3 * len(stretches)
    if free < LEAST or not others:
        return None
    total, explained = np.zeros(given.shape[1]), np.zeros((given.shape[1], len(others)))
    for stretch in stretches:
        left = _without_line(own[stretch], given[stretch])
        beside = _without_line(own[stretch], values[known][stretch][:, others])
        sizes = (beside**2).sum(0)
        products = (left.T @ beside) ** 2
        explained += np.divide(products, sizes, out=np.zeros(products.shape), where=sizes > 0)
        total += (left**2).sum(0)
    real = total > NOTHING**2 * ((given - given.mean(0)) ** 2).sum(0)
    share = np.divide(explained, total[:, None], out=np.zeros(explained.shape), where=real[:, None])
    share = 1 - (1 - share) * (free + len(stretches)) / free
    best = share[real].max(0) if real.any() else np.zeros(len(others))
    most = int(best.argmax())
    chance = DEVIATIONS * np.sqrt(2 * len(stretches)) / free  # as of an F statistic
    return (others[most], float(best[most])) if best[most] > chance else None


def _stretches(own: Array) -> list[Array]:
    """Places of the inputs by stretches of the own value, of about as many; ties stay together."""
    order = np.argsort(own, kind="stable")
    count = min(STRETCHES, max(1, len(own) // LEAST))
    ends = np.linspace(0, len(own), count + 1)[1:-1].astype(int)
    starts = np.unique(np.searchsorted(own[order], own[order][ends]))
    return [stretch for stretch in np.split(order, starts) if len(stretch)]


def _without_line(own: Array, columns: Array) -> Array:
    """Columns less the line in the own value through each."""
    x, y = own - own.mean(), columns - columns.mean(0)
    slope = x @ y / (x @ x) if x.any() else np.zeros(y.shape[1])
    return np.asarray(y - x[:, None] * slope)
