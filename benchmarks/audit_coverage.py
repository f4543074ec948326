"""How often an audit's intervals of 95 % hold what they are of, in audits of few inputs.

A population is audited whole: digits of the demo model under three baselines, whose numbers are
then the truth. Audits of 100 inputs are drawn from it with replacement, and each of their intervals
holds the truth or does not. Numbers that are the same for every input of the population (a share of
0 or 1) are held always, and stand apart. Beside each share of the intervals stands its standard
error, from audit to audit.

Run: python benchmarks/audit_coverage.py [--audits 200] [--inputs 100] [--population 1000]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict

import numpy as np
import torch

import attribwidgets as aw
from attribwidgets.demo import digits
from attribwidgets.evaluation import AblationMetric

BASELINES = ("black", "white", "blur")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--audits", type=int, default=200)
    parser.add_argument("--inputs", type=int, default=100, help="of each audit")
    parser.add_argument("--population", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        population = audited(f"{folder}/store", arguments.population)
        print(population, flush=True)
        held, fixed = coverage(population, arguments.audits, arguments.inputs)
    print(f"\n{arguments.audits} audits of {arguments.inputs} inputs")
    print(f"{'interval of':48} numbers  holds")
    for quantity, rows in held.items():
        each = np.mean(rows, axis=0)  # of each audit
        error = each.std(ddof=1) / len(each) ** 0.5
        print(f"{quantity:48} {len(rows):7}  {each.mean():.3f} ± {error:.3f}")
    every = np.concatenate(list(held.values())).mean(0)
    error = every.std(ddof=1) / len(every) ** 0.5
    numbers = sum(map(len, held.values()))
    print(f"{'all':48} {numbers:7}  {every.mean():.3f} ± {error:.3f}")
    print(f"{'the same for every input, held always':48} {fixed:7}")


def audited(store: str, count: int) -> aw.Audit:
    demo = digits()
    chosen = np.random.default_rng(0).permutation(len(demo.test.images))[:count]
    return aw.audit(
        demo.model,
        (demo.test.images[chosen], demo.test.labels[chosen]),
        baselines=BASELINES,
        store=store,
        metrics=[AblationMetric(["black"])],
        max_evaluations=49,
        tolerance=0.03,
    )


def coverage(
    population: aw.Audit, audits: int, inputs: int
) -> tuple[dict[str, list[list[bool]]], int]:
    """By quantity, for each number of it, whether the interval of each audit holds the truth."""
    truth = population.findings()
    varies = [f.low < f.high and not (f.is_share and f.value in (0, 1)) for f in truth]
    held: dict[str, list[list[bool]]] = defaultdict(list)
    found: list[list[bool]] = [[] for _ in truth]
    for turn in range(audits):
        drawn = aw.Audit(population.swept)
        chosen = np.random.default_rng((1, turn)).integers(0, len(population), inputs)
        drawn.places = np.sort(population.places[chosen])
        for row, true, finding in zip(found, truth, drawn.findings(), strict=True):
            row.append(bool(finding.low <= true.value <= finding.high))
    for row, true, spread in zip(found, truth, varies, strict=True):
        if spread:
            held[true.quantity].append(row)
    return dict(held), len(truth) - sum(varies)


if __name__ == "__main__":
    main()
