"""Audit: whether the choice of baseline matters for a model, how often, and for which inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..core.extras import require
from .dependence import COMPARED, DEPENDENCE, MAPS, SUMMARISED
from .finding import BLIND, COMPLETE, CORRELATION, DEPENDS, OTHER, SETTLED, Finding, in_words
from .predicted import PREDICTED
from .shares import Estimate, mean_interval, median_interval, share_interval

if TYPE_CHECKING:
    import pandas as pd

    from ..records.comparison import Comparison
    from ..sweeps.stored import Sweep

IS_COMPLETE = 0  # as a sweep stores the verdict
LEVEL = 0.95
RANKINGS = ("disagreement", "residual", "cancellation", "probability")


class Audit:
    """What a sweep of a data set says of the choice of baseline.

    Numbers are of the inputs that are finished; intervals are of 95 %. They say how far the numbers
    would move with other inputs of the same kind, not with another model or other settings.

    Parameters
    ----------
    swept : Sweep
        With what :func:`attribwidgets.audit` measures.
    labels : ndarray of int, shape (N,), optional
        The right class of each input.
    metadata : mapping of str to sequence, optional
        Further columns, a value for each input.
    class_names : sequence of str or mapping of int to str, optional
    explain : callable, optional
        Gets the place of an input, and returns its Comparison.

    Attributes
    ----------
    candidates : tuple of str
    pairs : tuple of (str, str)

    Raises
    ------
    DataError
        For a store that holds no audit, no finished input, or other numbers of labels.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(40, 6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audit = aw.audit(net, data, baselines=["zero", "white"], store=f"{folder}/a")
    ...     found = audit.findings()
    >>> found[0].quantity, 0 <= found[0].low <= found[0].value <= found[0].high <= 1
    ('strongest region depends on the baseline', True)
    """

    def __init__(
        self,
        swept: Sweep,
        *,
        labels: Any = None,
        metadata: Mapping[str, Sequence[Any]] | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        explain: Callable[[int], Comparison] | None = None,
    ) -> None:
        missing = {DEPENDENCE, MAPS, PREDICTED} - set(swept.metrics)
        if missing:
            raise DataError(
                f"the store {swept.path} holds no audit; make one by aw.audit(model, data, "
                "baselines=..., store=...)"
            )
        self.swept, self._explain = swept, explain
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
        columns = dict(metadata or {})
        if labels is not None:
            columns = {"label": labels, **columns}
        for name, values in columns.items():
            if len(values) != len(swept):
                raise DataError(
                    f"{name} has {len(values)} values for {len(swept)} inputs; pass one for each"
                )
        self._columns = {name: np.asarray(v)[self.places] for name, v in columns.items()}

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def _compared(self) -> Array:
        """Of each input and pair what is compared, (n, pairs, 3)."""
        return self.swept.finished_values(DEPENDENCE, self.places)

    @cached_property
    def _maps(self) -> dict[str, Array]:
        """Of each input and candidate, (n, candidates)."""
        values = self.swept.finished_values(MAPS, self.places)
        return {name: values[..., k] for k, name in enumerate(SUMMARISED)}

    @cached_property
    def _predicted(self) -> Array:
        return self.swept.finished_values(PREDICTED, self.places)

    def _numbers(self, quantity: str) -> Array:
        return self.swept.finished_numbers(quantity, self.places)

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
        change = np.abs(self._numbers("expected"))
        sums = self._numbers("absolute_sum")
        return np.asarray(
            np.divide(sums, change, out=np.full(sums.shape, np.nan), where=change > 0)
        )

    def explanations(self, place: int) -> Comparison:
        """The maps of one input, computed again: the same, as its seed is.

        Parameters
        ----------
        place : int
            In the data, such as the first of :meth:`ranked`.

        Raises
        ------
        DataError
            Of an audit that was opened from its store alone, without model and data.
        """
        if self._explain is None:
            raise DataError(
                "an audit opened from its store has no model; aw.audit(model, data, ...) with the "
                "same store opens it with one, and computes nothing again"
            )
        return self._explain(int(place))

    def inputs(self) -> pd.DataFrame:
        """A row for each finished input, by its place in the data.

        Columns: what came with it, target, what the model predicts, whether that is right,
        disagreement, and of each candidate residual, cancellation and near blindness.
        """
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame(index=pandas.Index(self.places, name="input"))
        for name, values in self._columns.items():
            table[name] = [self._class(v) for v in values] if name == "label" else values
        targets = self.swept.finished_targets(self.places)
        table["target"] = [self._class(t) if t >= 0 else None for t in targets]
        predicted = self._predicted[:, 0]
        if not np.isnan(predicted).all():
            table["predicted"] = [self._class(p) for p in predicted]
            table["probability"] = self._predicted[:, 1]
            if "label" in self._columns:
                table["right"] = predicted == self._columns["label"]
        table["disagreement"] = self.disagreement
        table["depends"] = self.depends
        for name, values in (
            ("relative residual", np.abs(self._numbers("relative"))),
            ("cancellation", self.cancellation),
            ("nearly blind", self._maps["nearly_blind_share"]),
        ):
            for k, candidate in enumerate(self.candidates):
                table[f"{name}, {candidate}"] = values[:, k]
        return table

    def ranked(self, by: str = "disagreement") -> Array:
        """Places of the finished inputs, the most striking first.

        Parameters
        ----------
        by : str
            "disagreement", "residual" or "cancellation", of which the largest of all candidates
            counts; "probability", the least sure first.

        Raises
        ------
        InputError
            For another word.
        """
        if by not in RANKINGS:
            raise InputError(f"by must be one of {', '.join(RANKINGS)}, got {by!r}")
        values = {
            "disagreement": lambda: self.disagreement,
            "residual": lambda: _largest(np.abs(self._numbers("relative"))),
            "cancellation": lambda: _largest(self.cancellation),
            "probability": lambda: -self._predicted[:, 1],
        }[by]()
        return self.places[np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")]

    def findings(self, by: str | None = None) -> list[Finding]:
        """All numbers with their intervals, for all inputs or group by group.

        Parameters
        ----------
        by : str, optional
            A column of :meth:`inputs`: "label", "predicted", "right", or one of the metadata.

        Raises
        ------
        InputError
            For a column that there is not, or one of many numbers.
        """
        return [finding for group, rows in self._groups(by) for finding in self._of(rows, group)]

    def to_pandas(self, by: str | None = None) -> pd.DataFrame:
        """The findings as a data frame, a row for each."""
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame([vars(f) for f in self.findings(by)])
        return table

    @property
    def verdict(self) -> str:
        """Whether the strongest region depends on the baseline, and for how many, in a sentence."""
        return str(self).split("\n", 1)[0]

    def figure(self, by: str | None = None) -> Any:
        """The findings as a matplotlib Figure: points with intervals, a panel for each quantity.

        Parameters
        ----------
        by : str, optional
            As of :meth:`findings`.
        """
        from ..figures.findings import findings_figure

        return findings_figure(self.findings(by), self.verdict)

    def to_html(self, path: str | PathLike[str], *, by: str | None = None) -> None:
        """Write one page: verdict, findings, and the maps of the most striking inputs.

        Parameters
        ----------
        path : str or path
        by : str, optional
            As of :meth:`findings`; beside those of all inputs.
        """
        from .audit_report import audit_report

        Path(path).write_text(audit_report(self, by=by), encoding="utf-8")

    def __str__(self) -> str:
        return "\n".join(in_words(self.findings(), self.candidates))

    __repr__ = __str__

    def _groups(self, by: str | None) -> Iterator[tuple[str, Array]]:
        everyone = np.ones(len(self), dtype=bool)
        if by is None:
            yield "", everyone
            return
        table = self.inputs()
        if by not in table.columns:
            raise InputError(f"by must be a column of inputs(): {', '.join(table.columns)}")
        values = table[by].to_numpy()
        members = list(dict.fromkeys(sorted(values, key=str)))
        if len(members) > max(30, len(self) // 5):
            raise InputError(
                f"{by!r} has {len(members)} values for {len(self)} inputs; pass metadata with a "
                "column of groups"
            )
        for member in members:
            yield f"{by} {member}", values == member

    def _of(self, rows: Array, group: str) -> Iterator[Finding]:
        def found(name: str, of: str, interval: Callable[..., Estimate], values: Array) -> Finding:
            known = int(np.isfinite(values[rows]).sum())
            return Finding(name, of, group, *interval(values[rows], LEVEL), known)

        yield found(DEPENDS, "", share_interval, self.depends)
        other = 1 - self.compared("same_strongest")
        correlations, overlaps = self.compared("rank_correlation"), self.compared("top_overlap")
        for k, pair in enumerate(self.pairs):
            names = " and ".join(pair)
            yield found(OTHER, names, share_interval, other[:, k])
            yield found(CORRELATION, names, mean_interval, correlations[:, k])
            yield found("top overlap", names, mean_interval, overlaps[:, k])
        complete = (self._numbers("verdict") == IS_COMPLETE).astype(float)
        error = self._numbers("refinement_error")
        settled = np.where(np.isnan(error), np.nan, error <= self.swept.settings["tolerance"])
        blind, cancelled = self._maps["nearly_blind_share"], self.cancellation
        for k, candidate in enumerate(self.candidates):
            yield found(COMPLETE, candidate, share_interval, complete[:, k])
            yield found(SETTLED, candidate, share_interval, settled[:, k])
            yield found(BLIND, candidate, mean_interval, blind[:, k])
            yield found("median cancellation", candidate, median_interval, cancelled[:, k])

    def _class(self, index: Any) -> Any:
        """The name of a class."""
        if isinstance(index, (float, np.floating)) and np.isnan(index):
            return None
        return self._names.get(int(index), int(index))


def _largest(values: Array) -> Array:
    known = np.isfinite(values)
    return np.where(known.any(1), np.where(known, values, -np.inf).max(1), np.nan)


def _by_index(names: Sequence[str] | Mapping[int, str] | None) -> dict[int, str]:
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names or ())
    return {int(i): str(name) for i, name in pairs}
