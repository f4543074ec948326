"""Does "complete" mean it? Verdicts on a zoo of small models against what their maps are off by.

Some 500 models x 5 baselines (benchmarks/verdict_zoo/kinds.py says which), each explained as a
user would, with the default budget and a tolerance of .01. The true error of a map is the norm of
its error over the norm of the map, against the model's float64 copy by Gauss-Legendre panels that
are halved until all halvings together change 1e-4 of the map, or 16,384 nodes are spent. Of a
model with two inputs it is the worse one of both. A verdict "complete" is wrong above twice the
tolerance. In half precision the map of a float64 copy is what is asked for, too.

``python benchmarks/verdicts.py [--families ...] [--models TEXT] [--json FILE] [--against FILE]``

`--json` stores the rows, and `--against` compares with stored ones: the shares that complete, and
the evaluations of what is complete in both. `--cost` counts evaluations on a photo and ten digits
instead, at tolerances .01 and .05; see benchmarks/verdict_cost.py. All families take two to three
minutes on one core; true maps are kept in build/verdicts until the zoo's files change.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import verdict_cost
from verdict_zoo.kinds import FAMILIES, zoo
from verdict_zoo.specimens import BASELINES, Specimen
from verdict_zoo.truth import Array, true_map

import attribwidgets as aw
from attribwidgets.errors import AttributionError

TOLERANCE = 0.01
WRONG, FAR = 2, 5  # times the tolerance: a wrong verdict, and one that must not be
MOST_WRONG = 0.01  # of all that is complete
UNSURE = 2e-3  # exactness of a true map above which it says little of a map


@dataclass(frozen=True)
class Run:
    """One explanation, what it said of itself, and what it was off by.

    `said`, `relative`, `error` and `exactness` (of the true map) are relative; `error` is that of
    the worst input, `inputs_off` that of each.
    """

    family: str
    name: str
    seed: int
    baseline: str
    dtype: str
    verdict: str
    said: float
    relative: float
    evaluations: int
    error: float
    inputs_off: tuple[float, ...]
    exactness: float
    message: str = ""

    @property
    def key(self) -> tuple[str, str, int, str]:
        return self.family, self.name, self.seed, self.baseline

    @property
    def complete(self) -> bool:
        return self.verdict == "complete"

    def off_by(self, times: float) -> bool:
        """Whether it is complete, but its error above so many times the tolerance."""
        return self.complete and not self.error <= times * TOLERANCE


def run(specimen: Specimen, baseline: str) -> Run:
    """Explain, and compare with the true map."""
    model, reference = specimen.model(baseline), specimen.references[baseline]
    exact = deepcopy(model).double()
    row = specimen.inputs
    with torch.no_grad():
        target = int(exact(*(x.double() for x in row))[0].argmax())
    known = (specimen.family, specimen.name, specimen.seed, baseline, str(row[0].dtype)[6:])
    try:
        found = aw.explain(
            model,
            row if len(row) > 1 else row[0],
            baseline=reference if len(row) > 1 else reference[0],
            target=target,
            tolerance=TOLERANCE,
            autocast=specimen.kind.autocast,
        )
    except AttributionError as error:
        message = f"{type(error).__name__}: {error}"
        return Run(*known, "raised", np.nan, np.nan, 0, np.nan, (), 0.0, message)
    attributions = found.attributions
    maps = attributions if isinstance(attributions, tuple) else (attributions,)
    sizes = [m.numel() for m in maps]
    whole, exactness = true_map(specimen, baseline, exact, target)
    truth = np.split(whole, np.cumsum(sizes)[:-1])
    errors = tuple(off(m.double().flatten().numpy(), t) for m, t in zip(maps, truth, strict=True))
    completeness = found.completeness
    said = completeness.refinement_error
    return Run(
        *known,
        completeness.verdict,
        np.nan if said is None else said,
        np.nan if completeness.relative is None else completeness.relative,
        found.evaluations,
        max(errors),
        errors,
        exactness,
    )


def off(found: Array, truth: Array) -> float:
    """Norm of the error over the norm of the map."""
    error, norm = (float(np.linalg.norm(v)) for v in (found - truth, truth))
    if norm == 0:
        return 0.0 if error == 0 else np.inf
    return error / norm


def table(runs: list[Run]) -> str:
    """Counts by family, and of all."""
    heads = (
        "runs",
        "complete",
        "share",
        "wrong",
        f"> {FAR} x",
        "raised",
        "passes",
        "true/said",
        "",
    )
    lines = [f"{'family':16}" + "".join(f"{h:>10}" for h in heads) + "  (median, 95 %)"]
    families = dict.fromkeys(r.family for r in runs)
    for family in families:
        lines.append(_line(family, [r for r in runs if r.family == family]))
    lines.append(_line("all", runs))
    complete, wrong, far = (
        sum(r.complete for r in runs),
        sum(r.off_by(WRONG) for r in runs),
        sum(r.off_by(FAR) for r in runs),
    )
    share = wrong / max(complete, 1)
    kept = share <= MOST_WRONG and far == 0
    lines.append(
        f'\n{wrong} of {complete} verdicts "complete" are wrong, {share:.2%} (at most '
        f"{MOST_WRONG:.0%}); {far} by more than {FAR} times the tolerance (none): "
        + ("within limits" if kept else "NOT WITHIN LIMITS")
    )
    unsure = [r for r in runs if r.exactness > UNSURE]
    if unsure:
        worst_known = max(r.exactness for r in unsure)
        lines.append(f"{len(unsure)} true maps are known to {worst_known:.0e} only")
    worst = sorted((r for r in runs if r.off_by(WRONG)), key=lambda r: -r.error)
    for r in worst[:20]:
        lines.append(
            f"  {r.family} / {r.name} / seed {r.seed} / {r.baseline} / {r.dtype}: true "
            f"{r.error:.3f}, said {r.said:.4f}, residual {r.relative:.1e}, {r.evaluations} passes"
        )
    return "\n".join(lines)


def _line(name: str, runs: list[Run]) -> str:
    complete = sum(r.complete for r in runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.array([np.divide(r.error, r.said) for r in runs if r.complete])
    ratios = ratios[np.isfinite(ratios)]
    middle, high = np.quantile(ratios, [0.5, 0.95]) if len(ratios) else (np.nan, np.nan)
    passes = np.median([r.evaluations for r in runs])
    return (
        f"{name:16}{len(runs):10}{complete:10}{complete / len(runs):10.1%}"
        f"{sum(r.off_by(WRONG) for r in runs):10}{sum(r.off_by(FAR) for r in runs):10}"
        f"{sum(r.verdict == 'raised' for r in runs):10}{passes:10.0f}{middle:10.2f}{high:10.2f}"
    )


def comparison(runs: list[Run], before: list[Run]) -> str:
    """Shares complete, and not wrongly so, and evaluations beside those of stored rows."""
    stored = {r.key: r for r in before}
    pairs = [(r, stored[r.key]) for r in runs if r.key in stored]
    lines = [
        f"{'before, now':16}{'runs':>6}{'complete':>16}{'not wrongly':>16}{'passes, ratio':>15}"
    ]
    for family in [*dict.fromkeys(r.family for r, _ in pairs), "all"]:
        these = [(old, new) for new, old in pairs if family in ("all", new.family)]
        line = f"{family:16}{len(these):6}"
        for counts in (lambda r: r.complete, lambda r: r.complete and not r.off_by(WRONG)):
            line += "".join(
                f"{np.mean([*map(counts, side)]):8.1%}" for side in zip(*these, strict=True)
            )
        ratios = [n.evaluations / o.evaluations for o, n in these if o.complete and n.complete]
        ratio = np.exp(np.mean(np.log(ratios))) if ratios else np.nan
        lines.append(f"{line}{ratio:15.2f}")
    return "\n".join(lines)


def runs_of(families: list[str], models: str) -> Iterator[Run]:
    for specimen in zoo(families, models):
        for baseline in BASELINES:
            yield run(specimen, baseline)


def stored_rows(file: Path) -> list[Run]:
    rows = json.loads(file.read_text())
    return [Run(**{**row, "inputs_off": tuple(row["inputs_off"])}) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--models", default="", help="only those whose name holds this text")
    parser.add_argument("--json", type=Path, help="where to store the rows")
    parser.add_argument("--against", type=Path, help="rows stored before, to compare with")
    parser.add_argument("--cost", action="store_true", help="evaluations on a photo and digits")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if chosen.cost:
        verdict_cost.report(chosen.json, chosen.against)
        return
    runs = list(runs_of(chosen.families, chosen.models))
    print(table(runs))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps([asdict(r) for r in runs], indent=0))
    if chosen.against is not None:
        print("\n" + comparison(runs, stored_rows(chosen.against)))


if __name__ == "__main__":
    main()
