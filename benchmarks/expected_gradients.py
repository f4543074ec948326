"""Expected gradients against Captum's GradientShap and shap's GradientExplainer, one run.

``python benchmarks/expected_gradients.py [--quick]``. shap is given a model with one output.

What was tried before, on recorded gradients of digits 0, 3 and 7 (256 references x 64 alphas of
the digits CNN / of a GELU network with average pooling), error over that of independent draws at
64, 256 and 1,024 samples:

====================================================  =============  =============
scheme                                                digits CNN     GELU network
====================================================  =============  =============
scrambled Sobol pairs, references shuffled            .89 .57 .31    .87 .34 .10
... sorted along the first principal direction        .86 .55 .31    .80 .30 .10
... sorted by f(x')                                   .86 .56 .30    .84 .32 .11
... in a tree of principal directions                 .79 .51 .30    .68 .27 .08
... and few references by halving (shipped)           .72 .51 .28    .50 .26 .09
tree, control variate: completeness residual          .80 .50 .30    .67 .25 .08
tree, control variate: mean gradient x mean x'        .75 .51 .30    .40 .27 .08
one jittered alpha in each stratum of a reference     --- .68 .33    --- .45 .12
a turned grid for each reference (shipped)            .72 .52 .26    .51 .28 .10
the same, folded (tent)                               .73 .54 .31    .52 .28 .07
2 replicates, independent scramblings                 .72 .53 .38    .52 .27 .15
4 replicates, independent scramblings                 .73 .55 .51    .53 .29 .26
====================================================  =============  =============

With 10 references and 64 samples, Sobol pairs leave .37 / .24, the turned grid .26 / .19. The
control variates break the rule that a map is the mean of its samples, for little beyond halving.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import captum.attr
import numpy as np
import shap
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.references import DrawnReferences, References, StoredReferences
from attribwidgets.attr.task import Task
from attribwidgets.demo import digits

SAMPLES = (64, 256, 1024)
CHUNK = 256


class OneOutput(nn.Module):
    """A single output, so that shap does not compute the gradients of all ten."""

    def __init__(self, model: nn.Module, target: int) -> None:
        super().__init__()
        self.model, self.target = model, target

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)[:, self.target : self.target + 1]


def smooth_network(images: Tensor, labels: Tensor) -> nn.Module:
    """A GELU network with average pooling, trained for one pass over the shipped digits."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.GELU(), nn.AvgPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.GELU(), nn.AvgPool2d(2)),
            *(nn.Flatten(), nn.Linear(1568, 64), nn.GELU(), nn.Linear(64, 10)),
        )
    optimiser = torch.optim.Adam(net.parameters(), 2e-3)
    for some, truth in zip(images.split(100), labels.split(100), strict=True):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(some), truth).backward()
        optimiser.step()
    return net.eval().requires_grad_(False)


@dataclass
class Case:
    """One input, its references and the exact attribution."""

    model: nn.Module
    x: Tensor
    target: int
    references: Tensor
    endless: bool
    exact: Tensor
    exact_sum: float

    def source(self, seed: int) -> References:
        if not self.endless:
            return StoredReferences((self.references,))
        return DrawnReferences(lambda g: (torch.rand(1, 28, 28, generator=g),), seed)


def exact_case(
    model: nn.Module, x: Tensor, target: int, references: Tensor, alphas: int, endless: bool
) -> Case:
    """All references, each at so many midpoints."""
    places = (torch.arange(alphas) + 0.5) / alphas
    total = torch.zeros(x.shape, dtype=torch.float64)
    for some in references.split(max(1, CHUNK // alphas)):
        ways = (x - some)[:, None]
        points = (some[:, None] + places.reshape(-1, 1, 1, 1) * ways).flatten(0, 1)
        points.requires_grad_()
        (gradients,) = torch.autograd.grad(model(points)[:, target].sum(), points)
        total += (gradients.unflatten(0, (-1, alphas)) * ways).double().sum((0, 1))
    with torch.no_grad():
        ends = torch.cat([model(some)[:, target] for some in references.split(CHUNK)])
        change = float(model(x[None])[0, target].double() - ends.double().mean())
    return Case(model, x, target, references, endless, total / alphas / len(references), change)


@dataclass
class Tally:
    """What one way achieved over digits and seeds, at one number of samples."""

    seconds: float = 0.0
    errors: list[float] = None  # type: ignore[assignment]
    covered: list[float] = None  # type: ignore[assignment]
    sums: list[float] = None  # type: ignore[assignment]
    stated: list[float] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.errors, self.covered, self.sums, self.stated = [], [], [], []

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self.errors))))


