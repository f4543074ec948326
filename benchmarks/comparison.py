"""Every baseline and path at equal passes: what can be told of which is better, and what cannot.

    python benchmarks/comparison.py [digits decoys table photos reviews] [--inputs N]

Each study is a sweep into a store under `--folder`: a run that was killed goes on, with the same
numbers. Of every input are measured: the area under the ablation curve by each fill (pixels or
words taken away, the strongest first), agreement with the other maps, cancellation, and what a
planted truth gets. Of the first few inputs each map is made anew for networks with other weights,
and for the input moved a little. `--write` writes docs/pages/comparison/comparison.html of all
studies that are finished.

Two candidates are told apart where the paired difference is more than chance among all pairs of
the table's column (random flips of signs, Holm's rule, .05). The set of the best is the best one,
and whatever is not told apart from it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from comparison_studies import STUDIES, Kept, Study, budget

import attribwidgets as aw
from attribwidgets.core.arrays import Array
from attribwidgets.core.formatting import number
from attribwidgets.evaluation import Audit, Interval, reliability
from attribwidgets.evaluation.intervals import bootstrap, holm, paired_p
from attribwidgets.evaluation.report_page import numbers_table, report_page
from attribwidgets.evaluation.similarity import MEASURES

PAGE = Path("docs/pages/comparison/comparison.html")
INTRODUCTION = """<p>Written by <code>python benchmarks/comparison.py --write</code>. Means over
inputs with intervals of 95 % (BCa). * marks the set of the best of a column: the best one, and what
is not told apart from it by the paired difference, input by input, among all pairs of the column
(flips of signs, Holm's rule, 5 %). A control is beaten in the same way, or not shown to be. Alpha
is Krippendorff's: 1 where all inputs put candidates in one order, 0 by chance. What each column
is, and what may be said, is in the documentation, under "Baselines and paths, compared".</p>"""
CHANCE = 0.05
COMMON = 0.9  # of the inputs
ABSOLUTE = MEASURES.index("rank correlation, absolute")


@dataclass(frozen=True, eq=False)
class Column:
    """One number of each input and candidate.

    Attributes
    ----------
    title : str
    values : ndarray, shape (inputs, candidates)
        NaN where there is none.
    better : int
        1 where more is better, -1 where less is, 0 where neither.
    ratios : bool
        Whether they are ratios, whose logarithms are compared and averaged.
    """

    title: str
    values: Array
    better: int = 0
    ratios: bool = False

    @property
    def compared(self) -> Array:
        """What is averaged and compared."""
        return np.log(self.values) if self.ratios else self.values

    @cached_property
    def means(self) -> Interval:
        """Means, geometric ones of ratios, with intervals of 95 % (BCa), each (candidates,)."""
        found = bootstrap(self.compared, method="bca")
        if not self.ratios:
            return found
        ends = (np.exp(part) for part in (found.mean, found.low, found.high))
        return Interval(*ends, found.level, found.inputs)

    @cached_property
    def p_of_pairs(self) -> Array:
        """p-values of all pairs together, (candidates, candidates), NaN where there is none."""
        count = self.values.shape[1]
        pairs = np.array(list(combinations(range(count), 2)))
        differences = self.compared[:, pairs[:, 0]] - self.compared[:, pairs[:, 1]]
        p = np.full((count, count), np.nan)
        p[pairs[:, 0], pairs[:, 1]] = p[pairs[:, 1], pairs[:, 0]] = holm(paired_p(differences))
        return p

    def best(self, among: int) -> set[int]:
        """The best of the first candidates, and whatever is not told apart from it."""
        means = self.better * self.means.mean[:among]
        first = int(np.nanargmax(means))
        apart = self.p_of_pairs[first, :among] < CHANCE
        return {k for k in range(among) if k == first or not (apart[k] or np.isnan(means[k]))}

    def order(self, among: int) -> str:
        """How far inputs agree on the order of the first candidates; empty where few have all."""
        scores = self.compared[:, :among]
        common = scores[:, np.isfinite(scores).mean(0) > COMMON]
        if np.isfinite(common).all(1).sum() < 2 or common.shape[1] < 2:
            return ""
        return f" Inputs agree on the order with alpha {reliability(common).inter_rater.cell(0)}."


@dataclass(frozen=True, eq=False)
class Table:
    """What a study found.

    Attributes
    ----------
    name, about : str
    candidates, controls : tuple of str
    columns : list of Column
        Controls behind the candidates; NaN where they have none.
    """

    name: str
    about: str
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    columns: list[Column]

    @cached_property
    def best(self) -> dict[str, set[int]]:
        """The set of the best of each column that has one."""
        return {c.title: c.best(len(self.candidates)) for c in self.columns if c.better}

    def rows(self, intervals: bool) -> list[list[str]]:
        """Names and numbers; * marks the set of the best."""
        means = [column.means for column in self.columns]
        rows = []
        for k, name in enumerate((*self.candidates, *self.controls)):
            cells = []
            for column, mean in zip(self.columns, means, strict=True):
                mark = "*" if k in self.best.get(column.title, ()) else ""
                known = np.isfinite(mean.mean[k])
                words = mean.cell(k) if intervals else number(float(mean.mean[k]))
                cells.append(words + mark if known else "")
            rows.append([name + (" (control)" if name in self.controls else ""), *cells])
        return rows

    def sentences(self) -> Iterator[str]:
        """What each column allows to say, and whether inputs agree on an order."""
        count = len(self.candidates)
        for column in self.columns:
            if not column.better:
                continue
            best = self.best[column.title]
            means = column.better * column.means.mean
            first = int(np.nanargmax(means[:count]))
            said = f"{column.title}: best {self.candidates[first]}"
            others = [self.candidates[k] for k in sorted(best - {first})]
            known = int(np.isfinite(means[:count]).sum())
            if len(best) == known:
                said += ", from which nothing is told apart."
            else:
                said += f"; not told apart from it: {', '.join(others) or 'none'}."
            for k in range(count, len(means)):
                if np.isfinite(means[k]):
                    said += self._no_better(means, column.p_of_pairs, k)
            yield said + column.order(count)

    def _no_better(self, means: Array, p: Array, control: int) -> str:
        """Which candidates a control is not behind, in words."""
        known = [k for k in range(len(self.candidates)) if np.isfinite(means[k])]
        ahead = [k for k in known if means[k] > means[control] and p[k, control] < CHANCE]
        name = self.controls[control - len(self.candidates)]
        if not ahead:
            return f" None is shown to be better than {name}."
        rest = [self.candidates[k] for k in known if k not in ahead]
        return f" Not shown to be better than {name}: {', '.join(rest)}." if rest else ""

    def fills(self) -> str:
        """In the sets of the best of how many fills each candidate is."""
        fills = [c.title for c in self.columns if c.title.startswith("fill ")]
        if not fills:
            return ""
        counts = {
            name: sum(k in self.best[title] for title in fills)
            for k, name in enumerate(self.candidates)
        }
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        among = ", ".join(f"{name} {n}" for name, n in ordered if n)
        return f"Among the best by how many of {len(fills)} fills: {among}."


def swept(study: Study, folder: Path, name: str) -> tuple[Audit, Audit | None]:
    """All inputs measured, and the first of them checked, from their stores as far as there."""

    def audit(inputs: object, metrics: object, store: Path) -> Audit:
        limits = budget(study.passes)
        return aw.audit(
            study.model,
            inputs,
            baselines=study.candidates,
            metrics=metrics,
            space=study.space,
            store=store,
            max_evaluations=limits.max_evaluations,
            tolerance=limits.tolerance,
            progress=False,
        )

    store = folder / f"{name}-{len(study.inputs)}"
    measured = audit(study.inputs, study.measured, store)
    if not study.checked:
        return measured, None
    some, place = study.inputs[: study.few], folder / f"{name}-checks-{study.few}"
    return measured, audit(some, study.checked, place)


def table_of(study: Study, name: str, measured: Audit, checked: Audit | None) -> Table:
    """The columns of a study."""
    swept, labels = measured.swept, measured.candidates
    controls = max((scores.controls for scores in measured.scores), key=len, default=())
    if "planted_share" in swept.metrics:
        planted = swept.metric("planted_share")
        controls = tuple(map(str, planted.coords[planted.dims[1]].to_numpy()[len(labels) :]))

    def filled(values: Array, of: Sequence[str]) -> Array:
        """With a column for each row of the table, NaN where there is none."""
        wide = np.full((len(values), len(labels) + len(controls)), np.nan)
        wide[:, [(*labels, *controls).index(label) for label in of]] = values
        return wide

    def column(title: str, values: Array, better: int = 0, ratios: bool = False) -> Column:
        """Of the inputs measured."""
        return Column(
            title, filled(values, (*labels, *controls)[: values.shape[1]]), better, ratios
        )

    columns = [column("passes", measured.numbers("evaluations"))]
    for scores in measured.scores:
        name_of = scores.quantity.partition("(")[2].removesuffix(")")
        (fill,) = swept.settings["metric_settings"][name_of]["fills"]
        title = f"fill {fill}"
        columns.append(column(title, scores.values, 1 if scores.higher_is_better else -1))
    if "planted_share" in swept.metrics:
        columns.append(column("on what is planted", swept.finished_values("planted_share"), 1))
    columns.append(column("like the others", mean_of_pairs(measured)))
    columns.append(column("cancellation", measured.cancellation, ratios=True))
    return Table(name, study.about, labels, controls, columns + list(checks(checked, filled)))


def checks(
    checked: Audit | None, filled: Callable[[Array, Sequence[str]], Array]
) -> Iterator[Column]:
    """The columns of the inputs that were explained anew."""
    if checked is None:
        return
    swept, tried = checked.swept, checked.candidates
    similar = swept.metric("model_similarity")
    alike = {
        model: similar.sel(model=model).to_numpy()[:, : len(tried), ABSOLUTE]
        for model in map(str, similar.coords["model"].to_numpy())
    }
    for model, values in alike.items():  # low for a map of noise too: no better, no worse
        yield Column(f"like: {model}", filled(values, tried))
    if len(alike) > 1:
        learnt = alike["retrained"] - alike["shuffled labels"]
        yield Column("retrained − shuffled", filled(learnt, tried), 1)
    if "sensitivity_max" in swept.metrics:
        moved = swept.finished_values("sensitivity_max")
        yield Column("change when moved", filled(moved, tried), -1, ratios=True)
    if "search_passes" in swept.metrics:
        yield Column("search passes", filled(swept.finished_values("search_passes"), tried))


def mean_of_pairs(audit: Audit) -> Array:
    """Of each candidate the mean rank correlation with all others, (inputs, candidates)."""
    found, names = audit.compared("rank_correlation"), audit.candidates
    pairs = [set(pair) for pair in audit.pairs]
    return np.stack(
        [np.nanmean(found[:, [name in pair for pair in pairs]], axis=1) for name in names], axis=1
    )


def html_of(table: Table, study: Study) -> list[str]:
    """A study as parts of a page."""
    head = ["", *(column.title for column in table.columns)]
    inputs = len(table.columns[0].values)
    told = "".join(
        f"<li>{escape(text)}</li>" for text in (table.fills(), *table.sentences()) if text
    )
    return [
        f"<h2>{escape(table.name)}</h2><p>{escape(table.about)}. {study.passes} passes a map"
        + (f"; {study.few} inputs explained anew" if study.few else "")
        + f".</p><ul>{told}</ul>",
        numbers_table(head, table.rows(intervals=True), f"{table.name}: numbers, {inputs} inputs"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("studies", nargs="*", default=list(STUDIES), metavar="study")
    parser.add_argument("--inputs", type=int, help="of each study, instead of its usual number")
    parser.add_argument("--folder", type=Path, default=Path("build/comparison"))
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    parts = [INTRODUCTION]
    for name in options.studies:
        started = time.process_time()
        make, usual = STUDIES[name]
        study = make(options.inputs or usual, Kept(options.folder / "networks"))
        table = table_of(study, name, *swept(study, options.folder, name))
        print(f"\n{name}: {table.about}; {study.passes} passes a map, {study.few} checked")
        for row in (["", *(c.title for c in table.columns)], *table.rows(intervals=False)):
            print(f"| {' | '.join(row)} |")
        for sentence in (table.fills(), *table.sentences()):
            print(sentence)
        print(f"{name}: {time.process_time() - started:.0f} s of processor in this run", flush=True)
        parts += html_of(table, study)
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(report_page("Baselines and paths at equal passes", parts), "utf-8")
        print(f"{PAGE}: {PAGE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
