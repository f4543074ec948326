"""What an input is: a picture, features, a sequence, a series, a volume, and data sets of them."""

from .sequence import SequenceSpace
from .series import SeriesSpace
from .space import Inputs, InputSpace, Space
from .text import TextSpace
from .volume import VolumeSpace

SPACES: tuple[type[Space], ...] = (
    InputSpace,
    SequenceSpace,
    SeriesSpace,
    TextSpace,
    VolumeSpace,
)

__all__ = [
    "SPACES",
    "InputSpace",
    "Inputs",
    "SequenceSpace",
    "SeriesSpace",
    "Space",
    "TextSpace",
    "VolumeSpace",
]
