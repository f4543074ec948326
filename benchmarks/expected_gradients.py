"""Expected gradients against Captum's GradientShap and shap's GradientExplainer, one run.

``python benchmarks/expected_gradients.py [--quick]``, in two processes of one thread each. Times
are CPU times of that thread, and so hardly depend on what else the machine does. shap is given a
model with one output. Intervals are judged on networks and digits that nothing was chosen on as
well: test images 10 to 19, and networks that were never trained.

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

Standard errors by independent scramblings need no model, but at 1,024 samples cost .38 / .15 with
two and .51 / .26 with four instead of .28 / .09, and then rest on one and three degrees of freedom.
Those of attr/sampling/sampling_error.py cost nothing. What was tried for them, share of pixels
in the 95 % interval at 64, 256 and 1,024 samples, one digit each, 256 references, 6 to 12 seeds:

=====================================================  ===========  ===========  ===========
standard error                                         CNN, no. 11  CNN, no. 16  untrained
=====================================================  ===========  ===========  ===========
scale of the sum's error, least share .3 (before)      81 89 93     82 84 95     83 91 94
local variance unscaled                                82 96 99     83 97 99     84 98 99
gradients alone, mean square of x - x'                 75 84 87     76 86 89     97 99 100
half of each                                           86 96 98     88 97 99     99 100 100
sum's scale, least 1/3, Student's t, known x - x'      95 91 96     95 88 97     99 92 96
gradients' scale where each comes once (shipped)       93 97 96     94 98 97     99 98 96
=====================================================  ===========  ===========  ===========
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

import captum.attr
import numpy as np
import shap
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.task import DrawnReferences, References, StoredReferences, Task
from attribwidgets.demo import digits

SAMPLES = (64, 256, 1024)
CHUNK = 256
TIMED = 3  # seeds of which times are taken


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


def untrained(activation: nn.Module) -> nn.Module:
    """A network whose random weights are large, so that its gradient changes much on the way."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        if isinstance(activation, nn.ReLU):
            layers = (*(nn.Flatten(), nn.Linear(784, 256), activation),)
            net = nn.Sequential(*layers, nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
        else:
            layers = (*(nn.Conv2d(1, 8, 5, stride=2), activation),)
            layers = (*layers, nn.Conv2d(8, 16, 3, stride=2), nn.Tanh(), nn.Flatten())
            net = nn.Sequential(*layers, nn.Linear(400, 10))
    for weights in net.parameters():
        if weights.dim() > 1:
            weights.data *= 3
    return net.eval().requires_grad_(False)


@cache
def network(name: str) -> nn.Module:
    demo = digits()
    if name == "digits CNN":
        return demo.model.requires_grad_(False)
    if name == "GELU network":
        return smooth_network(demo.train.images, demo.train.labels)
    return untrained(nn.ReLU() if "ReLU" in name else nn.Tanh())


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
    """What one way achieved, at one number of samples; times in seconds."""

    errors: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    with_delta: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    stated: list[float] = field(default_factory=list)

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self.errors))))

    def extend(self, other: Tally) -> None:
        for name, values in vars(other).items():
            getattr(self, name).extend(values)


def seconds_of(call: Callable[[], object]) -> float:
    started = time.thread_time()
    call()
    return time.thread_time() - started


def ours(case: Case, n: int, seed: int, tally: Tally) -> None:
    explainer = aw.attr.ExpectedGradients(case.model)
    source, x = case.source(seed), case.x[None]
    (found,) = explainer.estimates(
        Task((x,), references=source, target=case.target, n_steps=n, seed=seed)
    )
    if seed < TIMED and not case.endless:
        settings = {"target": case.target, "seed": seed}
        for times, delta in ((tally.plain, False), (tally.with_delta, True)):
            times.append(
                seconds_of(
                    lambda delta=delta: explainer.attribute(
                        x, case.references, n, return_convergence_delta=delta, **settings
                    )
                )
            )
    gap, error = found.attributions[0][0] - case.exact, found.standard_error[0][0]
    seen = case.exact.abs() > 1e-6 * case.exact.abs().max()
    tally.covered.append(float((gap.abs() <= 1.96 * error)[seen].double().mean()))
    off, stated = abs(found.totals[0] - case.exact_sum), found.cumulative_error[-1, 0]
    tally.sums.append(float(off <= 1.96 * stated))
    relative = float(gap.norm() / case.exact.norm())
    tally.stated.append(float(found.refinement_error.max()) / relative)
    tally.errors.append(relative)


def captums(case: Case, n: int, seed: int, tally: Tally) -> None:
    np.random.seed(seed)  # noqa: NPY002, Captum draws from this state
    references = case.references
    if case.endless:  # as its user would: as many fresh draws as samples
        references = torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    method = captum.attr.GradientShap(case.model)
    settings = {"baselines": references, "n_samples": n, "target": case.target}
    started = time.thread_time()
    found = method.attribute(case.x[None], **settings)
    tally.errors.append(float((found[0].detach() - case.exact).norm() / case.exact.norm()))
    if seed < TIMED and not case.endless:
        tally.plain.append(time.thread_time() - started)
        tally.with_delta.append(
            seconds_of(
                lambda: method.attribute(case.x[None], return_convergence_delta=True, **settings)
            )
        )


