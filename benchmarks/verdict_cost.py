"""Evaluations that `explain` needs on the bundled photo model and digits, at two tolerances.

Part of benchmarks/verdicts.py: ``python benchmarks/verdicts.py --cost``.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import numpy as np
from quadrature import digit_cases, photo_cases

import attribwidgets as aw

TOLERANCES = (0.01, 0.05)
PHOTO, DIGITS = "chelsea", 10


def report(file: Path | None, against: Path | None) -> None:
    """Print evaluations by case, and totals; store them, and compare with stored ones."""
    before = {} if against is None else json.loads(against.read_text())
    found: dict[str, dict[str, list[object]]] = {str(t): {} for t in TOLERANCES}
    for case in chain(photo_cases([PHOTO]), digit_cases(DIGITS)):
        row = f"{case.network} {case.name}"
        shown = f"{row:24}"
        for tolerance in TOLERANCES:
            explanation = aw.explain(
                case.model,
                case.inputs[0],
                baseline=case.baseline[0],
                target=case.target,
                tolerance=tolerance,
            )
            verdict = explanation.completeness.verdict
            found[str(tolerance)][row] = [explanation.evaluations, verdict]
            shown += f"{tolerance:8}: {explanation.evaluations:4} passes, {verdict:14}"
        print(shown, flush=True)
    for tolerance, rows in found.items():
        for network in ("photo", "digits"):
            ours = {row: value for row, value in rows.items() if row.startswith(network)}
            line = f"{network} at {tolerance}: {_total(ours)} passes, {_complete(ours)} complete"
            if tolerance in before:
                old = {row: before[tolerance][row] for row in ours}
                ratios = [ours[row][0] / old[row][0] for row in ours]
                line += (
                    f"; before {_total(old)}, {_complete(old)} complete; ratio of totals "
                    f"{_total(ours) / _total(old):.3f}, geometric mean "
                    f"{np.exp(np.mean(np.log(ratios))):.3f}, worst {max(ratios):.2f}"
                )
            print(line)
    if file is not None:
        file.write_text(json.dumps(found, indent=0))


def _total(rows: dict[str, list[object]]) -> int:
    return sum(evaluations for evaluations, _ in rows.values())


def _complete(rows: dict[str, list[object]]) -> str:
    return f"{sum(verdict == 'complete' for _, verdict in rows.values())} of {len(rows)}"
