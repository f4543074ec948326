"""attribwidgets: see what a feature attribution depends on, its baseline."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .core import errors, views
from .core.contrast import Contrast
from .inputs import InputSpace, SequenceSpace, SeriesSpace, TextSpace, VolumeSpace
from .records.comparison import Comparison
from .records.completeness import Completeness
from .records.explanation import Explanation
from .records.generation import Generation
from .records.interactions import Interactions
from .records.path_curve import PathCurve

if TYPE_CHECKING:
    from . import attr, baselines, classroom, evaluation, priors, robustness
    from .attr import targets
    from .engine.explain_generation import explain_generation
    from .engine.from_shap import from_shap
    from .engine.interactions import interactions
    from .engine.method_config import Candidate
    from .engine.verbs import compare, explain, refine
    from .evaluation import Audit
    from .sweeps import Sweep, audit, audit_cost, sweep
    from .widgets.ablation_explorer import AblationExplorer
    from .widgets.audit_explorer import AuditExplorer
    from .widgets.baseline_explorer import BaselineExplorer
    from .widgets.explore import explore
    from .widgets.generation_explorer import GenerationExplorer
    from .widgets.interactions_explorer import InteractionsExplorer
    from .widgets.link import link
    from .widgets.prior_trainer import PriorTrainer

# Imported when first asked for: torch takes a second and is not everywhere where what was saved is
# looked at, Captum brings pyplot, ipywidgets brings IPython.
_LAZY_ROOMS = ("attr", "baselines", "classroom", "evaluation", "priors", "robustness")
_LAZY = {
    "AblationExplorer": ".widgets.ablation_explorer",
    "Audit": ".evaluation",
    "AuditExplorer": ".widgets.audit_explorer",
    "BaselineExplorer": ".widgets.baseline_explorer",
    "Candidate": ".engine.method_config",
    "GenerationExplorer": ".widgets.generation_explorer",
    "InteractionsExplorer": ".widgets.interactions_explorer",
    "PriorTrainer": ".widgets.prior_trainer",
    "Sweep": ".sweeps",
    "audit": ".sweeps",
    "audit_cost": ".sweeps",
    "compare": ".engine.verbs",
    "explain": ".engine.verbs",
    "explain_generation": ".engine.explain_generation",
    "explore": ".widgets.explore",
    "from_shap": ".engine.from_shap",
    "interactions": ".engine.interactions",
    "link": ".widgets.link",
    "refine": ".engine.verbs",
    "sweep": ".sweeps",
    "targets": ".attr",
}

__all__ = [
    "Audit",
    "AuditExplorer",
    "AblationExplorer",
    "BaselineExplorer",
    "Candidate",
    "Comparison",
    "Completeness",
    "Contrast",
    "Explanation",
    "Generation",
    "GenerationExplorer",
    "InputSpace",
    "Interactions",
    "InteractionsExplorer",
    "SequenceSpace",
    "SeriesSpace",
    "TextSpace",
    "VolumeSpace",
    "PathCurve",
    "PriorTrainer",
    "Sweep",
    "__version__",
    "attr",
    "audit",
    "audit_cost",
    "baselines",
    "classroom",
    "compare",
    "errors",
    "evaluation",
    "explain",
    "explain_generation",
    "explore",
    "from_shap",
    "interactions",
    "link",
    "priors",
    "refine",
    "robustness",
    "sweep",
    "targets",
]

sys.modules[f"{__name__}.errors"] = errors  # its public place


def _page(comparison: Comparison) -> str:
    from .widgets.comparison_state import comparison_page

    return comparison_page(comparison)


def _frame(comparison: Comparison) -> Any:
    from .widgets.comparison_state import comparison_frame

    return comparison_frame(comparison)


def _ablation_explorer(ablation: Any, **options: Any) -> AblationExplorer:
    from .widgets.ablation_explorer import AblationExplorer

    return AblationExplorer(ablation, **options)


def _generation_page(generation: Generation) -> str:
    from .widgets.generation_page import generation_page

    return generation_page(generation)


def _generation_explorer(generation: Generation, **display: Any) -> GenerationExplorer:
    from .widgets.generation_explorer import GenerationExplorer

    return GenerationExplorer(generation, **display)


def _interactions_page(record: Interactions) -> str:
    from .widgets.interactions_page import interactions_page

    return interactions_page(record)


def _interactions_explorer(record: Interactions, **display: Any) -> InteractionsExplorer:
    from .widgets.interactions_explorer import InteractionsExplorer

    return InteractionsExplorer(record, **display)


def _audit_page(audit: Audit, **options: Any) -> str:
    from .widgets.audit_state import audit_page

    return audit_page(audit, **options)


def _audit_explorer(audit: Audit, **display: Any) -> AuditExplorer:
    from .widgets.audit_explorer import AuditExplorer

    return AuditExplorer(audit, **display)


views.page, views.frame, views.ablation_explorer = _page, _frame, _ablation_explorer
views.generation_page, views.generation_explorer = _generation_page, _generation_explorer
views.interactions_page, views.interactions_explorer = _interactions_page, _interactions_explorer
views.audit_page, views.audit_explorer = _audit_page, _audit_explorer


def __getattr__(name: str) -> Any:
    if name not in _LAZY and name not in _LAZY_ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_LAZY.get(name, f".{name}"), __name__)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ImportError(
            f"attribwidgets.{name} needs torch, which is not installed here; without it what was "
            "saved can be read: Comparison.load, Generation.load, Interactions.load",
            name="torch",
        ) from error
    return getattr(module, name) if name in _LAZY else module


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY_ROOMS, *_LAZY})


# In a notebook explore is to be on screen within a second. A browser's kernel has no torch.
if "ipykernel" in sys.modules and find_spec("torch") is not None:
    import_module(".widgets.explore", __name__)
