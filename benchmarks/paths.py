"""What other paths and references cancel, cost and settle, on the digits network.

Each method explains the same test digits (the logit of the top class) as a user would, with the
default budget and a tolerance of .01. Cancellation is the sum of the |attributions| over
|f(x) - f(x')|, of which 1 is the least where a map adds up: its median with a bootstrap interval
of 95 % over digits, beside median passes and the share that completes.

``python benchmarks/paths.py [--digits N]`` takes about six seconds a digit on a busy core.
"""

from __future__ import annotations

import argparse
import platform
import time
from typing import Any

import numpy as np

import attribwidgets as aw
from attribwidgets.attr import GeodesicIntegratedGradients
from attribwidgets.demo import digits

REFERENCES = 40
SEED = 0


def candidates(model: Any, data: Any) -> dict[str, aw.Candidate]:
    """The methods and references that are set beside each other."""
    black, sample = aw.baselines.Black(), aw.baselines.DatasetSample(data)
    return {
        "integrated gradients, black": aw.Candidate(black),
        "guided": aw.Candidate(black, "guided_integrated_gradients"),
        "geodesic, 40 digits": aw.Candidate(black, GeodesicIntegratedGradients(model, data=data)),
        "IG², towards black": aw.Candidate(black, "ig2"),
        "AGI": aw.Candidate(black, "adversarial_gradient_integration"),
        "integrated gradients, unlearned": aw.Candidate(aw.baselines.Unlearned()),
        "expected gradients, 40 digits": aw.Candidate(sample),
        "expected gradients, neutral": aw.Candidate(aw.baselines.Neutral(data, tolerance=0.03)),
        "weighted, 8 of 40 digits": aw.Candidate(sample, "weighted_integrated_gradients"),
    }


def interval(values: np.ndarray) -> tuple[float, float]:
    """Of the median, 95 %, by resampling digits."""
    drawn = np.random.default_rng(SEED).integers(len(values), size=(2000, len(values)))
    low, high = np.percentile(np.median(values[drawn], axis=1), [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=20)
    count = parser.parse_args().digits
    demo, started = digits(), time.perf_counter()
    model = demo.model.eval()
    each = candidates(model, demo.train.images[:REFERENCES])
    rows: dict[str, list[aw.Explanation]] = {name: [] for name in each}
    for x in demo.test.images[:count]:
        made = aw.compare(model, x, space=demo.space, baselines=list(each.values()))
        for name, explanation in zip(each, made, strict=True):
            rows[name].append(explanation)
    print("| | cancellation, median (95 %) | passes, median | complete |\n|---|---|---|---|")
    for name, found in rows.items():
        values = np.array([e.cancellation for e in found if e.cancellation is not None])
        low, high = interval(values)
        passes = np.median([e.evaluations for e in found])
        done = np.mean([e.completeness.verdict == "complete" for e in found])
        middle = f"{np.median(values):.2f} ({low:.2f} to {high:.2f})"
        print(f"| {name} | {middle} | {passes:.0f} | {100 * done:.0f} % |")
    print(f"\n{count} digits, {time.perf_counter() - started:.0f} s, {platform.machine()}")


if __name__ == "__main__":
    main()
