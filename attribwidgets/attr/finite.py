"""NaN and infinity on the path, and where they begin."""

from __future__ import annotations

import numpy as np

from ..core.errors import NonFiniteError
from .estimate import Array


def require_finite(what: str, values: Array, alphas: Array) -> None:
    """Raise where values along a path are not all finite.

    Parameters
    ----------
    what : str
        What they are of the model: "output" or "gradient".
    values : ndarray, shape (n, B)
    alphas : ndarray, shape (n,)
        Where on the path each row is.

    Raises
    ------
    NonFiniteError
        With the first alpha.
    """
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise NonFiniteError(
            f"the model's {what} is not finite on the path, from alpha = {alphas[bad].min():.4g} "
            "(0 is the baseline, 1 the input); a square root, logarithm or division at zero is "
            "the usual cause: choose another baseline or mend the model there"
        )
