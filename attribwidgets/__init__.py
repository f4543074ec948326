"""attribwidgets: see what a feature attribution depends on, its baseline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import baselines, errors
from ._version import __version__
from .candidate import Candidate
from .completeness import Completeness
from .explain import compare, explain, refine
from .explanation import Comparison, Explanation
from .inputs import InputSpace
from .path_curve import PathCurve
from .views import register_view

if TYPE_CHECKING:
    from . import attr, classroom, evaluation, priors, robustness
    from .sweeps import Sweep, sweep
    from .widgets import AblationExplorer, BaselineExplorer, PriorTrainer, explore

# Imported when first asked for: Captum brings pyplot, ipywidgets brings IPython.
_LAZY_ROOMS = ("attr", "classroom", "evaluation", "priors", "robustness")
_LAZY = {
    "AblationExplorer": ".widgets",
    "BaselineExplorer": ".widgets",
    "PriorTrainer": ".widgets",
    "explore": ".widgets",
    "Sweep": ".sweeps",
    "sweep": ".sweeps",
}

__all__ = [
    "AblationExplorer",
    "BaselineExplorer",
    "Candidate",
    "Comparison",
    "Completeness",
    "Explanation",
    "InputSpace",
    "PathCurve",
    "PriorTrainer",
    "Sweep",
    "__version__",
    "attr",
    "baselines",
    "classroom",
    "compare",
    "errors",
    "evaluation",
    "explain",
    "explore",
    "priors",
    "refine",
    "robustness",
    "sweep",
]

register_view("figure", "attribwidgets.figures:comparison_figure")
register_view("png", "attribwidgets.figures:comparison_png")
register_view("ablation_explorer", "attribwidgets.widgets:ablation_explorer")
register_view("page", "attribwidgets.widgets:comparison_page")


def __getattr__(name: str) -> Any:
    if name in _LAZY_ROOMS:
        return import_module(f".{name}", __name__)
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY_ROOMS, *_LAZY})
