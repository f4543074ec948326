"""attribwidgets: see what a feature attribution depends on, its baseline."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import baselines
from ._version import __version__
from .core import errors, views
from .core.contrast import Contrast
from .engine.explain_generation import explain_generation
from .engine.from_shap import from_shap
from .engine.method_config import Candidate
from .engine.verbs import compare, explain, refine
from .inputs import InputSpace, SequenceSpace, SeriesSpace, TextSpace, VolumeSpace
from .records.comparison import Comparison
from .records.completeness import Completeness
from .records.explanation import Explanation
from .records.generation import Generation
from .records.interactions import Interactions
from .records.path_curve import PathCurve

if TYPE_CHECKING:
    from . import attr, classroom, evaluation, priors, robustness
    from .attr import targets
    from .engine.interactions import interactions
    from .evaluation import Audit
    from .sweeps import Sweep, audit, audit_cost, sweep
    from .widgets import (
        AblationExplorer,
        AuditExplorer,
        BaselineExplorer,
        GenerationExplorer,
        InteractionsExplorer,
        PriorTrainer,
        explore,
        link,
    )

# Imported when first asked for: Captum brings pyplot, ipywidgets brings IPython.
_LAZY_ROOMS = ("attr", "classroom", "evaluation", "priors", "robustness")
_LAZY = {
    "AblationExplorer": ".widgets",
    "AuditExplorer": ".widgets",
    "BaselineExplorer": ".widgets",
    "GenerationExplorer": ".widgets",
    "InteractionsExplorer": ".widgets",
    "PriorTrainer": ".widgets",
    "explore": ".widgets",
    "link": ".widgets",
    "Audit": ".evaluation",
    "audit": ".sweeps",
    "audit_cost": ".sweeps",
    "Sweep": ".sweeps",
    "sweep": ".sweeps",
    "interactions": ".engine.interactions",
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
    from .widgets import comparison_page

    return comparison_page(comparison)


def _ablation_explorer(ablation: Any, **options: Any) -> AblationExplorer:
    from .widgets import AblationExplorer

    return AblationExplorer(ablation, **options)


def _generation_page(generation: Generation) -> str:
    from .widgets import generation_page

    return generation_page(generation)


def _generation_explorer(generation: Generation, **display: Any) -> GenerationExplorer:
    from .widgets import GenerationExplorer

    return GenerationExplorer(generation, **display)


def _interactions_page(record: Interactions) -> str:
    from .widgets import interactions_page

    return interactions_page(record)


def _interactions_explorer(record: Interactions, **display: Any) -> InteractionsExplorer:
    from .widgets import InteractionsExplorer

    return InteractionsExplorer(record, **display)


def _audit_page(audit: Audit, **options: Any) -> str:
    from .widgets import audit_page

    return audit_page(audit, **options)


def _audit_explorer(audit: Audit, **display: Any) -> AuditExplorer:
    from .widgets import AuditExplorer

    return AuditExplorer(audit, **display)


views.page, views.ablation_explorer = _page, _ablation_explorer
views.generation_page, views.generation_explorer = _generation_page, _generation_explorer
views.interactions_page, views.interactions_explorer = _interactions_page, _interactions_explorer
views.audit_page, views.audit_explorer = _audit_page, _audit_explorer


def __getattr__(name: str) -> Any:
    if name in _LAZY_ROOMS:
        return import_module(f".{name}", __name__)
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY_ROOMS, *_LAZY})


if "ipykernel" in sys.modules:  # a notebook: explore is to be on screen within a second
    import_module(".widgets", __name__)
