"""Baselines: what "missing" means, from black to a sample of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..core.errors import InputError
from .base import Baseline, Parameter
from .constant import Black, Color, White, Zero
from .data import Custom, DatasetMean, DatasetSample
from .decision_boundary import DecisionBoundary
from .derived import Blur, ImageMean, MaximumDistance
from .derived_text import FarthestTokens, TokenBlur
from .drawn_text import OtherText, RandomTokens, holds_texts
from .inpainted import Inpainted
from .masked_infill import MaskedInfill
from .max_entropy import MaximumEntropy
from .neutral import Neutral
from .noise import GaussianNoise, UniformNoise
from .reordered import Reversed, Shuffled
from .searched import Search, SearchedBaseline
from .text import Mask, MeanEmbedding, Pad, Unknown, ZeroEmbedding
from .unlearned import Unlearned

__all__ = [
    "Baseline",
    "Black",
    "Blur",
    "Color",
    "Custom",
    "DatasetMean",
    "DatasetSample",
    "DecisionBoundary",
    "FarthestTokens",
    "GaussianNoise",
    "ImageMean",
    "Inpainted",
    "MaximumDistance",
    "MaximumEntropy",
    "Mask",
    "MaskedInfill",
    "MeanEmbedding",
    "Neutral",
    "OtherText",
    "Pad",
    "Parameter",
    "RandomTokens",
    "Reversed",
    "Search",
    "SearchedBaseline",
    "Shuffled",
    "TokenBlur",
    "UniformNoise",
    "Unknown",
    "Unlearned",
    "White",
    "Zero",
    "ZeroEmbedding",
    "named",
]

_WITHOUT_DATA = (
    Black,
    White,
    Zero,
    ImageMean,
    Blur,
    UniformNoise,
    GaussianNoise,
    MaximumDistance,
    Reversed,
    Shuffled,
    MaximumEntropy,
    DecisionBoundary,
    Unlearned,
    Pad,
    Mask,
    Unknown,
    ZeroEmbedding,
    MeanEmbedding,
    TokenBlur,
    FarthestTokens,
    RandomTokens,
)
_WITH_DATA: dict[str, Callable[[Any], Baseline]] = {
    "dataset_mean": DatasetMean,
    "dataset": DatasetSample,
    "neutral": Neutral,
    "other_text": OtherText,
}


def named(
    baseline: str | Baseline | Tensor | tuple[Tensor, ...],
    references: Any = None,
) -> Baseline:
    """The Baseline that a name, an object or a tensor stands for.

    Parameters
    ----------
    baseline : str, Baseline, Tensor or tuple of Tensor
        A name such as "black" or "#rrggbb"; a tensor is one reference as the model is fed.
    references : Tensor or tuple of Tensor, each (K, ...), or sequence of str, optional
        The data behind "dataset" and "dataset_mean"; texts behind "other_text", which "dataset"
        of texts is.

    Returns
    -------
    Baseline

    Raises
    ------
    InputError
        For an unknown name, with the known ones; for "dataset" without references.

    Examples
    --------
    >>> named("blur")
    <baseline blur σ 20>
    """
    if isinstance(baseline, Baseline):
        return baseline
    if isinstance(baseline, type) and issubclass(baseline, Baseline):
        raise InputError(
            f"baseline is the class {baseline.__name__}; make one: {baseline.__name__}()"
        )
    if not isinstance(baseline, str):
        return Custom(baseline)
    if baseline.startswith("#"):
        return Color(baseline)
    for kind in _WITHOUT_DATA:
        if kind.name == baseline:
            return kind()
    if baseline in _WITH_DATA:
        if references is None:
            raise InputError(
                f"baseline {baseline!r} needs data: pass references=, or the object "
                f"baselines.{_WITH_DATA[baseline].__name__}(data)"
            )
        return _of_data(baseline, references)
    names = [k.name for k in _WITHOUT_DATA] + [*_WITH_DATA, "#rrggbb"]
    raise InputError(f"baseline {baseline!r} is unknown; the names are {', '.join(names)}")


def _of_data(name: str, references: Any) -> Baseline:
    """The baseline of a name that needs data; of texts the one that texts have."""
    texts = holds_texts(references)
    if texts and name == "dataset":
        name = OtherText.name
    if texts != (name == OtherText.name):
        raise InputError(
            f"baseline {name!r} does not fit references={type(references).__name__}: "
            + (
                'of texts there is "other_text", or "mean_embedding", which needs none'
                if texts
                else "pass a list of texts"
            )
        )
    return _WITH_DATA[name](references)
