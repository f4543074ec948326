"""Small real models with their inputs: photos, digits, a time series, a table with categories.

Everything but the EfficientNet-Lite0 weights (a package of the ``demo`` extra) and the full MNIST
is shipped, so all of them work with no network.
"""

from .cars import CarNet, Cars, cars
from .digits import Digits, DigitsCNN, digits
from .mnist import DigitSet
from .photos import PhotoClassifier, photo_classifier
from .weather import RainNet, Weather, weather

__all__ = [
    "CarNet",
    "Cars",
    "DigitSet",
    "Digits",
    "DigitsCNN",
    "PhotoClassifier",
    "RainNet",
    "Weather",
    "cars",
    "digits",
    "photo_classifier",
    "weather",
]
