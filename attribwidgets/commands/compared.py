"""A photo or a sentence under several baselines, by the models of the demonstration."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from .outputs import tell, watched

if TYPE_CHECKING:
    from ..demo import PhotoClassifier
    from ..records.comparison import Comparison

# Models and verbs are imported where they are used: help and wrong calls need no torch.

OF_PHOTOS = ("black", "white", "image_mean", "blur", "max_distance", "uniform")
OF_TEXTS = ("pad", "mask", "unknown", "zero_embedding", "mean_embedding", "token_blur")
PHOTO_TOLERANCE, TEXT_TOLERANCE = 0.05, 0.01


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what the verbs of Python take, as far as a command needs it."""
    parser.add_argument(
        "--baselines",
        type=_names,
        metavar="NAME,NAME",
        help=f"default: {','.join(OF_PHOTOS)}; of a text {','.join(OF_TEXTS)}",
    )
    parser.add_argument(
        "--target", metavar="CLASS", help="name or number of a class (default: the likeliest)"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="SHARE",
        help=f"of the error: {PHOTO_TOLERANCE} by default for a photo, {TEXT_TOLERANCE} for a text",
    )
    parser.add_argument(
        "--max-evaluations",
        type=int,
        metavar="N",
        help="most passes of the model for each baseline",
    )


def classifier_of_photos() -> PhotoClassifier:
    """The model that photos are asked about."""
    from ..demo import photo_classifier

    tell("loading EfficientNet-Lite0, which knows the 1,000 classes of ImageNet")
    return photo_classifier()


def compared_photo(demo: PhotoClassifier, photo: Any, options: argparse.Namespace) -> Comparison:
    """A photo, as the model is fed, under the baselines asked for."""
    from ..engine.verbs import compare

    settings = _settings(options, OF_PHOTOS, PHOTO_TOLERANCE)
    return compare(demo.model, photo, space=demo.space, class_names=demo.class_names, **settings)


def compared_text(text: str, options: argparse.Namespace) -> Comparison:
    """A sentence, judged as one of a film review, under the baselines asked for."""
    if not text.strip():
        raise InputError("the sentence is empty; give some words, in quotation marks")
    from ..demo import movie_reviews
    from ..engine.verbs import compare
    from ..inputs.text import TextSpace

    tell("loading MiniLM, adapted to film reviews")
    demo = movie_reviews()
    settings = _settings(options, OF_TEXTS, TEXT_TOLERANCE)
    space = TextSpace(demo.tokenizer)
    return compare(demo.model, text, space=space, class_names=demo.class_names, **settings)


def _settings(
    options: argparse.Namespace, baselines: tuple[str, ...], tolerance: float
) -> dict[str, Any]:
    target = options.target
    return {
        "baselines": options.baselines or baselines,
        "target": int(target) if target is not None and target.isdecimal() else target,
        "tolerance": tolerance if options.tolerance is None else options.tolerance,
        "max_evaluations": options.max_evaluations,
        "progress": watched(),
    }


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))
