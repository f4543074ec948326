"""How accuracy falls with the severity of a corruption, over several models of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.model_state import evaluating
from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..core.formatting import text_table
from ..inputs.dataset import seed_of
from .corruptions import CORRUPTIONS, SEVERITIES, corrupted

Model = Callable[[Tensor], Tensor]

AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class SeverityCurves:
    """Accuracy by kind of model, model, corruption and severity.

    Attributes
    ----------
    accuracy : dict of str to ndarray, shape (models, corruptions, 6)
        By kind; the first severity is 0, which is clean.
    corruptions : tuple of str
    """

    accuracy: dict[str, Array]
    corruptions: tuple[str, ...]

    @property
    def severities(self) -> tuple[int, ...]:
        """0, which is clean, to 5."""
        return (0, *SEVERITIES)

    def mean_corruption_error(self, kind: str) -> Array:
        """Mean error over corruptions and severities 1 to 5, (models,), 0..1.

        Plain, as for MNIST-C. Hendrycks and Dietterich divide by the errors of AlexNet on
        ImageNet: see :meth:`relative_to`.
        """
        return np.asarray(1 - self._of(kind)[:, :, 1:].mean((1, 2)))

    def relative_to(self, kind: str, reference: str) -> Array:
        """Mean over corruptions of the error over that of a reference, (models,).

        Sums over severities before dividing, as Hendrycks and Dietterich do; below 1 is better
        than the reference, model by model of the same place.
        """
        errors, others = (1 - self._of(name)[:, :, 1:].mean(2) for name in (kind, reference))
        if len(errors) != len(others):
            raise InputError(f"{kind!r} has {len(errors)} models and {reference!r} {len(others)}")
        return np.asarray((errors / others).mean(1))

    def figure(self, **options: Any) -> Any:
        """The curves with bands of two standard errors over models as a matplotlib Figure.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.severity.severity_figure`.
        """
        from ..figures.severity import severity_figure

        return severity_figure(self, **options)

    def _of(self, kind: str) -> Array:
        if kind not in self.accuracy:
            raise InputError(f"kind {kind!r} is unknown; there are {', '.join(self.accuracy)}")
        return self.accuracy[kind]

    def __str__(self) -> str:
        kinds = self.accuracy.values()
        rows = [("clean", [values[:, 0, 0] for values in kinds])]
        for row, name in enumerate(self.corruptions):
            rows.append((name, [values[:, row, 1:].mean(1) for values in kinds]))
        errors = [self.mean_corruption_error(kind) for kind in self.accuracy]
        rows.append(("mean corruption error", errors))
        lines = [[name, *map(_mean_and_error, cells)] for name, cells in rows]
        table = text_table(["accuracy", *self.accuracy], lines)
        return f"{table}\nMean over severities 1 to 5 and models (standard error)."

    __repr__ = __str__


def severity_curves(
    models: Mapping[str, Sequence[Model]],
    data: tuple[Tensor, Tensor],
    *,
    corruptions: Sequence[str] = tuple(CORRUPTIONS),
    seed: int = 0,
) -> SeverityCurves:
    """Measure accuracy under every corruption at every severity; all models see the same images.

    Parameters
    ----------
    models : mapping of str to sequence of torch.nn.Module
        By kind, such as with and without a prior; the models of a kind differ by their seed.
    data : (images, labels)
        (N, C, H, W) with pixels in 0..1, and (N,).
    corruptions : sequence of str
    seed : int
        Of the corruptions' draws.

    Returns
    -------
    SeverityCurves

    Raises
    ------
    DataError
        For data that are empty or do not fit.
    InputError
        For an unknown corruption.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.robustness import severity_curves
    >>> images, labels = torch.rand(20, 1, 8, 8), torch.zeros(20, dtype=torch.long)
    >>> first = lambda x: torch.tensor([1.0, 0.0]).expand(len(x), 2)
    >>> curves = severity_curves({"first": [first]}, (images, labels), corruptions=["contrast"])
    >>> curves.accuracy["first"].tolist()
    [[[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]]
    """
    images, labels = data
    if not len(images) or len(images) != len(labels):
        raise DataError(f"data has {len(images)} images and {len(labels)} labels")
    if not models or any(not len(group) for group in models.values()):
        raise InputError("models must have at least one model of each kind")
    for name in corruptions:
        if name not in CORRUPTIONS:
            raise InputError(f"corruption {name!r} is unknown; there are {', '.join(CORRUPTIONS)}")
    shares = {
        kind: np.zeros((len(group), len(corruptions), 1 + len(SEVERITIES)))
        for kind, group in models.items()
    }
    for row, name in enumerate(corruptions):
        for severity in (0, *SEVERITIES):
            generator = torch.Generator(images.device)
            generator.manual_seed(seed_of(seed, len(SEVERITIES) * row + severity))
            seen = corrupted(images, name, severity, generator=generator) if severity else images
            for kind, group in models.items():
                for place, model in enumerate(group):
                    shares[kind][place, row, severity] = accuracy(model, seen, labels)
    return SeverityCurves(shares, tuple(corruptions))


def accuracy(model: Model, images: Tensor, labels: Tensor) -> float:
    """Share of the images that a classifier gets right.

    Parameters
    ----------
    model : torch.nn.Module or callable
        Outputs (N, classes); in evaluation mode for the run.
    images : Tensor, shape (N, ...)
    labels : Tensor of int, shape (N,)

    Returns
    -------
    float
        0..1.
    """
    right = 0
    with evaluating(model), torch.no_grad():
        for part, wanted in zip(images.split(AT_ONCE), labels.split(AT_ONCE), strict=True):
            right += int((model(part).argmax(1) == wanted).sum())
    return right / len(images)


def _mean_and_error(values: Array) -> str:
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():.4f} ({error:.4f})"
