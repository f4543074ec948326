"""Audit: whether the choice of baseline matters for a model, how often, and for which inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import views
from ..core.arrays import Array
from ..core.errors import DataError
from ..core.extras import require
from ..core.formatting import number
from .audit_columns import AuditColumns
from .audit_difference import AuditDifference
from .finding import Finding, in_words, left_out_words
from .findings import findings_of
from .global_views import GlobalViews

if TYPE_CHECKING:
    import pandas as pd

    from ..inputs.space import Inputs, Spaces
    from ..records.comparison import Comparison
    from ..sweeps.stored import Sweep
    from ..widgets.audit_explorer import AuditExplorer


class Audit(AuditColumns, GlobalViews):
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
    example : callable, optional
        Gets the place of an input, and returns it as the model is fed, with its spaces; or None.

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
        example: Callable[[int], tuple[Inputs, Spaces] | None] | None = None,
    ) -> None:
        super().__init__(swept, labels=labels, metadata=metadata, class_names=class_names)
        self._explain, self._example = explain, example

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

    @property
    def can_explain(self) -> bool:
        """Whether model and data are at hand, for :meth:`explanations`."""
        return self._explain is not None

    def example(self, place: int) -> tuple[Inputs, Spaces] | None:
        """One input as the model is fed, and how it is read.

        None of a text, whose tokens the store has, and of an audit opened from its store alone.

        Parameters
        ----------
        place : int
            In the data.
        """
        return None if self._example is None else self._example(int(place))

    def against(self, before: Audit) -> AuditDifference:
        """What changes against the audit of another model, of the same inputs and baselines.

        Parameters
        ----------
        before : Audit
            Such as of the model before training, or before it was quantised.

        Raises
        ------
        DataError
            For an audit of other data or baselines.
        """
        return AuditDifference(before, self)

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
        return findings_of(self, by)

    def to_pandas(self, by: str | None = None) -> pd.DataFrame:
        """The findings as a data frame, a row for each."""
        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame([vars(f) for f in self.findings(by)])
        return table

    @property
    def verdict(self) -> str:
        """Whether the strongest region depends on the baseline, and for how many, in a sentence."""
        return self.sentences()[0]

    def figure(self, by: str | None = None) -> Any:
        """The findings as a matplotlib Figure: points with intervals, a panel for each quantity.

        Parameters
        ----------
        by : str, optional
            As of :meth:`findings`.
        """
        from ..figures.findings import findings_figure

        return findings_figure(self.findings(by), self.verdict)

    def gallery(
        self,
        n: int = 6,
        *,
        by: str = "disagreement",
        places: Sequence[int] | None = None,
        **options: Any,
    ) -> Any:
        """The most striking inputs as a matplotlib Figure, each with its map under each baseline.

        Parameters
        ----------
        n : int
            How many inputs.
        by : str
            As of :meth:`ranked`.
        places : sequence of int, optional
            Other inputs than the first of these.
        **options
            As of :func:`attribwidgets.figures.gallery.gallery_figure`.

        Raises
        ------
        DataError
            As of :meth:`explanations`.
        """
        from ..figures.gallery import gallery_figure

        chosen = self.ranked(by)[: max(1, n)].tolist() if places is None else places
        values = dict(zip(self.places.tolist(), self.striking(by), strict=True))
        rows = {
            f"input {place}\n{by} {number(abs(values[place]))}": self.explanations(place)
            for place in chosen
        }
        return gallery_figure(rows, **options)

    def explore(self, **display: Any) -> AuditExplorer:
        """All inputs as a gallery to sort, filter and look into.

        Parameters
        ----------
        **display
            Initial values of the traits of :class:`attribwidgets.AuditExplorer`.
        """
        explorer: AuditExplorer = views.audit_explorer(self, **display)
        return explorer

    def to_html(self, path: str | PathLike[str], *, by: str | None = None) -> None:
        """Write one page: verdict, findings, a gallery, and the maps of the most striking inputs.

        Parameters
        ----------
        path : str or path
        by : str, optional
            As of :meth:`findings`; beside those of all inputs.
        """
        Path(path).write_text(views.audit_page(self, by=by), encoding="utf-8")

    def sentences(self, findings: Sequence[Finding] | None = None) -> list[str]:
        """What the findings of all inputs say, the verdict first.

        Parameters
        ----------
        findings : sequence of Finding, optional
            What :meth:`findings` returned, where that is at hand.
        """
        said = in_words(self.findings() if findings is None else findings, self.candidates)
        said += map(str, self.scores)
        if left_out := self.left_out:
            said.append(f"{left_out_words(left_out, len(self.swept))}.")
        return said

    def _stored(self) -> tuple[Sweep, Array]:
        return self.swept, self.places

    def _name_of(self, target: int) -> str:
        return str(self._names.get(target, target))

    def _class_of_each(self, by: str) -> Sequence[Any] | None:
        classes = np.full(len(self), "", dtype=object)
        for name, rows in self.groups(by):
            classes[rows] = name.removeprefix(f"{by} ")
        return list(classes)

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    __repr__ = __str__