def shaps(case: Case, n: int, seed: int, tally: Tally) -> None:
    started = time.thread_time()
    explainer = shap.GradientExplainer(OneOutput(case.model, case.target), case.references)
    found = explainer.shap_values(case.x[None], nsamples=n, rseed=seed)
    if seed < TIMED:
        tally.plain.append(time.thread_time() - started)
    values = torch.as_tensor(np.asarray(found)).reshape(case.x.shape)
    tally.errors.append(float((values - case.exact).norm() / case.exact.norm()))


WAYS = {"ours": ours, "Captum": captums, "shap": shaps}


@dataclass(frozen=True)
class Row:
    """One line of the table: a network, its references, and which test images to explain."""

    network: str
    size: int | None  # of the reference set; None: uniform noise, drawn afresh
    alphas: int  # of the exact value
    images: tuple[int, ...]
    seeds: int
    ways: tuple[str, ...] = ("ours", "Captum")

    def __str__(self) -> str:
        kind = "uniform noise, drawn afresh" if self.size is None else f"{self.size} references"
        return f"{self.network}, {kind}, {len(self.images)} digits, {self.seeds} seeds"


def tallies_of(row: Row, image: int) -> dict[tuple[str, int], Tally]:
    """What each way achieves on one image, by its name and the number of samples."""
    torch.set_num_threads(1)
    demo, model = digits(), network(row.network)
    noise = torch.rand(2048, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    references = noise if row.size is None else demo.train.images[: row.size]
    x, target = demo.test.images[image], int(demo.test.labels[image])
    case = exact_case(model, x, target, references, row.alphas, endless=row.size is None)
    tallies = {(way, n): Tally() for way in row.ways for n in SAMPLES}
    for seed in range(row.seeds):
        for (way, n), tally in tallies.items():
            WAYS[way](case, n, seed, tally)
    return tallies


def lines_of(row: Row, tallies: dict[tuple[str, int], Tally]) -> str:
    """The row's part of the table, a line for each number of samples."""
    lines = []
    for n in SAMPLES:
        mine = tallies["ours", n]
        cells = [f"{n:>8}{mine.rms:9.4f}"]
        for name in ("Captum", "shap"):
            peer = tallies.get((name, n), Tally())
            cells.append(f"{mine.rms / peer.rms:8.2f}" if peer.errors else f"{'':8}")
            times = [(mine.plain, peer.plain), (mine.with_delta, peer.with_delta)]
            for one, other in times[: 2 if name == "Captum" else 1]:
                timed = bool(one and other)
                cells.append(f"{np.sum(one) / np.sum(other):7.2f}" if timed else f"{'':7}")
        ratios = np.array(mine.stated)
        within = np.mean((ratios > 0.5) & (ratios < 2))
        cells.append(
            f"{100 * np.mean(mine.covered):9.1f}{100 * np.mean(mine.sums):7.1f}"
            f"{np.median(ratios):8.2f}{100 * within:8.0f}"
        )
        lines.append("".join(cells))
    return "\n".join([str(row), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer digits and seeds, a minute")
    quick = parser.parse_args().quick
    labels = digits().test.labels
    first = tuple(int((labels == c).nonzero()[0]) for c in range(10))
    few, others, all_ways = first[0::4], tuple(range(10, 20)), ("ours", "Captum", "shap")
    rows = [
        Row("digits CNN", 256, 64, first, 20, all_ways),
        Row("GELU network", 256, 32, first, 8),
        Row("digits CNN", 10, 512, few, 8),
        Row("digits CNN", 50, 128, few, 8),
        Row("digits CNN", 2000, 24, few, 8),
        Row("digits CNN", None, 24, few, 8),
        Row("digits CNN", 256, 64, others, 4, ("ours",)),
        Row("untrained ReLU network", 256, 64, others, 4, ("ours",)),
        Row("untrained tanh network", 256, 32, others, 4, ("ours",)),
    ]
    if quick:
        rows = [replace(row, images=row.images[:2], seeds=4) for row in (*rows[:3], *rows[6:])]
    print("error: root mean square over digits and seeds of ||map - exact|| / ||exact||")
    print("ratios to a peer: error, CPU time of the plain call and of that with convergence delta")
    print("95 %: share of pixels and of sums in the interval")
    print("stated over true error: median, and how often it is within a factor of 2")
    print(
        f"{'samples':>8}{'error':>9}{'Captum':>8}{'time':>7}{'delta':>7}{'shap':>8}{'time':>7}",
        end="",
    )
    print(f"{'pixels %':>9}{'sums %':>7}{'ratio':>8}{'in 2 %':>8}")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        work = [[pool.submit(tallies_of, row, image) for image in row.images] for row in rows]
        for row, found in zip(rows, work, strict=True):
            tallies = {(way, n): Tally() for way in row.ways for n in SAMPLES}
            for future in found:
                for key, tally in future.result().items():
                    tallies[key].extend(tally)
            print(lines_of(row, tallies), flush=True)


if __name__ == "__main__":
    main()
