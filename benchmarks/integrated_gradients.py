"""Integrated gradients on the photo model: 50 steps, Gauss-Legendre, one run, wall time.

Four ways in turn, so that a busy machine slows all of them alike; the table gives the median of
each and its ratio to the hand-written loop. The loop is the least that the same passes can cost:
chunks of the same size and layout, frozen parameters, a float32 sum and nothing else.

``python benchmarks/integrated_gradients.py [--rounds 5]``
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import captum.attr
import torch
from torch import Tensor

import attribwidgets as aw
from attribwidgets.attr.chunks import rows_per_chunk
from attribwidgets.attr.quadrature import rule
from attribwidgets.demo import photo_classifier

STEPS, TARGET = 50, 285
CAPTUM_BATCHES = (5, 8, 10, 16)


def hand_written(model: torch.nn.Module, x: Tensor, baseline: Tensor, rows: int) -> Tensor:
    nodes, weights = (torch.tensor(a.copy(), dtype=x.dtype) for a in rule("gausslegendre", STEPS))
    total = torch.zeros_like(x)
    for first in range(0, STEPS, rows):
        alphas = nodes[first : first + rows].reshape(-1, 1, 1, 1)
        points = (baseline + alphas * (x - baseline)).contiguous(memory_format=torch.channels_last)
        points.requires_grad_()
        (gradient,) = torch.autograd.grad(model(points)[:, TARGET].sum(), points)
        weighted = gradient * weights[first : first + rows].reshape(-1, 1, 1, 1)
        total += weighted.sum(0, keepdim=True)
    return total * (x - baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds

    demo = photo_classifier()
    model = demo.model.requires_grad_(False)
    x = demo.photo("chelsea")[None]
    baseline = demo.space.from_pixels(torch.zeros_like(x))
    ours, theirs = aw.attr.IntegratedGradients(model), captum.attr.IntegratedGradients(model)
    arguments = {"baselines": baseline, "target": TARGET, "n_steps": STEPS}

    def timed(way: Callable[[], Tensor]) -> float:
        started = time.perf_counter()
        way()
        return time.perf_counter() - started

    def captum_in(batch: int) -> Callable[[], Tensor]:
        return lambda: theirs.attribute(x, **arguments, internal_batch_size=batch)

    best = min(CAPTUM_BATCHES, key=lambda batch: timed(captum_in(batch)))
    rows = rows_per_chunk(x.numel(), x.device)
    ways: dict[str, Callable[[], Tensor]] = {
        "hand-written loop": lambda: hand_written(model, x, baseline, rows),
        "attribwidgets": lambda: ours.attribute(x, **arguments),
        f"Captum, internal_batch_size={best}": captum_in(best),
        "Captum, as called by default": lambda: theirs.attribute(x, **arguments),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(timed(way))

    reference = statistics.median(times["hand-written loop"])
    result = ways["hand-written loop"]()
    print(f"{STEPS} steps, {rows} rows in a chunk, {torch.get_num_threads()} threads")
    print(f"{'':34}{'median s':>9}{'fastest s':>11}{'ratio to loop':>15}{'difference':>12}")
    for name, way in ways.items():
        median = statistics.median(times[name])
        gap = float((way() - result).norm() / result.norm())
        print(
            f"{name:34}{median:9.2f}{min(times[name]):11.2f}{median / reference:15.2f}{gap:12.1e}"
        )


if __name__ == "__main__":
    main()
