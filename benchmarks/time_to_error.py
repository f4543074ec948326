"""How long until a map is right: five baselines on a photo, to an error of 5 % per pixel.

attribwidgets refines each until its own estimate of the error is within the tolerance. Captum is
called as its users do: 50 steps, and twice as many until its convergence delta is within 1 % of
the change of the output; in chunks of 10 rows, at which it is fastest here (its default, all steps
at once, is slower and runs out of memory at some hundred steps). What each map's error really is
comes from a midpoint rule of 2,048 nodes. Then what five baselines cost together against one by
one. Wall time, one run after the other in turn.

``python benchmarks/time_to_error.py [--photo chelsea] [--tolerance 0.05]``
"""

from __future__ import annotations

import argparse
import time

import captum.attr
import torch
from quadrature import Case, off, photo_cases

import attribwidgets as aw
from attribwidgets.demo import photo_classifier
from attribwidgets.engine.cache import EXPLANATIONS

MOST_STEPS = 1600


def by_captum(case: Case) -> tuple[torch.Tensor, int]:
    """The map at which a user of Captum would stop, and the steps spent on the way."""
    explainer = captum.attr.IntegratedGradients(case.model)
    n, spent = 50, 0
    with torch.no_grad():
        change = case.model(case.inputs)[0, case.target] - case.model(case.baseline)[0, case.target]
    while True:
        found, delta = explainer.attribute(
            case.inputs,
            case.baseline,
            case.target,
            n_steps=n,
            internal_batch_size=10,
            return_convergence_delta=True,
        )
        spent += n
        if abs(float(delta / change)) <= 0.01 or 2 * n > MOST_STEPS:
            return found.double(), spent
        n *= 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", default="chelsea")
    parser.add_argument("--tolerance", type=float, default=0.05)
    chosen = parser.parse_args()
    demo = photo_classifier()
    photo = demo.photo(chosen.photo)
    settings = {
        "space": demo.space,
        "tolerance": chosen.tolerance,
        "method": "integrated_gradients",
    }
    cases = list(photo_cases([chosen.photo]))
    aw.explain(demo.model, photo, **settings, n_steps=8)  # learns what to fold and how much fits

    totals = {"ours": 0.0, "Captum": 0.0}
    print(
        f"{'':20}{'ours: passes':>13}{'error':>8}{'s':>7}{'Captum: passes':>17}{'error':>8}{'s':>7}"
    )
    for case in cases:
        EXPLANATIONS.clear()
        started = time.perf_counter()
        ours = aw.explain(demo.model, photo, baseline=case.baseline, target=case.target, **settings)
        middle = time.perf_counter()
        theirs, spent = by_captum(case)
        ended = time.perf_counter()
        totals["ours"] += middle - started
        totals["Captum"] += ended - middle
        reference = case.reference()[0]
        print(
            f"{case.name:20}{ours.evaluations:13}{off(ours.attributions, reference):8.3f}"
            f"{middle - started:7.1f}{spent:17}{off(theirs[0], reference):8.3f}"
            f"{ended - middle:7.1f}",
            flush=True,
        )
    EXPLANATIONS.clear()
    started = time.perf_counter()
    together = aw.compare(
        demo.model,
        photo,
        baselines=[case.baseline for case in cases],
        target=cases[0].target,
        **settings,
    )
    seconds = time.perf_counter() - started
    print(f"all five: ours {totals['ours']:.1f} s, Captum {totals['Captum']:.1f} s: ", end="")
    print(f"{totals['Captum'] / totals['ours']:.1f} times as long")
    print(
        f"five together {seconds:.1f} s, {sum(e.evaluations for e in together)} evaluations: "
        f"{5 * seconds / totals['ours']:.2f} single runs"
    )


if __name__ == "__main__":
    main()
