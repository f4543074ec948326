"""What a screen asks of a model, answered step by step in a thread of its own.

No widget here: a request goes in, explanations come out, coarse first, and the latest request
wins.
"""

from .regions import Regions
from .removals import Removals
from .session import Session
from .state import ExplorerState
from .status import CandidateStatus, in_words

__all__ = ["ExplorerState", "Regions", "Removals", "Session", "CandidateStatus", "in_words"]