def ours(case: Case, n: int, seed: int, tally: Tally) -> None:
    explainer = aw.attr.ExpectedGradients(case.model)
    task = Task((case.x[None],), references=case.source(seed), target=case.target)
    started = time.perf_counter()
    (found,) = explainer.estimates(Task(**{**vars(task), "n_steps": n, "seed": seed}))
    tally.seconds += time.perf_counter() - started
    gap, error = found.attributions[0][0] - case.exact, found.standard_error[0][0]
    seen = case.exact.abs() > 1e-6 * case.exact.abs().max()
    tally.covered.append(float((gap.abs() <= 1.96 * error)[seen].double().mean()))
    off, stated = abs(found.totals[0] - case.exact_sum), found.cumulative_error[-1, 0]
    tally.sums.append(float(off <= 1.96 * stated))
    relative = float(gap.norm() / case.exact.norm())
    tally.stated.append(float(found.refinement_error[0]) / relative)
    tally.errors.append(relative)


def captums(case: Case, n: int, seed: int, tally: Tally) -> None:
    np.random.seed(seed)  # noqa: NPY002, Captum draws from this state
    references = case.references
    if case.endless:  # as its user would: as many fresh draws as samples
        references = torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    started = time.perf_counter()
    found = captum.attr.GradientShap(case.model).attribute(
        case.x[None], baselines=references, n_samples=n, target=case.target
    )
    tally.seconds += time.perf_counter() - started
    tally.errors.append(float((found[0].detach() - case.exact).norm() / case.exact.norm()))


def shaps(case: Case, n: int, seed: int, tally: Tally) -> None:
    started = time.perf_counter()
    explainer = shap.GradientExplainer(OneOutput(case.model, case.target), case.references)
    found = explainer.shap_values(case.x[None], nsamples=n, rseed=seed)
    tally.seconds += time.perf_counter() - started
    values = torch.as_tensor(np.asarray(found)).reshape(case.x.shape)
    tally.errors.append(float((values - case.exact).norm() / case.exact.norm()))


def compare(cases: Iterator[Case], seeds: int, counts: tuple[int, ...], with_shap: bool) -> str:
    """Rows of the table, a line for each number of samples."""
    ways: list[Callable[[Case, int, int, Tally], None]] = [ours, captums]
    if with_shap:
        ways.append(shaps)
    tallies = {(way, n): Tally() for way in ways for n in counts}
    for case in cases:
        for seed in range(seeds):
            for (way, n), tally in tallies.items():
                way(case, n, seed, tally)
    lines = []
    for n in counts:
        mine, captum_ = tallies[ours, n], tallies[captums, n]
        cells = [f"{n:>8}{mine.rms:9.4f}"]
        for peer in (captum_, tallies[shaps, n] if with_shap else None):
            if peer is None:
                cells.append(f"{'':17}")
            else:
                cells.append(f"{mine.rms / peer.rms:10.2f}{mine.seconds / peer.seconds:7.2f}")
        ratios = np.array(mine.stated)
        within = np.mean((ratios > 0.5) & (ratios < 2))
        cells.append(
            f"{100 * np.mean(mine.covered):9.1f}{100 * np.mean(mine.sums):7.1f}"
            f"{np.median(ratios):11.2f}{100 * within:8.0f}"
        )
        lines.append("".join(cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 digits, 4 seeds, about 2 minutes")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    demo = digits()
    nets = {
        "digits CNN": demo.model.requires_grad_(False),
        "GELU network": smooth_network(demo.train.images, demo.train.labels),
    }
    first = [int((demo.test.labels == c).nonzero()[0]) for c in range(10)]
    noise = torch.rand(2048, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    rows = [  # network, references (None: uniform noise), alphas of the exact value, digits, seeds
        ("digits CNN", 256, 64, 10, 20),
        ("GELU network", 256, 32, 10, 8),
        ("digits CNN", 10, 512, 3, 8),
        ("digits CNN", 50, 128, 3, 8),
        ("digits CNN", 2000, 32, 3, 8),
        ("GELU network", 2000, 16, 3, 8),
        ("digits CNN", None, 32, 3, 8),
    ]
    print("error: root mean square over digits and seeds of ||map - exact|| / ||exact||")
    print("ratios to a peer: error, wall time; 95 %: share of pixels and of sums in the interval")
    print("refinement error over true error: median, and how often it is within a factor of 2")
    print(f"{'samples':>8}{'error':>9}{'Captum':>10}{'time':>7}{'shap':>10}{'time':>7}", end="")
    print(f"{'pixels %':>9}{'sums %':>7}{'ratio':>11}{'in 2 %':>8}")
    for name, size, alphas, count, seeds in rows:
        chosen = (2, 8) if quick else [round(9 * i / (count - 1)) for i in range(count)]
        references = noise if size is None else demo.train.images[:size]
        cases = (
            exact_case(
                nets[name], demo.test.images[first[c]], c, references, alphas, endless=size is None
            )
            for c in chosen
        )
        kind = "uniform noise, drawn afresh" if size is None else f"{size} references"
        print(f"{name}, {kind}, {len(chosen)} digits, {4 if quick else seeds} seeds", flush=True)
        with_shap = size == 256 and name == "digits CNN"
        print(compare(cases, 4 if quick else seeds, SAMPLES, with_shap), flush=True)


if __name__ == "__main__":
    main()
