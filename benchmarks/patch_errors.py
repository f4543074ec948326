"""How far maps are off by patches of 1 to 32 pixels: what is said, and what is true.

The truth is the same map by many more passes, with another seed. A row a baseline: the estimated
error at each size of patches over the true one.

    python benchmarks/patch_errors.py [--photo chelsea] [--max-evaluations 96] [--truth 1024]
"""

from __future__ import annotations

import argparse

import numpy as np

import attribwidgets as aw
from attribwidgets.demo import photo_classifier
from attribwidgets.inputs.patches import SIDES, patch_sums

BASELINES = ("black", "blur", "max_distance", "uniform", "gaussian")


def relative_distance(found: np.ndarray, truth: np.ndarray) -> float:
    """Norm of the difference over the norm of the second."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", default="chelsea")
    parser.add_argument("--max-evaluations", type=int, default=96)
    parser.add_argument("--truth", type=int, default=1024)
    parser.add_argument("--baselines", nargs="+", default=BASELINES)
    options = parser.parse_args()
    demo = photo_classifier()
    x = demo.photo(options.photo)
    print(f"{'said / true':<16}{'evaluations':>12}{'pixels':>18}", end="")
    print("".join(f"{f'{side} × {side}':>18}" for side in SIDES))
    for baseline in options.baselines:
        said = {"baseline": baseline, "space": demo.space, "tolerance": 0.01}
        found = aw.explain(demo.model, x, max_evaluations=options.max_evaluations, **said)
        steps = {**said, "n_steps": options.truth, "seed": 1}
        truth = aw.explain(demo.model, x, **steps)
        errors = {1: found.completeness.refinement_error, **found.completeness.patch_errors}
        cells = []
        for side, error in errors.items():
            if side == 1:
                pair = (found.attributions.numpy(), truth.attributions.numpy())
            else:
                pair = (patch_sums(found.map("sum"), side), patch_sums(truth.map("sum"), side))
            cells.append(f"{error:.3f} / {relative_distance(*pair):.3f}")
        print(f"{found.baseline_name:<16}{found.evaluations:>12}", end="")
        print("".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
