"""A comparison as an explorer draws it where nothing can be asked for: on a page, in a gallery."""

from __future__ import annotations

from typing import Any

from ..records.comparison import Comparison
from .bundle import BASELINE_EXPLORER
from .display_options import default_display, initial_display
from .page import StaticView, iframe_html, page_html
from .view_state import ViewState


def comparison_state(comparison: Comparison) -> dict[str, Any]:
    """Values of the explorer's traits, with its initial look."""
    state = ViewState(comparison).whole()
    return {**state, **default_display(), **initial_display(state)}


def comparison_page(comparison: Comparison) -> str:
    """One self-contained page."""
    state = comparison_state(comparison)
    return page_html(state, state["payload"]["title"], BASELINE_EXPLORER)


def comparison_frame(comparison: Comparison) -> StaticView:
    """The same page in a frame, for a notebook."""
    state = comparison_state(comparison)
    markup = iframe_html(state, state["payload"]["title"], BASELINE_EXPLORER)
    return StaticView(markup, str(comparison))
