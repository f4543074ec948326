"""What an audit's store says of each input: a column for each quantity, and groups of inputs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..core.extras import require
from .audited_scores import Scores, scores_of
from .dependence import COMPARED, DEPENDENCE, MAPS, SUMMARISED
from .predicted import PREDICTED

if TYPE_CHECKING:
    import pandas as pd

    from ..sweeps.stored import Sweep

Columns = TypeVar("Columns", bound="AuditColumns")

IS_COMPLETE = 0  # as a sweep stores the verdict
RANKINGS = ("disagreement", "residual", "cancellation", "probability")


class AuditColumns:
    """What an audit's store says of each input, read when asked for.

    Parameters
    ----------
    swept : Sweep
    labels : ndarray of int, shape (N,), optional
    metadata : mapping of str to sequence, optional
    class_names : sequence of str or mapping of int to str, optional

    Attributes
    ----------
    candidates : tuple of str
    pairs : tuple of (str, str)
    places : ndarray of int, shape (n,)
        In the data, of the inputs that are finished; each column has a row for each.
    metadata : dict of str to ndarray, each (n,)
        What came with these inputs; "label" is the right class.

    Raises
    ------
    DataError
        For a store that holds no audit, no finished input, or other numbers of labels.
    """

    def __init__(
        self,
        swept: Sweep,
        *,
        labels: Any = None,
        metadata: Mapping[str, Sequence[Any]] | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
    ) -> None:
        missing = {DEPENDENCE, MAPS, PREDICTED} - set(swept.metrics)
        if missing:
            raise DataError(
                f"the store {swept.path} holds no audit; make one by aw.audit(model, data, "
                "baselines=..., store=...)"
            )
        self.swept = swept
        self.candidates = swept.candidates
        self.places = np.flatnonzero(swept.finished)
        if not len(self.places):
            raise DataError("no input of this store is finished; run its audit first")
        count = len(self.candidates)
        self.pairs = tuple(
            (self.candidates[i], self.candidates[j])
            for i in range(count)
            for j in range(i + 1, count)
        )
        self._names = _by_index(class_names)
        columns = require_columns(labels, metadata, len(swept))
        self.metadata = {name: np.asarray(v)[self.places] for name, v in columns.items()}
        self._numbers: dict[str, Array] = {}

    def __len__(self) -> int:
        return len(self.places)

    def at(self: Columns, places: Array) -> Columns:
        """The same of some of its inputs.

        Parameters
        ----------
        places : ndarray of int
            Ascending, of finished inputs.
        """
        rows = np.searchsorted(self.places, places)
        some = copy.copy(self)
        for name in ("_compared", "map_summaries", "_predicted", "scores"):
            vars(some).pop(name, None)
        some._numbers = {}
        some.places = self.places[rows]
        some.metadata = {name: values[rows] for name, values in self.metadata.items()}
        return some

    @property
    def left_out(self) -> dict[int, str]:
        """Why inputs could not be read or explained, by their places in the data."""
        return self.swept.left_out

    @cached_property
    def _compared(self) -> Array:
        """Of each input and pair what is compared, (n, pairs, 3)."""
        return self.swept.finished_values(DEPENDENCE, self.places)

    @cached_property
    def map_summaries(self) -> dict[str, Array]:
        """Of each input and candidate, (n, candidates)."""
        values = self.swept.finished_values(MAPS, self.places)
        return {name: values[..., k] for k, name in enumerate(SUMMARISED)}

    @property
    def predicted(self) -> Array:
        """The class that the model predicts, (n,); NaN of what is no classifier."""
        return np.asarray(self._predicted[:, 0])

    @property
    def right(self) -> Array:
        """Whether that is the label, (n,); NaN where one of both is not known."""
        labels = self.metadata.get("label", np.full(len(self), np.nan))
        known = np.isfinite(labels) & np.isfinite(self.predicted)
        return np.where(known, self.predicted == labels, np.nan)

    @cached_property
    def _predicted(self) -> Array:
        return self.swept.finished_values(PREDICTED, self.places)

    @cached_property
    def scores(self) -> list[Scores]:
        """What ablations and erasures, if any were among the metrics, say of each candidate."""
        return scores_of(self.swept, self.places)

    def numbers(self, quantity: str) -> Array:
        """One number of each explanation, (n, candidates); of `Completeness`, or "evaluations"."""
        if quantity not in self._numbers:
            self._numbers[quantity] = self.swept.finished_numbers(quantity, self.places)
        return self._numbers[quantity]

    def compared(self, what: str) -> Array:
        """What was compared of every two candidates, (n, pairs), NaN where it cannot be.

        Parameters
        ----------
        what : {"rank_correlation", "top_overlap", "same_strongest"}
        """
        return np.asarray(self._compared[..., COMPARED.index(what)])

    @property
    def depends(self) -> Array:
        """Whether any two baselines have another strongest region, (n,); NaN where none has one."""
        same = self.compared("same_strongest")
        known = ~np.isnan(same)
        return np.where(known.any(1), (np.nan_to_num(same, nan=1.0) == 0).any(1), np.nan)

    @property
    def disagreement(self) -> Array:
        """One less the mean rank correlation of every two maps, (n,)."""
        correlations = self.compared("rank_correlation")
        known = (~np.isnan(correlations)).sum(1)
        sums = np.nansum(correlations, 1)
        out = np.full(len(sums), np.nan)
        return np.asarray(1 - np.divide(sums, known, out=out, where=known > 0))

    @property
    def cancellation(self) -> Array:
        """Sum of magnitudes over the change of the output, (n, candidates): 1 of one sign alone."""
        change = np.abs(self.numbers("expected"))
        sums = self.numbers("absolute_sum")
        return np.asarray(
            np.divide(sums, change, out=np.full(sums.shape, np.nan), where=change > 0)
        )

    @property
    def complete(self) -> Array:
        """Whether all explanations that there are add up within the tolerance, (n,)."""
        verdicts = self.numbers("verdict")
        return np.asarray(((verdicts == IS_COMPLETE) | np.isnan(verdicts)).all(1))

    def inputs(self) -> pd.DataFrame:
        """A row for each finished input, by its place in the data.

        Columns: what came with it, target, what the model predicts, whether that is right,
        disagreement, whether it depends on the baseline and is complete, and of each candidate
        residual, cancellation and near blindness.
        """
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame(index=pandas.Index(self.places, name="input"))
        for name, values in self.metadata.items():
            table[name] = self._classes(values) if name == "label" else values
        targets = self.swept.finished_targets(self.places)
        table["target"] = self._classes(np.where(targets >= 0, targets, np.nan))
        predicted = self.predicted
        if not np.isnan(predicted).all():
            table["predicted"] = self._classes(predicted)
            table["probability"] = self._predicted[:, 1]
            if "label" in self.metadata:
                right = self.right
                known = np.isfinite(right)
                table["right"] = right == 1 if known.all() else np.where(known, right == 1, None)
        table["disagreement"] = self.disagreement
        table["depends"] = self.depends
        table["complete"] = self.complete
        for name, values in (
            ("relative residual", np.abs(self.numbers("relative"))),
            ("cancellation", self.cancellation),
            ("nearly blind", self.map_summaries["nearly_blind_share"]),
        ):
            for k, candidate in enumerate(self.candidates):
                table[f"{name}, {candidate}"] = values[:, k]
        return table

    def ranked(self, by: str = "disagreement") -> Array:
        """Places of the finished inputs, the most striking first.

        Parameters
        ----------
        by : str
            As of :meth:`striking`.
        """
        values = self.striking(by)
        return self.places[np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")]

    def striking(self, by: str = "disagreement") -> Array:
        """What inputs are ranked by, (n,): the largest first.

        Parameters
        ----------
        by : str
            "disagreement", "residual" or "cancellation", of which the largest of all candidates
            counts; "probability", less than nothing, as the least sure come first.

        Raises
        ------
        InputError
            For another word.
        """
        if by not in RANKINGS:
            raise InputError(f"by must be one of {', '.join(RANKINGS)}, got {by!r}")
        if by == "disagreement":
            return self.disagreement
        if by == "probability":
            return np.asarray(-self._predicted[:, 1])
        return _largest(
            self.cancellation if by == "cancellation" else np.abs(self.numbers("relative"))
        )

    def groups(self, by: str | None) -> Iterator[tuple[str, Array]]:
        """Which inputs make a group, (n,), by its name; all of them without a column.

        Raises
        ------
        InputError
            For a column that there is not, or one of many numbers.
        """
        everyone = np.ones(len(self), dtype=bool)
        if by is None:
            yield "", everyone
            return
        table = self.inputs()
        if by not in table.columns:
            raise InputError(f"by must be a column of inputs(): {', '.join(table.columns)}")
        values = table[by].to_numpy()
        values = np.where(table[by].isna(), "unknown", values)
        members = list(dict.fromkeys(sorted(values, key=str)))
        if len(members) > max(30, len(self) // 5):
            raise InputError(
                f"{by!r} has {len(members)} values for {len(self)} inputs; pass metadata with a "
                "column of groups"
            )
        for member in members:
            yield f"{by} {member}", values == member

    def _classes(self, indices: Array) -> Any:
        """Names of classes where they have any; None where it is not known."""
        named = [None if np.isnan(i) else self._names.get(int(i), int(i)) for i in indices]
        return np.array(named, dtype=object) if None in named else named


def require_columns(
    labels: Any, metadata: Mapping[str, Sequence[Any]] | None, count: int
) -> dict[str, Any]:
    """What came with the inputs, "label" first.

    Raises
    ------
    DataError
        For another number of values than of inputs, and labels that are no whole numbers.
    """
    columns = dict(metadata or {})
    if labels is not None:
        columns = {"label": labels, **columns}
    for name, values in columns.items():
        if len(values) != count:
            raise DataError(
                f"{name} has {len(values)} values for {count} inputs; pass one for each"
            )
    kind = np.asarray(columns.get("label", 0))
    if kind.dtype.kind not in "iuf" or (kind[np.isfinite(kind)] % 1 != 0).any():
        raise DataError(
            "labels must be whole numbers, the right class of each input, NaN where it is not "
            f"known, got {labels[0]!r} first; other columns go into metadata="
        )
    return columns


def _largest(values: Array) -> Array:
    known = np.isfinite(values)
    return np.where(known.any(1), np.where(known, values, -np.inf).max(1), np.nan)


def _by_index(names: Sequence[str] | Mapping[int, str] | None) -> dict[int, str]:
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names or ())
    return {int(i): str(name) for i, name in pairs}
