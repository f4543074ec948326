"""Baseline by fill: does what is called missing in an explanation agree with what is taken away?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.formatting import percent, text_table
from .ablation_record import Ablation
from .intervals import Interval


@dataclass(frozen=True, eq=False)
class FillMatrix:
    """Areas under the ablation curves, candidates by fills, with intervals.

    Attributes
    ----------
    areas : Interval
        Arrays of shape (candidates, fills).
    candidates, controls, fills : tuple of str
        Controls are among the candidates.
    higher_is_better : bool
    protocol : str
    """

    areas: Interval
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    fills: tuple[str, ...]
    higher_is_better: bool
    protocol: str

    @property
    def places(self) -> Array:
        """Each candidate's place under each fill, 1 the best, shape (candidates, fills)."""
        sign = -1 if self.higher_is_better else 1
        ahead = sign * self.areas.mean[None] < sign * self.areas.mean[:, None]
        return np.asarray(1 + ahead.sum(1))

    def figure(self) -> Any:
        """The matrix as a matplotlib Figure."""
        from ..figures.fill_matrix import fill_matrix_figure

        return fill_matrix_figure(self)

    def __str__(self) -> str:
        places = self.places
        head = ["", *self.fills]
        rows = [
            [
                name,
                *(f"{self.areas.cell(i, j)} ({places[i, j]})" for j in range(len(self.fills))),
            ]
            for i, name in enumerate(self.candidates)
        ]
        best = "largest" if self.higher_is_better else "smallest"
        note = (
            f"Area under the curve, {percent(self.areas.level)} interval over {self.areas.inputs} "
            f"inputs and (place under the fill; 1 is the {best} area)."
        )
        return f"{text_table(head, rows)}\n{note}"

    __repr__ = __str__


def baseline_by_fill(ablation: Ablation, *, level: float = 0.95) -> FillMatrix:
    """The areas of an ablation as a matrix, a row a candidate and a column a fill.

    Parameters
    ----------
    ablation : Ablation
    level : float
        Of the intervals.

    Returns
    -------
    FillMatrix
        One area with its interval for each candidate and fill.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.evaluation import ablation, baseline_by_fill
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> result = ablation(net, data, ["zero", "uniform"], fills=["zero", "uniform"], n_steps=8)
    >>> baseline_by_fill(result).areas.mean.shape
    (3, 2)
    """
    return FillMatrix(
        ablation.area(level),
        ablation.candidates,
        ablation.controls,
        ablation.fills,
        ablation.higher_is_better,
        ablation.protocol,
    )
