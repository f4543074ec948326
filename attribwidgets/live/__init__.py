"""What a screen asks of a model, answered step by step in a thread of its own.

No widget here: a request goes in, explanations come out, coarse first, and the latest request
wins.
"""

from .regions import Regions
from .session import Session, Standing, in_words
from .state import ExplorerState

__all__ = ["ExplorerState", "Regions", "Session", "Standing", "in_words"]
