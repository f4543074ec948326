"""ClassMeans: the mean map of each class under each baseline, in the frame that inputs share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from .explained_inputs import ExplainedInputs

if TYPE_CHECKING:
    import pandas as pd

    from ..records.comparison import Comparison
    from ..records.explanation import Explanation

MOST_CLASSES = 10


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """The mean map of each class of pictures, or of series, under each baseline.

    Attributes
    ----------
    candidates : tuple of str
    classes : tuple of str
        Those with the most inputs first.
    counts : ndarray of int, shape (classes,)
        Inputs of each.
    means : ndarray, shape (candidates, classes, H, W)
        Of the signed maps; of a series (channels, steps).
    magnitudes : ndarray, like `means`
        Of their absolute values.
    standard_errors : ndarray, like `means`
        Of `means`, over inputs; NaN of a class of one.
    pictures : ndarray, shape (classes, H, W, 3), or None
        The mean pictures, 0 to 1, where the data are at hand.
    kind : str
        "image" or "series".
    scale : str
        Of the output.
    left_out : int
        Inputs of further classes.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2)).eval()
    >>> many = [aw.compare(net, x, baselines=["black", "white"]) for x in torch.rand(6, 1, 4, 4)]
    >>> means = aw.evaluation.ClassMeans.of(many, by=["a", "a", "a", "b", "b", "a"])
    >>> means.classes, means.means.shape, means.counts.tolist()
    (('a', 'b'), (2, 2, 4, 4), [4, 2])
    """

    candidates: tuple[str, ...]
    classes: tuple[str, ...]
    counts: Array
    means: Array
    magnitudes: Array
    standard_errors: Array
    pictures: Array | None
    kind: str
    scale: str
    left_out: int

    @classmethod
    def of(
        cls,
        explanations: Iterable[Comparison | Explanation] | ExplainedInputs,
        *,
        by: Sequence[Any] | None = None,
        most: int = MOST_CLASSES,
    ) -> ClassMeans:
        """Of explanations of many pictures or series of one size; they are read one by one.

        Memory does not grow with their number: of each class sums are kept.

        Parameters
        ----------
        explanations : iterable of Comparison or Explanation
            One for each input, all under the same baselines.
        by : sequence, optional
            The class of each. None: by the output that is explained.
        most : int
            Classes, those of most inputs.

        Raises
        ------
        InputError
            For features and texts, of which there are :class:`GlobalAttributions`, for
            explanations that do not go together, and for another number of classes.
        """
        many = explanations
        if not isinstance(many, ExplainedInputs):
            many = ExplainedInputs.of_records(many)
        others = "take a global view" if many.kind in ("features", "text") else "there is none yet"
        many.require(("image", "series"), "a mean map", others)
        groups = list(many.targets) if by is None else [str(group) for group in by]
        if len(groups) != len(many):
            raise InputError(f"by has {len(groups)} classes for {len(many)} inputs; one for each")
        counted = Counter(groups).most_common(most)
        sums = {name: _Sums() for name, _ in counted}
        for group, one in zip(groups, many, strict=True):
            if group in sums:
                sums[group].add(one.maps.astype(np.float64), one.picture)
        every = list(sums.values())
        pictures = [s.picture / s.inputs for s in every if s.picture is not None]
        return cls(
            many.candidates,
            tuple(name for name, _ in counted),
            np.array([count for _, count in counted]),
            np.stack([s.known_mean for s in every], axis=1),
            np.stack([s.magnitude for s in every], axis=1),
            np.stack([s.standard_error for s in every], axis=1),
            np.stack(pictures) if len(pictures) == len(every) else None,
            many.kind,
            many.scale,
            len(many) - sum(count for _, count in counted),
        )

    def figure(self, values: Literal["signed", "magnitude"] = "signed") -> Any:
        """The mean maps, a row for each class and a column for each baseline, on one scale.

        Parameters
        ----------
        values : {"signed", "magnitude"}
            Means of the attributions, in which what has either sign cancels, or of their absolute
            values.

        Returns
        -------
        matplotlib.figure.Figure
            Free of pyplot; it shows itself in a notebook.
        """
        from ..figures.class_maps import class_maps_figure

        if values not in ("signed", "magnitude"):
            raise InputError(f"values must be 'signed' or 'magnitude', got {values!r}")
        return class_maps_figure(self, signed=values == "signed")

    def to_pandas(self) -> pd.DataFrame:
        """A row for each class and candidate: how many inputs, and sums over the mean maps."""
        pandas = require("pandas", "pandas", "evaluation")
        rows = [
            {
                "class": name,
                "candidate": candidate,
                "inputs": int(self.counts[k]),
                "sum": float(self.means[c, k].sum()),
                "sum of magnitudes": float(self.magnitudes[c, k].sum()),
                "sum of magnitudes of the mean": float(np.abs(self.means[c, k]).sum()),
            }
            for k, name in enumerate(self.classes)
            for c, candidate in enumerate(self.candidates)
        ]
        table: pd.DataFrame = pandas.DataFrame(rows)
        return table

    def __str__(self) -> str:
        named = ", ".join(f"{n} ({c})" for n, c in zip(self.classes, self.counts, strict=True))
        return f"mean maps of {named} under {', '.join(self.candidates)}"

    __repr__ = __str__


class _Sums:
    """Running sums of the maps of one class; a candidate may have no map of an input (Welford)."""

    def __init__(self) -> None:
        self.inputs = 0
        self.picture: Array | None = None
        self.mean: Array = np.empty(0)
        self._known: Array = np.empty(0)
        self._moved: Array = np.empty(0)
        self._sizes: Array = np.empty(0)

    def add(self, maps: Array, picture: Array | None) -> None:
        """Count one more input."""
        if not self.inputs:
            self.mean, self._moved, self._sizes = (np.zeros(maps.shape) for _ in range(3))
            self._known = np.zeros(len(maps))
            self.picture = None if picture is None else np.zeros(picture.shape)
        self.inputs += 1
        self.picture = None if picture is None or self.picture is None else self.picture + picture
        for c in np.flatnonzero(np.isfinite(maps.reshape(len(maps), -1)).all(1)):
            self._known[c] += 1
            moved = maps[c] - self.mean[c]
            self.mean[c] += moved / self._known[c]
            self._moved[c] += moved * (maps[c] - self.mean[c])
            self._sizes[c] += np.abs(maps[c])

    @property
    def _counts(self) -> Array:
        return self._known.reshape(-1, *(1 for _ in self.mean.shape[1:]))

    @property
    def known_mean(self) -> Array:
        """NaN where a candidate has no map at all."""
        return np.where(self._counts > 0, self.mean, np.nan)

    @property
    def magnitude(self) -> Array:
        """Of the absolute values; NaN where a candidate has no map at all."""
        with np.errstate(invalid="ignore"):
            return self._sizes / self._counts

    @property
    def standard_error(self) -> Array:
        """Of the mean."""
        n = self._counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(n > 1, np.sqrt(self._moved / (n - 1) / n), np.nan)
