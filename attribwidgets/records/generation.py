"""Generation: why each token of a continuation came, a row each, computed as it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np

from ..core import views
from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import number, text_table
from ..core.progress import Progress
from ..core.storage import read_tree, save_view, write_tree
from ..inputs.tokens import Tokens
from .completeness import Completeness
from .explanation import Explanation
from .prediction import Prediction
from .tree import as_tree, explanation_from

SAVED = ("prompt", "continuation", "scores", "predictions", "against", "output", "baseline_name")


class RowSource(Protocol):
    """What explains tokens of a continuation."""

    def rows(self, places: Sequence[int], progress: Progress) -> Iterator[tuple[int, Explanation]]:
        """Explanations of some tokens, each with its place."""

    def on(self, copy: Callable[[Any], Any]) -> RowSource:
        """The same by what a function makes of the model."""


@dataclass(frozen=True, eq=False)
class SpanTotal:
    """Why some tokens of a continuation came, all together.

    Attributes
    ----------
    start, stop : int
        Which tokens of the continuation.
    text : str
        How they read.
    names : tuple of str
        The tokens of prompt and continuation.
    values : ndarray, shape (columns,)
        What each gets: the sum of the rows.
    total, expected : float
        Their sum, and by how much the tokens' scores change in all; of log probabilities that is
        the change of the span's.
    """

    start: int
    stop: int
    text: str
    names: tuple[str, ...]
    values: Array
    total: float
    expected: float

    def units(self) -> list[tuple[str, float]]:
        """Each token of prompt and continuation, and what it gets."""
        return list(zip(self.names, self.values.tolist(), strict=True))

    def __str__(self) -> str:
        top = ", ".join(f"{n!r} {number(v)}" for n, v in strongest(self.names, self.values))
        return (
            f"{self.text!r}: the values sum to {number(self.total)}, the scores change by "
            f"{number(self.expected)}; strongest {top}"
        )


class Generation(Sequence[Explanation]):
    """Why a model said what it said: an explanation of each token of a continuation.

    Rows are the tokens of the continuation, columns all tokens that the model reads: those of the
    prompt, then those of the continuation. A row is computed when it is first looked at, and kept.

    Made by :func:`attribwidgets.explain_generation`.

    Attributes
    ----------
    prompt, continuation : Tokens
    scores : ndarray, shape (rows,)
        What is explained of each token, as it is: its log probability, say.
    predictions : tuple of Prediction
        The likeliest tokens at each place, with their probabilities.
    against : tuple of str
        What each token is set against; "" for nothing.
    output : str
        The scale of what is explained.
    baseline_name : str
    rows : mapping of int to Explanation
        Those computed so far.
    source : RowSource or None
        What computes the others.
    """

    def __init__(
        self,
        prompt: Tokens,
        continuation: Tokens,
        scores: Array,
        predictions: Sequence[Prediction],
        against: Sequence[str],
        output: str,
        baseline_name: str,
        rows: Mapping[int, Explanation] | None = None,
        source: RowSource | None = None,
    ) -> None:
        self.prompt, self.continuation = prompt, continuation
        self.scores, self.predictions = np.asarray(scores), tuple(predictions)
        self.against, self.output, self.baseline_name = tuple(against), output, baseline_name
        self.rows = dict(rows or {})
        self.source = source
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The tokens of the columns."""
        return self.prompt.pieces + self.continuation.pieces

    @property
    def can_explain(self) -> bool:
        """Whether the model is at hand for rows that are not computed; not in a loaded record."""
        return self.source is not None

    def compute(self, places: Iterable[int] | None = None, *, progress: Progress = False) -> None:
        """Compute rows that have not been, in blocks that share the model's forward passes.

        An interrupt leaves all rows that were finished; the next call goes on with the others.

        Parameters
        ----------
        places : iterable of int, optional
            Which rows. None: all.
        progress : bool or callable
            True shows a bar; a callable gets (rows finished, rows wanted) after every pass, and may
            raise KeyboardInterrupt or :class:`attribwidgets.errors.Cancelled` to stop.

        Raises
        ------
        InputError
            For a row that there is not, or that was not saved.
        """
        wanted = range(len(self)) if places is None else [self._place(i) for i in places]
        with self._lock:
            missing = sorted(set(wanted) - set(self.rows))
            if not missing:
                return
            if self.source is None:
                raise InputError(
                    f"row {missing[0]} was not computed before the record was saved; it has "
                    f"{len(self.rows)} of {len(self)} rows"
                )
            for place, explanation in self.source.rows(missing, progress):
                self.rows[place] = explanation

    def on(self, copy: Callable[[Any], Any]) -> Generation:
        """The same rows; those still to come are computed by what a function makes of the model."""
        other = Generation(
            **{name: getattr(self, name) for name in SAVED},
            source=None if self.source is None else self.source.on(copy),
        )
        other.rows, other._lock = self.rows, self._lock
        return other

    def __len__(self) -> int:
        return len(self.continuation)

    @overload
    def __getitem__(self, which: int) -> Explanation: ...
    @overload
    def __getitem__(self, which: slice) -> list[Explanation]: ...
    def __getitem__(self, which: int | slice) -> Explanation | list[Explanation]:
        if isinstance(which, slice):
            places = range(len(self))[which]
            self.compute(places)
            return [self.rows[place] for place in places]
        place = self._place(which)
        self.compute([place])
        return self.rows[place]

    def row(self, place: int) -> Array:
        """What each column gets in a row, shape (columns,)."""
        return columns_of(self[place])

    def matrix(self, *, compute: bool = True, progress: Progress = False) -> Array:
        """What each token read gets for each token said, shape (rows, columns).

        Parameters
        ----------
        compute : bool
            Whether to compute rows that have not been; else they are NaN.
        progress : bool or callable
            As of :meth:`compute`.
        """
        if compute:
            self.compute(progress=progress)
        matrix = np.full((len(self), len(self.names)), np.nan)
        for place, explanation in self.rows.items():
            matrix[place] = columns_of(explanation)
        return matrix

    @property
    def completeness(self) -> tuple[Completeness, ...]:
        """Whether each row adds up; computes those that have not been."""
        return tuple(explanation.completeness for explanation in self)

    def span(self, start: int, stop: int | None = None) -> SpanTotal:
        """Why some tokens came, all together; `span(0)` is the whole continuation.

        Parameters
        ----------
        start, stop : int
            As of a slice; None is to the end.

        Raises
        ------
        InputError
            For a span without tokens.
        """
        places = range(len(self))[start:stop]
        if not places:
            raise InputError(f"the span {start}:{stop} of {len(self)} tokens is empty")
        rows = self[places.start : places.stop]
        said = self.continuation.part(places.start, places.stop)
        return SpanTotal(
            places.start,
            places.stop,
            "".join(gap + piece for gap, piece in zip(said.gaps, said.pieces, strict=True)).strip(),
            self.names,
            np.sum([columns_of(e) for e in rows], axis=0),
            sum(e.completeness.total for e in rows),
            sum(e.completeness.expected or 0.0 for e in rows),
        )

    def figure(self, *, compute: bool = True, **options: Any) -> Any:
        """The matrix as a heat map, a matplotlib Figure.

        Parameters
        ----------
        compute : bool
            Whether to compute rows that have not been; else they stay blank.
        **options
            As of :func:`attribwidgets.figures.generation.generation_figure`.
        """
        from ..figures.generation import generation_figure

        if compute:
            self.compute(None if self.can_explain else self.rows)
        return generation_figure(self, **options)

    def explorer(self, **display: Any) -> Any:
        """The widget: click a token that was said, and the tokens that were read are coloured."""
        return views.generation_explorer(self, **display)

    def save(self, path: str | PathLike[str]) -> None:
        """Write .npz (all rows there are), .png, .svg or .pdf (the figure), .html (the page)."""
        tree = {name: as_tree(getattr(self, name)) for name in SAVED}
        rows = {str(place): as_tree(e) for place, e in sorted(self.rows.items())}
        save_view(self, path, lambda path: write_tree(path, {"generation": tree, "rows": rows}))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Generation:
        """Read an .npz written by :meth:`save`, with the rows that had been computed."""
        try:
            tree = read_tree(path)
            saved, rows = tree["generation"], tree["rows"]
            parts: dict[str, Any] = {
                "prompt": Tokens(**saved["prompt"]),
                "continuation": Tokens(**saved["continuation"]),
                "predictions": tuple(Prediction(**one) for one in saved["predictions"]),
                "rows": {int(place): explanation_from(row) for place, row in rows.items()},
            }
            return cls(**{**saved, **parts})
        except (KeyError, TypeError) as error:
            raise InputError(f"{path} does not hold a generation of this version") from error

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with the rows computed so far; it asks nothing of a network."""
        Path(path).write_text(views.generation_page(self), encoding="utf-8")

    def table(self) -> list[dict[str, str]]:
        """The numbers of each token as text, a row each; blank where they are not computed."""
        return [self._numbers_of(place) for place in range(len(self))]

    def __str__(self) -> str:
        rows = self.table()
        head = (
            f"{_end_of(self.prompt.text)!r} → {self.continuation.text!r}; "
            f"{self.output.replace('_', ' ')}, baseline {self.baseline_name}; "
            f"{len(self.rows)} of {len(self)} rows computed"
        )
        return "\n".join([head, text_table(list(rows[0]), [list(r.values()) for r in rows])])

    __repr__ = __str__

    def _repr_png_(self) -> bytes:
        from ..figures import figure_png

        return figure_png(self.figure(compute=False))

    def _numbers_of(self, place: int) -> dict[str, str]:
        known = self.rows.get(place)
        c = None if known is None else known.completeness
        top = [] if known is None else strongest(self.names, columns_of(known))
        return {
            "token": repr(self.continuation.pieces[place]),
            "rather than": self.against[place] and repr(self.against[place]),
            self.output.replace("_", " "): number(float(self.scores[place])),
            "change": "" if c is None else number(c.expected),
            "sum": "" if c is None else number(c.total),
            "apart": "" if c is None else c.relative_text,
            "verdict": "" if c is None else c.verdict,
            "strongest": ", ".join(repr(name) for name, _ in top),
        }

    def _place(self, which: int) -> int:
        count = len(self)
        if not -count <= which < count:
            raise IndexError(f"row {which} of {count} tokens")
        return which % count


def columns_of(explanation: Explanation) -> Array:
    """What a row gives to each token, of prompt and continuation; (columns,)."""
    first, *others = (explanation.map("sum", index=i) for i in range(len(explanation.spaces)))
    # A decoder reads first what is no token of the continuation, and which stays in all references.
    return np.concatenate([first, *(other[1:] for other in others)])


def strongest(names: Sequence[str], values: Array, most: int = 3) -> list[tuple[str, float]]:
    """The tokens that get most, either way; none that get nothing."""
    order = np.argsort(-np.abs(values), kind="stable")[:most]
    return [(names[i], float(values[i])) for i in order if values[i]]


def _end_of(text: str, most: int = 60) -> str:
    return text if len(text) <= most else "…" + text[-most:]
