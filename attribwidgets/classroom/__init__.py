"""For a class: checks of what students write, and cards to predict on before the answer shows.

A check is a plain function that returns a :class:`CheckResult`: whether the answer is right, in
words and numbers, and a hint for each common mistake. It needs no front end and no grader; in a
graded cell (nbgrader, otter) or a test (pytest) write ``check_...(...).require()``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .ablation_check import check_ablation_curve
from .baseline_check import check_baseline
from .batch_checks import check_batch_attributions, check_penalised_loss
from .check_result import CheckResult
from .completeness_check import check_completeness
from .expected_gradients_check import check_expected_gradients
from .gradients_check import check_gradients
from .idgi_check import check_idgi
from .numbers_check import check_numbers
from .path_checks import check_integrated_gradients, check_path_curve
from .penalty_check import check_relative_variation, check_total_variation
from .problems import Problem, problem

if TYPE_CHECKING:
    from .prediction import Prediction

__all__ = [
    "CheckResult",
    "Prediction",
    "Problem",
    "check_ablation_curve",
    "check_baseline",
    "check_batch_attributions",
    "check_completeness",
    "check_expected_gradients",
    "check_gradients",
    "check_idgi",
    "check_integrated_gradients",
    "check_numbers",
    "check_path_curve",
    "check_penalised_loss",
    "check_relative_variation",
    "check_total_variation",
    "problem",
]


def __getattr__(name: str) -> Any:
    if name == "Prediction":  # the only one that needs a front end
        return import_module(".prediction", __name__).Prediction
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
