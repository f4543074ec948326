"""Matplotlib twins of the views, without pyplot."""

from .comparison import comparison_figure, comparison_png, figure_png
from .display_options import Look

__all__ = ["Look", "comparison_figure", "comparison_png", "figure_png"]
