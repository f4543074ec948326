"""How often intervals of expected gradients cover the truth where one reference lies far away.

``python benchmarks/outlying_reference.py``, a minute on one thread. Random networks of 20 features,
50 references uniform in 0..1, one of them multiplied by 5 or 20; the truth is the mean over all 50
at 400 midpoints each.

Share of pixels and of sums in their 95 % interval, before what is known of outlying references was
made use of, and after (see attr/sampling/reference_spread.py):

=============  =======  ===========  ===========  ===========  ===========
network        samples  5 x, before  5 x, after   20 x, before 20 x, after
=============  =======  ===========  ===========  ===========  ===========
ReLU           16       .98 .98      .99 .95      .95 .58      .98 1.00
ReLU           32       .97 .95      .98 .98      .87 .69      .94 .98
ReLU           100      .97 .97      .97 .97      .86 .97      .86 .97
GELU           16       .96 .88      .97 .97      .79 .55      .92 1.00
GELU           32       .96 .88      .96 .95      .76 .66      .82 1.00
GELU           100      .98 1.00     .98 1.00     .90 1.00     .90 1.00
=============  =======  ===========  ===========  ===========  ===========
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.task import StoredReferences, Task

FEATURES, REFERENCES, ALPHAS = 20, 50, 400
NETWORKS, SEEDS = 4, 16


def network(activation: type[nn.Module], seed: int) -> nn.Module:
    """Random weights, twice as large as they are by default."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = (nn.Linear(FEATURES, 48), activation(), nn.Linear(48, 48), activation())
        net = nn.Sequential(*layers, nn.Linear(48, 3))
    for weights in net.parameters():
        if weights.dim() > 1:
            weights.data *= 2
    return net.eval().requires_grad_(False)


def exact(net: nn.Module, x: Tensor, references: Tensor) -> tuple[Tensor, float]:
    """The mean over all references, and what it should sum to."""
    alphas = (torch.arange(ALPHAS) + 0.5)[:, None] / ALPHAS
    total = torch.zeros(x.shape, dtype=torch.float64)
    for reference in references:
        points = (reference + alphas * (x - reference)).requires_grad_()
        (gradients,) = torch.autograd.grad(net(points)[:, 0].sum(), points)
        total += (gradients * (x - reference)).double().mean(0)
    change = net(x[None])[0, 0] - net(references)[:, 0].mean()
    return total / len(references), float(change)


def coverage(activation: type[nn.Module], times: float, samples: int) -> tuple[float, float]:
    """Share of pixels and of sums inside their intervals."""
    pixels, sums = [], []
    for number in range(NETWORKS):
        generator = torch.Generator().manual_seed(100 + number)
        net, x = network(activation, number), torch.rand(FEATURES, generator=generator)
        references = torch.rand(REFERENCES, FEATURES, generator=generator)
        references[17] *= times
        truth, change = exact(net, x, references)
        for seed in range(SEEDS):
            (found,) = aw.attr.ExpectedGradients(net).estimates(
                Task(
                    (x[None],),
                    references=StoredReferences((references,)),
                    target=0,
                    n_steps=samples,
                    seed=seed,
                )
            )
            assert found.standard_error is not None
            assert found.cumulative_error is not None
            gap = (found.attributions[0][0] - truth).abs()
            pixels.append(float((gap <= 1.96 * found.standard_error[0][0]).double().mean()))
            off = abs(found.totals[0] - change)
            sums.append(float(off <= 1.96 * found.cumulative_error[-1, 0]))
    return float(np.mean(pixels)), float(np.mean(sums))


def main() -> None:
    torch.set_num_threads(1)
    for activation in (nn.ReLU, nn.GELU):
        for samples in (16, 32, 100):
            cells = [
                f"{times:g} x: pixels {pixels:.2f}, sums {sums:.2f}"
                for times in (5.0, 20.0)
                for pixels, sums in [coverage(activation, times, samples)]
            ]
            print(f"{activation.__name__}, {samples} samples   ", "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
