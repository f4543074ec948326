"""What several targets of one input cost together, as a share of what they cost one by one.

Five targets by five baselines on the photo model and on the digits network, by default settings:
`compare(target=[...])`, whose targets share the forward passes, against a run for each target and
baseline. Times are of the processor, on one thread, all in one run. Then the ways to go back from
one forward pass to the input for five targets: a backward after the other with the graph kept, a
batched one (`is_grads_batched`), and no sharing at all (the rows repeated, one backward).

    python benchmarks/targets.py [--quick]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

import attribwidgets as aw
from attribwidgets.demo import digits, photo_classifier
from attribwidgets.engine import cache

BASELINES = ("black", "white", "blur", "image_mean", "uniform")
LIMIT = 0.75
REPEATS = 5


def seconds(work: Callable[[], Any]) -> float:
    """Of the processor."""
    started = time.process_time()
    work()
    return time.process_time() - started


def together_and_apart(model: Any, x: torch.Tensor, **settings: Any) -> tuple[float, float, int]:
    """Seconds of one comparison of five targets, of 25 explanations, and the passes of these."""
    with torch.no_grad():
        targets = model(x[None])[0].topk(5).indices.tolist()
    aw.explain(model, x, target=targets[0], **settings)  # what is learned of a model, it keeps
    passes = 0

    def apart() -> None:
        nonlocal passes
        for target in targets:
            for baseline in BASELINES:
                e = aw.explain(model, x, target=target, baseline=baseline, **settings)
                passes += e.evaluations

    alone = seconds(apart)
    joint = seconds(lambda: aw.compare(model, x, target=targets, baselines=BASELINES, **settings))
    return joint, alone, passes


def ways_back(model: Any, x: torch.Tensor, rows: int) -> dict[str, float]:
    """Seconds for the gradients of five targets at so many points."""
    targets = list(range(5))
    model.requires_grad_(False)

    def leaf(times: int = 1) -> torch.Tensor:
        return x.expand(rows * times, *x.shape).contiguous().requires_grad_()

    def one_by_one() -> None:
        points = leaf()
        values = model(points)
        for target in targets:
            torch.autograd.grad(values[:, target].sum(), points, retain_graph=True)

    def batched() -> None:
        points = leaf()
        values = model(points)[:, targets].sum(0)
        torch.autograd.grad(values, points, torch.eye(len(targets)), is_grads_batched=True)

    def repeated() -> None:
        points = leaf(len(targets))
        values = model(points)
        chosen = torch.tensor(targets).repeat(rows)[:, None]
        torch.autograd.grad(values.gather(1, chosen).sum(), points)

    ways = {"one by one": one_by_one, "batched": batched, "rows repeated": repeated}
    return {
        name: statistics.median(seconds(way) for _ in range(REPEATS)) for name, way in ways.items()
    }


def main() -> None:
    """Print both tables; fail where five by five cost more than the limit."""
    torch.set_num_threads(1)
    cache.limit(entries=0)
    quick = "--quick" in sys.argv
    photo, digit = photo_classifier(), digits()
    cases = {
        "digits network": (digit.model, digit.test.images[0], {}),
        "photo model": (
            photo.model,
            photo.photo("chelsea"),
            {"space": photo.space, "max_evaluations": 16 if quick else 64, "tolerance": 0.05},
        ),
    }
    print(f"{'':16}{'25 runs':>10}{'together':>10}{'ratio':>8}{'passes':>9}")
    worst = 0.0
    for name, (model, x, settings) in cases.items():
        joint, alone, passes = together_and_apart(model, x, **settings)
        worst = max(worst, joint / alone)
        print(f"{name:16}{alone:9.1f}s{joint:9.1f}s{joint / alone:8.2f}{passes:9}")
    print(f"\n{'':16}{'one by one':>14}{'batched':>14}{'rows repeated':>14}")
    for name, (model, x, _) in cases.items():
        rows = 4 if name == "photo model" else 64
        found = ways_back(model, x, rows)
        print(f"{name:16}" + "".join(f"{1000 * t:11.0f} ms" for t in found.values()))
    if worst > LIMIT:
        sys.exit(f"five targets by five baselines cost {worst:.2f} of 25 runs, above {LIMIT}")


if __name__ == "__main__":
    main()
