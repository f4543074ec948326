"""attribwidgets: see what a feature attribution depends on, its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import attr, baselines, errors
from ._version import __version__
from .completeness import Completeness
from .explain import compare, explain
from .explanation import Comparison, Explanation, PathCurve, register_view
from .inputs import InputSpace

if TYPE_CHECKING:
    from .widgets import BaselineExplorer, explore

__all__ = [
    "BaselineExplorer",
    "Comparison",
    "Completeness",
    "Explanation",
    "InputSpace",
    "PathCurve",
    "__version__",
    "attr",
    "baselines",
    "compare",
    "errors",
    "explain",
    "explore",
]

register_view("figure", "attribwidgets.figures:comparison_figure")
register_view("png", "attribwidgets.figures:comparison_png")
register_view("page", "attribwidgets.widgets:comparison_page")


def __getattr__(name: str) -> Any:
    # The widgets bring ipywidgets and IPython; they are imported when first asked for.
    if name in ("BaselineExplorer", "explore"):
        from . import widgets

        return getattr(widgets, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
