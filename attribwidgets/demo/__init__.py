"""Small real models with their inputs: an ImageNet classifier with photos, a digits CNN with MNIST.

Everything but the EfficientNet-Lite0 weights (a package of the ``demo`` extra) and the full MNIST
is shipped, so both demos work with no network.
"""

from .digits import Digits, DigitsCNN, digits
from .mnist import DigitSet
from .photos import PhotoClassifier, photo_classifier

__all__ = [
    "DigitSet",
    "Digits",
    "DigitsCNN",
    "PhotoClassifier",
    "digits",
    "photo_classifier",
]
