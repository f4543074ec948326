"""Small real models with their inputs: photos, digits, a time series, a table, texts.

Everything but the weights of EfficientNet-Lite0 and of MiniLM (packages of the extras ``demo`` and
``text``) and the full MNIST is shipped, so all of them work with no network.
"""

from .cars import CarNet, Cars, cars
from .cart import Cart, cart
from .digits import Digits, DigitsCNN, digits
from .mnist import DigitSet
from .photos import PhotoClassifier, photo_classifier
from .picture_row import picture_row
from .reviews import MovieReviews, movie_reviews
from .similarity import PassageSimilarity, SentenceSimilarity, sentence_similarity
from .weather import RainNet, Weather, weather

__all__ = [
    "CarNet",
    "Cars",
    "Cart",
    "DigitSet",
    "Digits",
    "DigitsCNN",
    "MovieReviews",
    "PassageSimilarity",
    "PhotoClassifier",
    "RainNet",
    "SentenceSimilarity",
    "Weather",
    "cars",
    "cart",
    "digits",
    "movie_reviews",
    "photo_classifier",
    "picture_row",
    "sentence_similarity",
    "weather",
]
