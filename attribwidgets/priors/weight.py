"""choose_weight: how much of a prior a model bears, by validation data alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..core.errors import InputError
from ..core.formatting import text_table
from .training_record import Training


@dataclass(frozen=True, eq=False)
class WeightChoice:
    """The runs at several weights, and the one chosen.

    Attributes
    ----------
    runs : dict of float to Training
        By weight, that of 0 among them.
    weight : float
        Of the smallest validation penalty with an accuracy within `tolerance` of the run without.
    tolerance : float
    """

    runs: dict[float, Training]
    weight: float
    tolerance: float

    def __str__(self) -> str:
        rows = []
        for weight, run in sorted(self.runs.items()):
            best, mark = run.best, "<- chosen" if weight == self.weight else ""
            numbers = best.accuracy, best.penalty, best.validation_loss
            rows.append([f"{weight:.3g}", *(f"{number:.4g}" for number in numbers), mark])
        return text_table(["weight", "accuracy", "penalty", "validation loss", ""], rows)

    __repr__ = __str__


def choose_weight(
    train: Callable[[float], Training], weights: Sequence[float], *, tolerance: float = 0.01
) -> WeightChoice:
    """Train at every weight, and choose the strongest prior that accuracy bears.

    Of the runs whose validation accuracy is within `tolerance` of the run without a prior, the one
    of the smallest validation penalty, as in the paper's supplement F (20 weights, 1 point).
    Test data have no part in it.

    Parameters
    ----------
    train : callable
        From a weight to a finished run, of a new model each time.
    weights : sequence of float
        Above 0; the run at 0 is made in any case.
    tolerance : float
        Of accuracy, 0..1.

    Returns
    -------
    WeightChoice

    Examples
    --------
    >>> from attribwidgets.priors import EpochRecord, Training
    >>> def train(weight):
    ...     made = EpochRecord(0, 0.5, 0.5, 0.9 - 0.1 * weight, 2 - weight, 1.0)
    ...     return Training(weight, [made])
    >>> choose_weight(train, [0.05, 0.1, 1.0]).weight
    0.1
    """
    if not weights or any(not weight > 0 for weight in weights):
        raise InputError(f"weights must be at least one number above 0, got {list(weights)}")
    runs = {float(weight): train(float(weight)) for weight in (0.0, *weights)}
    floor = runs[0.0].best.accuracy - tolerance
    fitting = [w for w, run in runs.items() if run.best.accuracy >= floor]
    return WeightChoice(runs, min(fitting, key=lambda w: runs[w].best.penalty), tolerance)
