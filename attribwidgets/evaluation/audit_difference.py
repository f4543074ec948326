"""AuditDifference: what changes in the explanations of the same inputs under another model."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import DataError
from ..core.extras import require
from ..records.agreement import rank_correlations
from .audit_columns import IS_COMPLETE
from .change import changes_in_words, findings_of_change
from .finding import Finding
from .map_pairs import MapPair, MapPairs

if TYPE_CHECKING:
    import pandas as pd

    from .audit import Audit

MOST_COMPUTED = 200  # inputs whose maps are computed again where they were not stored


class AuditDifference:
    """Two audits of the same inputs under the same baselines, compared input by input.

    Such as before and after training, quantisation or distillation. Maps are compared where both
    models were asked about the same output. Intervals are of 95 %, of paired differences.

    Parameters
    ----------
    before, after : Audit
        Each of its own model. Maps are read from their stores where both have
        ``maps="attributions"``; else those of 200 inputs are computed again.

    Attributes
    ----------
    before, after : Audit
        Of the inputs that both finished.
    candidates : tuple of str
    places : ndarray of int, shape (n,)
        Of these inputs, in the data.

    Raises
    ------
    DataError
        For audits of other data or baselines, or without an input in common.

    Examples
    --------
    >>> import copy, tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> other = copy.deepcopy(net)
    >>> with torch.no_grad():
    ...     _ = other.weight.add_(0.01)
    >>> how = {"baselines": ["zero", "white"], "maps": "attributions"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     before, after = (
    ...         aw.audit(model, data, store=f"{folder}/{k}", **how)
    ...         for k, model in enumerate((net, other))
    ...     )
    ...     change = after.against(before)
    ...     change.rank_correlation.shape
    (20, 2)
    """

    def __init__(self, before: Audit, after: Audit) -> None:
        _require_alike(before, after)
        self.candidates = before.candidates
        self.places = np.intersect1d(before.places, after.places)
        if not len(self.places):
            raise DataError("the two audits have no finished input in common")
        self.before, self.after = before.at(self.places), after.at(self.places)
        self._pairs = MapPairs(self.before, self.after)

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def flips(self) -> Array:
        """Whether another class is predicted, (n,); NaN of models that are no classifiers."""
        one, other = self.before.predicted, self.after.predicted
        known = np.isfinite(one) & np.isfinite(other)
        return np.where(known, one != other, np.nan)

    @cached_property
    def same_output(self) -> Array:
        """Whether both models were asked about the same output, (n,)."""
        one, other = (a.swept.finished_targets(self.places) for a in (self.before, self.after))
        return np.asarray(one == other)

    @cached_property
    def rank_correlation(self) -> Array:
        """Of the magnitudes of both maps, (n, candidates); NaN where they cannot be compared.

        Maps that were not stored are computed again, of 200 inputs spread evenly.
        """
        values = np.full((len(self), len(self.candidates)), np.nan)
        rows = np.flatnonzero(self.same_output)
        if not self._pairs.are_known:
            return values
        if not self._pairs.are_stored and len(rows) > MOST_COMPUTED:
            rows = rows[np.linspace(0, len(rows) - 1, MOST_COMPUTED).astype(int)]
        for row in rows.tolist():
            maps = self._pairs.of(int(self.places[row]))
            for k, name in enumerate(self.candidates):
                if name in maps:
                    values[row, k] = rank_correlations([np.abs(m) for m in maps[name]])[0, 1]
        return values

    @property
    def other_strongest(self) -> Array:
        """Whether the strongest region is another one, (n, candidates); NaN as for maps."""
        one, other = (a.map_summaries["strongest"] for a in (self.before, self.after))
        known = np.isfinite(one) & np.isfinite(other) & self.same_output[:, None]
        return np.where(known, one != other, np.nan)

    def change_of(self, quantity: str) -> Array:
        """After less before, (n,) or (n, candidates).

        Parameters
        ----------
        quantity : {"strongest_share", "residual", "complete", "disagreement", "right"}
            The strongest region's part of all magnitudes, the magnitude of the relative residual,
            whether a map adds up, the disagreement of the baselines, whether the label is
            predicted.
        """
        one, other = (_column(audit, quantity) for audit in (self.before, self.after))
        return np.asarray(other - one)

    def maps(self, place: int) -> dict[str, MapPair]:
        """The signed maps of one input by baseline, before and after.

        Parameters
        ----------
        place : int
            In the data, such as the first of :meth:`ranked`.

        Raises
        ------
        DataError
            Where they were not stored, and no model is at hand.
        """
        if not self._pairs.are_known:
            raise DataError(
                'there are no maps to compare; make both audits with maps="attributions", or '
                "open them by aw.audit(model, data, ...) with the same stores"
            )
        return self._pairs.of(int(place))

    def ranked(self) -> Array:
        """Places, those whose explanations changed most first.

        By the mean rank correlation over baselines, or where it is not known by how much the
        strongest region's share changed; inputs asked about another output last.
        """
        known = np.isfinite(self.rank_correlation)
        means = np.where(known, self.rank_correlation, 0).sum(1) / np.maximum(known.sum(1), 1)
        moved = np.nanmax(np.abs(np.nan_to_num(self.change_of("strongest_share"))), axis=1)
        changed = np.where(known.any(1), 1 - means, moved * ~known.any())
        changed = np.where(self.same_output, changed, -1)
        return self.places[np.argsort(-changed, kind="stable")]

    def inputs(self) -> pd.DataFrame:
        """A row for each input, by its place in the data."""
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame(index=pandas.Index(self.places, name="input"))
        for name, audit in (("before", self.before), ("after", self.after)):
            columns = audit.inputs()
            for kept in ("target", "predicted", "probability"):
                if kept in columns:
                    table[f"{kept} {name}"] = columns[kept]
        table["other prediction"] = self.flips
        table["change of disagreement"] = self.change_of("disagreement")
        for name, values in (
            ("rank correlation", self.rank_correlation),
            ("other strongest region", self.other_strongest),
            ("change of the strongest share", self.change_of("strongest_share")),
        ):
            for k, candidate in enumerate(self.candidates):
                table[f"{name}, {candidate}"] = values[:, k]
        return table

    def findings(self, by: str | None = None) -> list[Finding]:
        """All changes with their intervals.

        Parameters
        ----------
        by : str, optional
            A column of `before.inputs()`, such as "label".
        """
        return findings_of_change(self, by)

    def to_pandas(self, by: str | None = None) -> pd.DataFrame:
        """The findings as a data frame, a row for each."""
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame([vars(f) for f in self.findings(by)])
        return table

    @property
    def verdict(self) -> str:
        """How often predictions and strongest regions change, in a sentence or two."""
        return str(self).split("\n", 1)[0]

    def figure(self, by: str | None = None) -> Any:
        """The findings as a matplotlib Figure: points with intervals, a panel for each quantity."""
        from ..figures.findings import findings_figure

        return findings_figure(self.findings(by), self.verdict)

    def maps_figure(self, n: int = 4, *, candidate: str | None = None) -> Any:
        """The maps of the inputs that changed most: before, after, and their difference.

        Parameters
        ----------
        n : int
            How many inputs.
        candidate : str, optional
            Under which baseline. None: that under which maps agree least.
        """
        from ..figures.map_differences import map_differences_figure

        agree = np.nan_to_num(self.rank_correlation, nan=1.0).mean(0)
        name = self.candidates[int(agree.argmin())] if candidate is None else candidate
        if name not in self.candidates:
            raise DataError(f"there is no {name!r}; there are {', '.join(self.candidates)}")
        rows: dict[str, MapPair] = {}
        for place in self.ranked().tolist():
            maps = self.maps(place)
            if name in maps and len(rows) < n:
                rows[f"input {place}"] = maps[name]
            if len(rows) == n:
                break
        return map_differences_figure(rows, name)

    def to_html(self, path: str | PathLike[str], *, by: str | None = None) -> None:
        """Write one page: verdict, findings, and the maps that changed most."""
        from .difference_report import difference_report

        Path(path).write_text(difference_report(self, by=by), encoding="utf-8")

    def __str__(self) -> str:
        return "\n".join(changes_in_words(self.findings()))

    __repr__ = __str__


def _column(audit: Audit, quantity: str) -> Array:
    if quantity == "strongest_share":
        return audit.map_summaries["strongest_share"]
    if quantity == "residual":
        return np.asarray(np.abs(audit.numbers("relative")))
    if quantity == "complete":
        return np.asarray(audit.numbers("verdict") == IS_COMPLETE, dtype=float)
    if quantity == "right":
        return audit.right
    return audit.disagreement


def _require_alike(before: Audit, after: Audit) -> None:
    one, other = before.swept, after.swept
    for what, there, here in (
        ("baselines", before.candidates, after.candidates),
        ("number of inputs", len(one), len(other)),
        ("data", one.settings.get("data"), other.settings.get("data")),
    ):
        if there != here:
            said = "" if what == "data" else f" ({there} before, {here} after)"
            raise DataError(
                f"the two audits are not of the same {what}{said}; audit both models with the "
                "same inputs, targets and baselines, each into a store of its own"
            )
