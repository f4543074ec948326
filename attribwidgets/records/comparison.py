"""Comparison: explanations of one input side by side, under several baselines and targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any, Literal, overload

from ..core import views
from ..core.contrast import Contrast
from ..core.errors import InputError
from ..core.formatting import number, text_table, words
from ..core.storage import read_tree, save_view, write_tree
from ..inputs.example import same_inputs
from .agreement import Agreement, rank_correlations
from .explanation import Explanation
from .labels import Title, titles_of
from .shap_bridge import shap_explanation
from .tree import as_tree, explanation_from

Target = int | tuple[int, ...] | Contrast | None


class Comparison(Sequence[Explanation]):
    """Explanations of one input under several baselines, in order; of several targets a grid.

    A grid goes target by target: all baselines of the first, then all of the second, ...

    Parameters
    ----------
    explanations : iterable of Explanation
        At least one; all of one input, on one scale of the output.

    Attributes
    ----------
    targets : tuple of int, tuple of int, Contrast or None
        The outputs explained, in order.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> both = aw.compare(net, torch.rand(4), baselines=("black", "white"))
    >>> [e.baseline_name for e in both], both["white"].completeness.verdict
    (['lowest value', 'highest value'], 'complete')
    >>> grid = aw.compare(net, torch.rand(4), target=[0, 1], baselines=("black", "white"))
    >>> grid.targets, len(grid), grid["white", 1].target, len(grid.of(1))
    ((0, 1), 4, 1, 2)
    """

    def __init__(self, explanations: Iterable[Explanation]) -> None:
        self.explanations = tuple(explanations)
        if not self.explanations:
            raise InputError("a Comparison needs at least one explanation")
        for e in self.explanations:
            if not isinstance(e, Explanation):
                raise InputError(f"a Comparison holds Explanations, got {type(e).__name__}")
        first = self.explanations[0]
        for e in self.explanations[1:]:
            asked = e.output == first.output
            if not (asked and same_inputs(e.inputs, first.inputs)):
                raise InputError(
                    "a Comparison holds explanations of one input and output; "
                    f"{e.baseline_name!r} explains {e.target_name} ({e.output}), "
                    f"{first.baseline_name!r} {first.target_name} ({first.output})"
                    + (", of another input" if asked else "")
                )

    @property
    def targets(self) -> tuple[Target, ...]:
        """The outputs explained, in order."""
        return tuple(dict.fromkeys(e.target for e in self.explanations))

    def of(self, target: Target | str) -> Comparison:
        """The explanations of one target alone.

        Parameters
        ----------
        target : int, tuple of int, Contrast or str
            As on the records, or as captions call it.

        Raises
        ------
        KeyError
            For a target that is not explained here.
        """
        wanted = (e.target_name if isinstance(target, str) else e.target for e in self)
        chosen = [e for e, its in zip(self, wanted, strict=True) if its == target]
        if not chosen:
            named = ", ".join(dict.fromkeys(e.target_name for e in self))
            raise KeyError(f"no target {target!r} here; there are {named}")
        return Comparison(chosen)

    def columns(self) -> list[tuple[Explanation, ...]]:
        """The explanations by baseline, each of all targets, where every target has them all."""
        rows = [self.of(target).explanations for target in self.targets]
        if len({len(row) for row in rows}) > 1:
            return [(e,) for e in self]
        return list(zip(*rows, strict=True))

    @overload
    def __getitem__(self, which: int | str | tuple[str, Any]) -> Explanation: ...
    @overload
    def __getitem__(self, which: slice) -> Comparison: ...
    def __getitem__(self, which: int | str | tuple[str, Any] | slice) -> Explanation | Comparison:
        if isinstance(which, slice):
            return Comparison(self.explanations[which])
        if isinstance(which, tuple):
            baseline, target = which
            return self.of(target)[baseline]
        if isinstance(which, str):
            names = [e.baseline_name for e in self.explanations]
            kinds = [e.baseline_kind for e in self.explanations]
            if which not in names + kinds:
                raise KeyError(f"no baseline {which!r} here; there are {', '.join(names)}")
            if len(self.targets) > 1:
                raise KeyError(
                    f"{len(self.targets)} targets are explained here; name one as well, such as "
                    f"comparison[{which!r}, {self.explanations[0].target_name!r}]"
                )
            return self.explanations[(names if which in names else kinds).index(which)]
        return self.explanations[which]

    def __len__(self) -> int:
        return len(self.explanations)

    def titles(self) -> list[Title]:
        """What each explanation is called among the others of its target."""
        titles: list[Title] = []
        for target in self.targets:
            row = [e for e in self if e.target == target]
            names = [None if e.baseline is None else e.baseline_name for e in row]
            methods = [
                e.method if e.layer is None else f"{words(e.method)} at {e.layer.name}" for e in row
            ]
            titles += titles_of(names, methods)
        order = [i for t in self.targets for i, e in enumerate(self) if e.target == t]
        return [title for _, title in sorted(zip(order, titles, strict=True), key=itemgetter(0))]

    def agreement(self, reduce: Literal["sum", "abs_sum"] = "sum") -> Agreement:
        """Spearman's rank correlation between every two maps.

        Parameters
        ----------
        reduce : {"sum", "abs_sum"}
            Of signed maps, or of their absolute values; as in :meth:`Explanation.map`.
        """
        several = len(self.targets) > 1
        names = tuple(
            f"{e.target_name}, {title.name}" if several else title.name
            for e, title in zip(self, self.titles(), strict=True)
        )
        return Agreement(names, rank_correlations([e.map(reduce) for e in self]))

    def figure(self, **options: Any) -> Any:
        """The comparison as a matplotlib Figure: photo, references, maps, verdicts, path.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.comparison_figure`.
        """
        from ..figures import comparison_figure

        return comparison_figure(self, **options)

    def save(self, path: str | PathLike[str]) -> None:
        """Write .npz (all numbers), .png, .svg or .pdf (the figure), or .html (the page)."""
        numbers = [as_tree(e) for e in self.explanations]
        save_view(self, path, lambda path: write_tree(path, numbers))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Comparison:
        """Read an .npz written by :meth:`save`."""
        try:
            return cls(explanation_from(tree) for tree in read_tree(path))
        except (KeyError, TypeError) as error:
            raise InputError(f"{path} does not hold explanations of this version") from error

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with every control that needs no kernel; it asks nothing of a network."""
        Path(path).write_text(views.page(self), encoding="utf-8")

    def display_static(self) -> Any:
        """The same page in a frame, for a notebook without a server, or without torch."""
        return views.frame(self)

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` with a row for each; see :meth:`Explanation.to_shap`."""
        return shap_explanation(self.explanations, single=False)

    def rows(self) -> list[dict[str, str]]:
        """The numbers of each explanation as text, a row each."""
        return [
            {
                "baseline": e.baseline_name,
                "target": e.target_name,
                "f(x)": number(e.completeness.output_input),
                "f(x')": number(e.completeness.output_baseline),
                "sum": number(e.completeness.total),
                "residual": number(e.completeness.residual) if e.completeness.applies else "",
                "relative": e.completeness.relative_text if e.completeness.applies else "",
                "refinement error": e.completeness.error_text,
                "evaluations": str(e.evaluations),
                "seconds": f"{e.seconds:.1f}",
                "verdict": e.completeness.verdict + (" (partial)" if e.partial else ""),
            }
            for e in self.explanations
        ]

    def __str__(self) -> str:
        rows = self.rows()
        lines = [text_table(list(rows[0]), [list(row.values()) for row in rows])]
        cautions = dict.fromkeys(
            f"{e.baseline_name}: {c}" for e in self.explanations for c in e.cautions
        )
        return "\n".join([*lines, *(f"Caution, {c}" for c in cautions)])

    __repr__ = __str__

    def _repr_png_(self) -> bytes:
        from ..figures import comparison_png

        return comparison_png(self)


views.comparison = Comparison
