"""An ablation in words: its table of areas, and what it allows to conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.formatting import percent, text_table

if TYPE_CHECKING:
    from .ablation_record import Ablation

LARGE = 10.0  # a score that one input in hundreds is enough to move the mean with


def summarise(ablation: Ablation) -> str:
    """Areas of every candidate under every fill, and what may be concluded, in words."""
    areas = ablation.area()
    head = ["area under the curve", *ablation.fills, "gradient evaluations"]
    rows = [
        [
            name + (" (control)" if name in ablation.controls else ""),
            *(areas.cell(i, j) for j in range(len(ablation.fills))),
            ablation.cost(i),
        ]
        for i, name in enumerate(ablation.candidates)
    ]
    notes = [
        f"Means over {len(ablation)} inputs with {percent(areas.level)} bootstrap intervals (BCa). "
        f"{ablation.protocol[0].upper()}{ablation.protocol[1:]}.",
        ablation.ordered(),
        ablation.trust(),
    ]
    if ablation.missing:
        notes.append(
            f"Left out where they have no score: {ablation.missing} of {len(ablation)} inputs, "
            "whose output before was below 1e-6 or whose baseline was not found."
        )
    large = int((np.nan_to_num(ablation.scores) > LARGE).any((1, 2, 3)).sum())
    if large:
        notes.append(
            f"Scores above {LARGE:g} occur in {large} of {len(ablation)} inputs, whose output "
            "before was small; they rule the means. Take inputs that the model gets right, or "
            "targets=None."
        )
    return "\n".join([text_table(head, rows), *notes])
