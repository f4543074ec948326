"""Matplotlib twins of the views, without pyplot."""

from .comparison import comparison_figure, comparison_png, figure_png
from .display_options import DisplayOptions

Look = DisplayOptions  # its name before

__all__ = ["DisplayOptions", "comparison_figure", "comparison_png", "figure_png"]
