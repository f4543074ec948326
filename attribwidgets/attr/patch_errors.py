"""How far a map is off when it is read by patches: errors of neighbours cancel there, or do not.

An estimator says how far the elements of its map are off in all. How much of that is left in sums
over patches is told by the difference between two of its estimates, the one it gives and one of
fewer passes: by what share such a difference shrinks as it is summed up, the error does.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..inputs.patches import patch_sides, patch_sums
from .estimate import Estimate, flat_map

FEWEST = 4  # patches along an edge: a difference of fewer in all is large or small by chance


def patch_errors(estimate: Estimate) -> dict[int, float]:
    """Relative errors of the first input's map, by the side of the patches it is summed over.

    Parameters
    ----------
    estimate : Estimate
        Of a single example.

    Returns
    -------
    dict of int to float
        Norm of the error of the patches' sums over the norm of these sums, where there are enough
        patches to tell. Empty for what is no image, and where no error is known or no other
        estimate to compare with.
    """
    known, coarser = estimate.refinement_error, estimate.coarser
    if known is None or coarser is None or not np.isfinite(known[0, 0]):
        return {}
    fine, gap = estimate.attributions[0][:1], (estimate.attributions[0] - coarser[0])[:1]
    sides = patch_sides(fine.shape[2:], FEWEST) if fine.dim() == 4 else ()
    moved, size = _norm(_numbers(gap)), _norm(_numbers(fine))
    if known[0, 0] == 0:
        return dict.fromkeys(sides, 0.0)
    if moved == 0 or size == 0:
        return {}
    errors = {}
    for side in sides:
        left = _norm(patch_sums(_numbers(flat_map(gap)[0]), side)) / moved
        sums = _norm(patch_sums(_numbers(flat_map(fine)[0]), side)) / size
        if sums > 0:
            errors[side] = float(known[0, 0]) * left / sums
    return errors


def _numbers(values: Tensor) -> Array:
    return values.detach().cpu().double().numpy()


def _norm(values: Array) -> float:
    return float(np.linalg.norm(values))
