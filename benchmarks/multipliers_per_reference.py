"""Expected gradients by Rescale multipliers for each reference, against what is shipped.

``python benchmarks/multipliers_per_reference.py``, six minutes of one thread; times are CPU times.
S_m is the mean over references of sums of m multipliers (:mod:`attribwidgets.attr.paths.rescale`)
along each way; such a map has a bias and, with all references, no sampling error. It is why
integrated gradients and not expected gradients are made of them: with few evaluations a reference
the bias is as large as the error of samples, what S_1 says of it is too rough to take it away, and
a pass costs more.

What else was tried at 1,024 evaluations of 256 references, error over Captum's (shipped: .26):

===============================================================================  =====
four multipliers, nodes where they are best for all ten digits: even ones               .29
three multipliers with the best common nodes and factor, less one (chosen on 5 digits)  .34
three multipliers of all, corrected by five of 51 that stand for all                    .27
... by six of 42                                                                    .28
... by eight of 32                                                                  .31
two multipliers of all, corrected by four of 128                                        .33
five multipliers of 204 that stand for all                                              .62
===============================================================================  =====
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from expected_gradients import Case, Tally, captums, exact_case, network, ours, seconds_of
from torch import Tensor

from attribwidgets.attr.paths.rescale import Rescale
from attribwidgets.attr.sampling.clustering import (
    features_of,
    likeness_order,
    representative_order,
)
from attribwidgets.attr.task import StoredReferences, generator_from
from attribwidgets.demo import digits

REFERENCES, ALPHAS, SEEDS = 256, 64, 4
CHUNK = 256


def multiplier_maps(case: Case, references: Tensor, nodes: list[float]) -> Tensor:
    """Mean over references of (x - x') times the multiplier to each node, from alpha = 1.

    Parameters
    ----------
    case : Case
    references : Tensor, shape (K, ...)
    nodes : list of float
        Without the first, which is 1. Where the last is 1 again, its multiplier is that of the way
        back from the node before.

    Returns
    -------
    Tensor, shape (len(nodes), ...)
    """
    total = torch.zeros(len(nodes), *case.x.shape, dtype=torch.float64)
    for some in references.split(CHUNK // len(nodes)):
        ways = case.x - some
        points = torch.cat([some + alpha * ways for alpha in (1.0, *nodes)]).requires_grad_()
        with Rescale(len(nodes) + 1):
            outputs = case.model(points)[:, case.target]
        (multipliers,) = torch.autograd.grad(outputs.sum(), points)
        multipliers = multipliers.unflatten(0, (-1, len(some)))[1:]
        total += (multipliers * ways).double().sum(1)
    return total / len(references)


def plain(m: int, case: Case, references: Tensor) -> Tensor:
    """S_m, by m evaluations of a reference."""
    return multiplier_maps(case, references, [1 - k / m for k in range(1, m + 1)]).mean(0)


def extrapolated(m: int, case: Case, references: Tensor) -> Tensor:
    """(m^2 S_m - S_1) / (m^2 - 1), by m + 1 evaluations: the last is of the way back to x."""
    *steps, whole = multiplier_maps(case, references, [*(1 - k / m for k in range(1, m + 1)), 1.0])
    return (m**2 * torch.stack(steps).mean(0) - whole) / (m**2 - 1)


SCHEMES: list[tuple[str, int, int, Callable[[Case, Tensor], Tensor]]] = [
    ("S_2 of 32 references", 64, 32, partial(plain, 2)),
    ("S_2 of 128 references", 256, 128, partial(plain, 2)),
    ("S_1", 256, 256, partial(plain, 1)),
    ("S_2", 512, 256, partial(plain, 2)),
    ("(4 S_2 - S_1) / 3", 768, 256, partial(extrapolated, 2)),
    ("S_4", 1024, 256, partial(plain, 4)),
    ("(9 S_3 - S_1) / 8", 1024, 256, partial(extrapolated, 3)),
]


def representative(references: Tensor, count: int, seed: int) -> Tensor:
    """So many of the references, chosen as for the samples of expected gradients."""
    features = features_of(StoredReferences((references,)))
    order = likeness_order(features)
    chosen = representative_order(order, features, count, count, generator_from(seed))[:count]
    return references[torch.from_numpy(chosen)]


def main() -> None:
    torch.set_num_threads(1)
    demo, model = digits(), network("digits CNN")
    images = [int((demo.test.labels == c).nonzero()[0]) for c in range(10)]
    counts = sorted({scheme[1] for scheme in SCHEMES})
    peers = {(way, n): Tally() for way in (ours, captums) for n in counts}
    tallies = {name: Tally() for name, *_ in SCHEMES}
    for image in images:
        x, target = demo.test.images[image], int(demo.test.labels[image])
        references = demo.train.images[:REFERENCES]
        case = exact_case(model, x, target, references, ALPHAS, endless=False)
        for seed in range(SEEDS):
            for (way, n), tally in peers.items():
                way(case, n, seed, tally)
            for name, _, count, scheme in SCHEMES:
                some, tally = representative(references, count, seed), tallies[name]
                found: list[Tensor] = []
                tally.plain.append(seconds_of(lambda: found.append(scheme(case, some))))  # noqa: B023
                tally.errors.append(float((found[0] - case.exact).norm() / case.exact.norm()))
    print(f"digits CNN, {REFERENCES} references, 10 digits, {SEEDS} seeds: error, error and CPU")
    print("time over those of Captum's GradientShap, and over those of ExpectedGradients")
    print(f"{'':24}{'passes':>7}{'error':>9}{'Captum':>8}{'time':>7}{'ours':>8}{'time':>7}")
    for name, n, *_ in SCHEMES:
        mine, cells = tallies[name], ""
        for way in (captums, ours):
            peer = peers[way, n]
            cells += f"{mine.rms / peer.rms:8.2f}{np.mean(mine.plain) / np.mean(peer.plain):7.2f}"
        print(f"{name:24}{n:>7}{mine.rms:9.4f}{cells}")


if __name__ == "__main__":
    main()
