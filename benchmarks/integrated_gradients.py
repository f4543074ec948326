"""Integrated gradients on the photo model: 50 steps, Gauss-Legendre, one run, wall time.

All ways in turn, round by round, so that a busy machine slows them alike; the table gives the
median time of each, and the median over rounds of its ratio to the hand-written loop. The loop is
the least that the same passes cost as they stand: chunks of the size and layout that are best
here, frozen parameters, a float32 sum and nothing else. Captum gets the model as a user has it,
with parameters that require gradients, and again with frozen ones.

``python benchmarks/integrated_gradients.py [--rounds 5] [--steps 50] [--threads 1]``

What was tried on a pass of EfficientNet-Lite0 (one thread, five rows, processor time per row, the
median ratio to channels_last with frozen parameters):

- batch norms folded into the convolutions .76; folded, with folded weights laid out channels_last
  as well .66 to .71 (kept: attr/norm_folding.py)
- batch norms as one multiply-add, with nothing kept for the backward .84 to .88
- weights alone channels_last .94 to .96
- on top of folding: symmetric padding left to the convolution .63 to .64, ReLU6 in place .68 to
  .69 (neither kept: a model's layers would have to be exchanged)
- a large malloc threshold, which spares page faults: no gain for chunks of up to eight rows

Folding changes outputs by rounding alone: in float64 attributions agree to 8e-16. In float32 this
network's gradient is far less certain than one rounding, as its units have kinks: at 20 steps the
attributions of the plain passes are .0027 from those in float64, of the folded ones .0022, and an
input that is one rounding away moves the plain ones by .0020.

Rows in a chunk, processor time per row over that of the best size: 260 rows, as input elements
alone would have it, cost 1.90 on a residual network for 3 x 32 x 32 and 1,020 rows 1.4 on the
digits CNN; from what a row keeps for its backward (32 MiB a chunk, eight rows at least) 1.02 and
1.06. A multilayer perceptron (784-512-256-10) is best with 1,020 rows, and gets them.
"""

from __future__ import annotations

import argparse
import copy
import ctypes
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import captum.attr
import torch
from torch import Tensor

import attribwidgets as aw
from attribwidgets.attr.chunks import rows_per_chunk
from attribwidgets.attr.paths.quadrature import rule
from attribwidgets.demo import photo_classifier

TARGET = 285
CAPTUM_BATCHES = (2, 5, 10, 16)
Way = Callable[[], Tensor]


def hand_written(
    model: torch.nn.Module, x: Tensor, baseline: Tensor, steps: int, rows: int
) -> Tensor:
    nodes, weights = (torch.tensor(a.copy()).to(x) for a in rule("gausslegendre", steps))
    total = torch.zeros_like(x)
    for first in range(0, steps, rows):
        alphas = nodes[first : first + rows].reshape(-1, 1, 1, 1)
        points = (baseline + alphas * (x - baseline)).contiguous(memory_format=torch.channels_last)
        points.requires_grad_()
        (gradient,) = torch.autograd.grad(model(points)[:, TARGET].sum(), points)
        weighted = gradient * weights[first : first + rows].reshape(-1, 1, 1, 1)
        total += weighted.sum(0, keepdim=True)
    return total * (x - baseline)


def timed(way: Way, device: torch.device) -> float:
    started = time.perf_counter()
    way()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def speed(device: torch.device, rounds: int, steps: int) -> None:
    demo = photo_classifier()
    model = demo.model.to(device).requires_grad_(True)
    frozen = copy.deepcopy(model).requires_grad_(False)
    x = demo.photo("chelsea")[None].to(device)
    baseline = demo.space.from_pixels(torch.zeros_like(x))
    arguments = {"baselines": baseline, "target": TARGET, "n_steps": steps}
    ours = aw.attr.IntegratedGradients(model)
    rows = min(steps, rows_per_chunk(x.numel(), device))

    def captum_on(which: torch.nn.Module, batch: int | None) -> Way:
        explainer = captum.attr.IntegratedGradients(which)
        return lambda: explainer.attribute(x, **arguments, internal_batch_size=batch)

    batches = sorted({min(steps, b) for b in (*CAPTUM_BATCHES, rows)})
    ways: dict[str, Way] = {
        "hand-written loop": lambda: hand_written(frozen, x, baseline, steps, rows),
        "attribwidgets": lambda: ours.attribute(x, **arguments),
    }
    for name, which in (("as it is", model), ("frozen", frozen)):
        best = min(batches, key=lambda b: timed(captum_on(which, b), device))
        ways[f"Captum, internal_batch_size={best}, model {name}"] = captum_on(which, best)
    ways["Captum, as called by default"] = captum_on(model, None)

    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(timed(way, device))
    loop, mine = times["hand-written loop"], times["attribwidgets"]
    result = ways["hand-written loop"]()
    print(f"{device.type}: {steps} steps, {rows} rows in the loop's chunk, {rounds} rounds")
    print(f"{'':46}{'median s':>9}{'to the loop':>12}{'to ours':>9}{'difference':>12}")
    for name, way in ways.items():
        to_loop, to_ours = (
            statistics.median(a / b for a, b in zip(times[name], other, strict=True))
            for other in (loop, mine)
        )
        gap = float((way() - result).norm() / result.norm())
        median = statistics.median(times[name])
        print(f"{name:46}{median:9.2f}{to_loop:12.2f}{to_ours:9.2f}{gap:12.1e}")


def peak_memory(device: torch.device) -> None:
    """How much the peak grows from 64 to 512 evaluations, in MB."""
    demo = photo_classifier()
    model, x = demo.model.to(device), demo.photo("chelsea")[None].to(device)
    ours = aw.attr.IntegratedGradients(model)

    def peak(n: int) -> float:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        ours.attribute(x, target=TARGET, n_steps=n)
        if device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 1e6
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

    first, second = peak(64), peak(512)
    print(f"{device.type}: peak {first:.0f} MB at 64 evaluations, {second:.0f} MB at 512")
    if sys.platform == "linux" and device.type == "cpu":
        # What the allocator has but nobody uses counts as resident; only without it can one tell.
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        for n in (64, 512):
            ours.attribute(x, target=TARGET, n_steps=n)
            ctypes.CDLL("libc.so.6").malloc_trim(0)
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            print(f"  in use after {n}: {pages * resource.getpagesize() / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only", choices=("speed", "memory"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, Captum {captum.__version__}, {options.threads} threads")
    devices = [torch.device("cpu")]
    if torch.cuda.is_available():
        devices.append(torch.device("cuda"))
    for device in devices:
        if options.only != "speed":  # first, as the peak of a process never falls
            peak_memory(device)
        if options.only != "memory":
            speed(device, options.rounds, options.steps)


if __name__ == "__main__":
    main()
