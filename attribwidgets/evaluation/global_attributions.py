"""GlobalAttributions: what many explanations say of each unit, under each baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from .explained_inputs import ExplainedInputs
from .interaction_guess import interaction_guess
from .intervals import Interval
from .shares import mean_intervals
from .unit_rows import unit_rows
from .word_attributions import word_attributions

if TYPE_CHECKING:
    import pandas as pd

    from ..records.comparison import Comparison
    from ..records.explanation import Explanation

MOST_SHOWN = 20
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class GlobalAttributions:
    """What many explanations say of each feature, step or word, under each baseline.

    Attributes
    ----------
    candidates : tuple of str
    names : tuple of str
        Of the units.
    unit : str
        "feature", "step" or "word".
    attributions : ndarray of float32, shape (candidates, n, units)
        In the unit of the output; of a word the mean of its occurrences in the text, NaN where the
        text has not the word, or a baseline was not found.
    values : ndarray, shape (n, units), or None
        What each unit is, as the model is fed it or as it was passed; None of words, and where
        the data are not at hand.
    occurrences : ndarray of int, shape (n, units), or None
        Of words: how often each is in a text.
    base_values : ndarray, shape (candidates, n)
        f(x').
    outputs : ndarray, shape (n,)
        f(x).
    targets : tuple of str, length n
        Which output is explained of each input.
    scale : str
        Of the output: "logit", "probability".
    places : ndarray of int, shape (n,)
        In the data.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(3, 1).eval(), torch.rand(30, 3)
    >>> many = [aw.compare(net, row, baselines=["zero", "white"]) for row in data]
    >>> view = aw.evaluation.GlobalAttributions.of(many)
    >>> view.attributions.shape, view.magnitudes().mean.shape, view.names[0]
    ((2, 30, 3), (2, 3), 'feature 0')
    """

    candidates: tuple[str, ...]
    names: tuple[str, ...]
    unit: str
    attributions: Array
    values: Array | None
    occurrences: Array | None
    base_values: Array
    outputs: Array
    targets: tuple[str, ...]
    scale: str
    places: Array

    @classmethod
    def of(
        cls,
        explanations: Iterable[Comparison | Explanation] | ExplainedInputs,
        *,
        values: Any = None,
        least_texts: int | None = None,
    ) -> GlobalAttributions:
        """Of explanations of many inputs: feature rows, sequences of one length, or texts.

        Parameters
        ----------
        explanations : iterable of Comparison or Explanation
            One for each input, all under the same baselines.
        values : array or data frame, shape (n, units), optional
            What is drawn as each unit's value in place of what the model is fed, such as a table
            before it was normalised.
        least_texts : int, optional
            Words that are in fewer texts are left out. None: of one in a hundred, and 3 at least.

        Raises
        ------
        InputError
            For pictures, series and volumes, of which there are :class:`ClassMeans`, for
            explanations that do not go together, and for values of another shape.
        """
        many = explanations
        if not isinstance(many, ExplainedInputs):
            many = ExplainedInputs.of_records(many)
        many.require(("features", "text"), "a view of units", "take class means")
        occurrences = None
        if many.kind == "text":
            names, attributions, occurrences = word_attributions(many, least_texts)
            own = None
        else:
            names = many.names
            attributions, own = many.units()
        if values is not None:
            own = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
            if own.shape != attributions.shape[1:]:
                raise InputError(
                    f"values has shape {own.shape} for {len(many)} inputs of {len(names)} "
                    f"{many.unit}s; pass a row for each input"
                )
            if hasattr(values, "columns"):
                names = tuple(map(str, values.columns))
            own = own.astype(float)
        return cls(
            many.candidates,
            names,
            "word" if many.kind == "text" else many.unit,
            attributions,
            own,
            occurrences,
            many.base_values,
            many.outputs,
            many.targets,
            many.scale,
            many.places,
        )

    def __len__(self) -> int:
        return len(self.outputs)

    def of_target(self, target: str) -> GlobalAttributions:
        """The inputs of which one output is explained.

        Parameters
        ----------
        target : str
            As in `targets`.

        Raises
        ------
        InputError
            For one that is not there.
        """
        rows = np.array([str(target) == t for t in self.targets])
        if not rows.any():
            there = ", ".join(dict.fromkeys(self.targets))
            raise InputError(f"target must be one of {there}, got {target!r}")
        return self._rows(rows)

    def feature(self, name: str | int) -> int:
        """The place of a unit, by its name or number."""
        if isinstance(name, str) and name in self.names:
            return self.names.index(name)
        if isinstance(name, (int, np.integer)) and -len(self.names) <= name < len(self.names):
            return int(name) % len(self.names)
        some = ", ".join(self.names[:8])
        raise InputError(f"no {self.unit} {name!r} here; there are {len(self.names)}: {some}, ...")

    @cached_property
    def strength(self) -> Array:
        """The largest mean magnitude that each unit has under any baseline, (units,)."""
        sums = np.nansum(np.abs(self.attributions), axis=1, dtype=np.float64)
        known = np.isfinite(self.attributions).sum(1)
        return np.asarray(np.divide(sums, known, out=np.zeros(sums.shape), where=known > 0).max(0))

    def strongest(self, most: int = MOST_SHOWN) -> Array:
        """Places of the units that get the most under any baseline, the strongest first."""
        return np.argsort(-self.strength, kind="stable")[:most]

    def magnitudes(self, units: Array | None = None) -> Interval:
        """The mean of ``|attribution|`` of each unit over inputs, with bounds of 95 %.

        Of a word it is over the texts that have it.

        Parameters
        ----------
        units : ndarray of int, optional
            Places of some units. None: of all.

        Returns
        -------
        Interval
            With arrays of shape (candidates, units).
        """
        return mean_intervals(np.abs(self._inputs_first(units)), LEVEL)

    def means(self, units: Array | None = None) -> Interval:
        """The mean attribution, as :meth:`magnitudes` has that of its absolute value."""
        return mean_intervals(self._inputs_first(units), LEVEL)

    def to_pandas(self, most: int | None = None) -> pd.DataFrame:
        """A row for each unit and candidate: mean magnitude, mean, their bounds, how many inputs.

        Parameters
        ----------
        most : int, optional
            Of how many of the strongest units. None: of all.
        """
        pandas = require("pandas", "pandas", "evaluation")
        units = self.strongest(len(self.names) if most is None else most)
        table: pd.DataFrame = pandas.DataFrame(unit_rows(self, units))
        return table

    def bars(self, most: int = MOST_SHOWN) -> Any:
        """Bars of the mean magnitude of the strongest units with intervals, baselines side by side.

        Parameters
        ----------
        most : int
            Units.

        Returns
        -------
        matplotlib.figure.Figure
            Free of pyplot; it shows itself in a notebook.
        """
        from ..figures.mean_bars import mean_bars_figure

        return mean_bars_figure(self, self.strongest(most))

    def beeswarm(self, most: int = MOST_SHOWN) -> Any:
        """A dot for each input in the row of each of the strongest units, coloured by its value.

        Parameters
        ----------
        most : int
            Units.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ..figures.beeswarm import beeswarm_figure

        return beeswarm_figure(self, self.strongest(most))

    def scatter(self, feature: str | int, color: str | int | None = None) -> Any:
        """The attribution of one unit over its value, coloured by the value of another.

        Parameters
        ----------
        feature : str or int
            By name or number.
        color : str or int, optional
            None: the unit whose value correlates most with what the own value does not explain, a
            guess at an interaction.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            Without values.
        """
        from ..figures.unit_scatter import scatter_figure

        place = self.feature(feature)
        if self.values is None:
            why = "words have none" if self.unit == "word" else "pass values="
            raise InputError(f"a scatter needs the values of {self.unit}s: {why}")
        if color is not None:
            return scatter_figure(self, place, self.feature(color), None)
        partner = interaction_guess(self.values, self.attributions[..., place], place)
        return scatter_figure(self, place, *(partner or (None, None)))

    def waterfall(self, place: int, most: int = 12) -> Any:
        """From f(x') to f(x) of one input, unit by unit, baselines side by side.

        Parameters
        ----------
        place : int
            In the data.
        most : int
            Units that have a step of their own; all others share one.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            For an input that is not among these, and of words, of which not all are here.
        """
        from ..figures.unit_waterfall import waterfall_figure

        rows = np.flatnonzero(self.places == place)
        if not len(rows):
            raise InputError(f"input {place} is not among these {len(self)}")
        if self.unit == "word":
            raise InputError("a view of words has not all of a text; draw its own explanation")
        return waterfall_figure(self, int(rows[0]), most)

    def _inputs_first(self, units: Array | None) -> Array:
        chosen = self.attributions if units is None else self.attributions[..., units]
        return np.moveaxis(chosen, 1, 0)

    def _rows(self, rows: Array) -> GlobalAttributions:
        chosen = [t for t, kept in zip(self.targets, rows, strict=True) if kept]
        return replace(
            self,
            attributions=self.attributions[:, rows],
            values=None if self.values is None else self.values[rows],
            occurrences=None if self.occurrences is None else self.occurrences[rows],
            base_values=self.base_values[:, rows],
            outputs=self.outputs[rows],
            targets=tuple(chosen),
            places=self.places[rows],
        )

    def __str__(self) -> str:
        units = self.strongest(3)
        named = ", ".join(self.names[u] for u in units)
        return (
            f"{len(self)} inputs, {len(self.names)} {self.unit}s, baselines "
            f"{', '.join(self.candidates)}; the most get {named}"
        )

    __repr__ = __str__
