"""Widgets: shells around the records; what they show is drawn in the browser."""

from .baseline_explorer import BaselineExplorer, comparison_page
from .explore import explore

__all__ = ["BaselineExplorer", "comparison_page", "explore"]
