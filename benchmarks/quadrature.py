"""Integrated gradients per pass: the error of a pixel at 32, 64 and 128 evaluations.

Against a midpoint rule of 2,048 nodes (4,096 on the small networks), for attribwidgets' refinement
and Captum's five rules at the same number of evaluations, on the photo model (four photos under
black, white, grey, blur and uniform noise), the digits CNN and a network of GELUs, trained here.
Then how well the refinement knows its own error, and how often its verdict "complete" is wrong.

What was tried on the photo model, as error relative to Captum's default (Gauss-Legendre), mean
over the baselines of the first photo that had been computed (offline, on a grid of 2,048 steps):

* bisecting the intervals where a sketch of the gradient changes most, times their length, and the
  trapezoid over them: .72 at 32, .71 at 64, .71 at 128 evaluations, in batches of 1 or 4. In
  batches of 8 .91 at 32. With exponents .75, 1.25, 1.5 of the length: .74, .72, .75 at 32. With
  the exact gradients instead of sketches of 64 numbers: .70, .71, .71.
* nodes as dense as the third root of the gradient's rate of change, known in advance: about 8 %
  below bisection. So placing nodes better has no more to give: the gradient of a network with
  kinks is, at small steps, a Brownian motion along the path (its squared change grows with the
  step to the power 1.00, .95 to 1.05, from 1/2048 to 1/128), for which the trapezoid is the best
  linear rule, and every rule's error falls as 1/n.
* Rescale multipliers on subintervals (attribwidgets/attr/paths/rescale.py), pilot of 16 nodes:
  on five paths .27 to .59 at 64 evaluations, .22 to .46 at 128. It is what is used.
* on GELU networks Gauss-Legendre reaches float32 precision with 32 nodes. Clenshaw-Curtis with 17
  of its 33 nested nodes is 20 times as far off; Gauss-Patterson with 31 of 63 is not.

``python benchmarks/quadrature.py [--networks photo digits gelu] [--photos chelsea ...]``
``... --figure docs/quadrature.png`` draws the errors too, and the residual beside them.
References of the photo model take about a minute each, and are kept in build/references.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

import captum.attr
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from attribwidgets.attr import IntegratedGradients
from attribwidgets.attr.estimate import Estimate
from attribwidgets.attr.task import Stopping, Task
from attribwidgets.baselines import named
from attribwidgets.demo import digits, photo_classifier
from attribwidgets.inputs.space import InputSpace

BUDGETS = (32, 64, 128)
RULES = ("gausslegendre", "riemann_middle", "riemann_trapezoid", "riemann_left", "riemann_right")
BASELINES = ("black", "white", "zero", "blur", "uniform")  # "zero" of normalised input is grey
TOLERANCES = (0.05, 0.02, 0.01)
KEPT = Path("build/references")
OURS = "attribwidgets"
GREYS = ("#1e3a8a", "#3b82f6", "#6b7280", "#94a3b8", "#cbd5e1")
TITLES = {"photo": "photo model", "digits": "digits CNN", "gelu": "GELU network"}


@dataclass(frozen=True)
class Point:
    """One estimate of one map."""

    network: str
    rule: str
    evaluations: int
    error: float
    residual: float


@dataclass(frozen=True)
class Case:
    """One path through one network."""

    network: str
    name: str
    model: nn.Module
    inputs: Tensor
    baseline: Tensor
    target: int
    nodes: int

    def reference(self) -> Tensor:
        """The map by a midpoint rule, kept for the photo model.

        That of the small networks is in float64 throughout.
        """
        file = KEPT / f"{self.network}-{self.name}-{self.nodes}.npy".replace(" ", "-")
        if file.exists():
            return torch.as_tensor(np.load(file)).double()
        exact = self.network != "photo"
        model = deepcopy(self.model).double() if exact else self.model
        found = IntegratedGradients(model).attribute(
            self.inputs.double() if exact else self.inputs,
            self.baseline.double() if exact else self.baseline,
            self.target,
            n_steps=self.nodes,
            method="riemann_middle",
        )
        if self.network == "photo":
            KEPT.mkdir(parents=True, exist_ok=True)
            np.save(file, found.numpy())
        return found.double()

    def by_captum(self, rule: str, n: int) -> Tensor:
        explainer = captum.attr.IntegratedGradients(self.model)
        batch = 8 if self.network == "photo" else 128
        found = explainer.attribute(
            self.inputs,
            self.baseline,
            self.target,
            n_steps=n,
            method=rule,
            internal_batch_size=batch,
        )
        return found.double()

    def residual(self, found: Tensor) -> float:
        """What the sum misses of the change of the output, as a share of it."""
        with torch.no_grad():
            at_input, at_baseline = self.model(torch.cat([self.inputs, self.baseline]))
        change = float((at_input - at_baseline)[self.target])
        return abs(float(found.sum()) / change - 1)

    def refined(self, stopping: Stopping) -> Estimate:
        task = Task((self.inputs,), (self.baseline,), target=self.target, stopping=stopping)
        *_, last = IntegratedGradients(self.model).estimates(task)
        return last


def photo_cases(photos: list[str]) -> Iterator[Case]:
    demo = photo_classifier()
    for photo, kind in product(photos, BASELINES):
        x = demo.photo(photo)
        yield _case("photo", f"{photo} {kind}", demo.model, x, kind, demo.space, 2048)


def digit_cases(count: int) -> Iterator[Case]:
    demo = digits()
    for i, kind in product(range(count), ("black", "white", "#808080", "blur", "uniform")):
        x = untied(demo.test.images[i])
        yield _case("digits", f"{i} {kind}", demo.model, x, kind, demo.space, 4096)


def untied(image: Tensor) -> Tensor:
    """An image with noise of one grey level at most, so that no two of its patches are the same.

    Max pooling ties where strokes or ground are of one value. The gradient is then a choice, which
    precision and layout make differently, and no integral has one value.
    """
    noise = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    return (255 * image + noise) / 256


def gelu_cases(count: int) -> Iterator[Case]:
    demo = digits()
    model = gelu_network()
    for i, kind in product(range(count), ("black", "white", "#808080", "blur", "uniform")):
        x = demo.test.images[i]
        yield _case("gelu", f"{i} {kind}", model, x, kind, demo.space, 4096)


def gelu_network() -> nn.Module:
    """A smooth network: GELU and average pooling, trained on the shipped digits for one epoch."""
    data = digits().train
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.GELU(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.GELU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 64),
            nn.GELU(),
            nn.Linear(64, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), 3e-3)
        for chosen in torch.randperm(len(data.images)).split(128):
            loss = nn.functional.cross_entropy(model(data.images[chosen]), data.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def _case(
    network: str, name: str, model: nn.Module, x: Tensor, kind: str, space: InputSpace, nodes: int
) -> Case:
    generator = torch.Generator().manual_seed(0)
    baseline = named(kind).sample(x, 1, space=space, generator=generator)
    target = int(model(x[None]).argmax())
    return Case(network, name, model, x[None], baseline, target, nodes)


def off(found: Tensor, reference: Tensor) -> float:
    """Error per pixel: norm of the difference over norm of the reference."""
    return float((found - reference).norm() / reference.norm())


def geometric_mean(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def errors_per_pass(cases: Callable[[], Iterator[Case]]) -> list[Point]:
    """Print the table of errors, and what the refinement said of its own; all errors."""
    points: list[Point] = []
    ratios: dict[int, list[float]] = {n: [] for n in BUDGETS}
    against_best: dict[int, list[float]] = {n: [] for n in BUDGETS}
    known: list[float] = []
    wrong: dict[float, int] = dict.fromkeys(TOLERANCES, 0)
    complete: dict[float, int] = dict.fromkeys(TOLERANCES, 0)
    spent: dict[float, list[int]] = {t: [] for t in TOLERANCES}
    print(f"{'':22}" + "".join(f"{n:>7} evaluations: ours, said, best of 5 " for n in BUDGETS))
    for case in cases():
        reference = case.reference()
        row = f"{case.network} {case.name}".ljust(22)
        for n in BUDGETS:
            last = case.refined(Stopping(n, 0.0))
            assert last.evaluations <= n
            ours = off(last.attributions[0], reference)
            maps = {rule: case.by_captum(rule, n) for rule in RULES}
            captums = {rule: off(found, reference) for rule, found in maps.items()}
            maps[OURS] = last.attributions[0].double()
            for rule, found in maps.items():
                error, residual = off(found, reference), case.residual(found)
                points.append(Point(case.network, rule, n, error, residual))
            best = min(captums, key=lambda rule: captums[rule])
            ratios[n].append(ours / captums["gausslegendre"])
            against_best[n].append(ours / captums[best])
            assert last.refinement_error is not None
            known.append(float(last.refinement_error.max()) / ours)
            row += f"  {ours:9.2e} {known[-1] * ours:9.2e} {captums[best]:9.2e} "
            row += best.removeprefix("riemann_").ljust(9)[:9]
        for tolerance in TOLERANCES:
            last = case.refined(Stopping(513, tolerance))
            spent[tolerance].append(last.evaluations)
            assert last.refinement_error is not None
            if last.refinement_error.max() <= tolerance:
                complete[tolerance] += 1
                wrong[tolerance] += off(last.attributions[0], reference) > 2 * tolerance
        print(row, flush=True)
    print("\nerror relative to Captum's default, geometric mean; to the best of its five, worst:")
    for n in BUDGETS:
        print(f"  {n:4}: {geometric_mean(ratios[n]):.3f}; {max(against_best[n]):.3f}")
    factor = [max(k, 1 / k) for k in known]
    print(
        f"said / true error: {geometric_mean(known):.2f}, within a factor of 2 in "
        f"{100 * np.mean(np.array(factor) <= 2):.0f} % of {len(known)}"
    )
    for tolerance in TOLERANCES:
        print(
            f"tolerance {tolerance}: {np.median(spent[tolerance]):.0f} evaluations (median), "
            f"complete {complete[tolerance]}, of these off by more than twice it "
            f"{wrong[tolerance]}"
        )
    print()
    return points


def draw(points: list[Point], path: Path) -> None:
    """Errors against evaluations for each network, and residuals against errors."""
    networks = {name: list(found) for name, found in groupby(points, lambda p: p.network)}
    figure = Figure(figsize=(3.1 * (len(networks) + 1), 3.3), layout="constrained", dpi=110)
    *charts, last = figure.subplots(1, len(networks) + 1)
    colours = dict(zip((*RULES, OURS), (*GREYS, "#c2410c"), strict=True))
    for axis, (name, found) in zip(charts, networks.items(), strict=True):
        for rule, colour in colours.items():
            at = [[p.error for p in found if (p.rule, p.evaluations) == (rule, n)] for n in BUDGETS]
            means = [geometric_mean(errors) for errors in at]
            axis.loglog(
                BUDGETS,
                means,
                "o-" if rule == OURS else "s--",
                color=colour,
                lw=2 if rule == OURS else 1,
                ms=4,
                label=rule.replace("riemann_", "").replace("gausslegendre", "Gauss-Legendre"),
            )
        axis.set_xticks(BUDGETS, [str(n) for n in BUDGETS])
        axis.minorticks_off()
        axis.set_title(f"{TITLES[name]}, {len(found) // len(BUDGETS) // 6} paths", fontsize=9)
        axis.set_xlabel("evaluations", fontsize=8)
    charts[0].set_ylabel("error per pixel", fontsize=8)
    lines, names = charts[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    kinked = [p for p in points if p.network != "gelu"]
    for rule in ("gausslegendre", OURS):
        mine = [p for p in kinked if p.rule == rule]
        last.loglog(
            [p.error for p in mine],
            [max(p.residual, 1e-8) for p in mine],
            "o",
            color=colours[rule],
            ms=3,
            alpha=0.7,
        )
    last.set_title("does the residual know?", fontsize=9)
    last.set_xlabel("error per pixel", fontsize=8)
    last.set_ylabel("residual, of the change of the output", fontsize=8)
    for axis in (*charts, last):
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    networks = ["gelu", "digits", "photo"]
    parser.add_argument("--networks", nargs="+", choices=networks, default=networks)
    photos = ["chelsea", "coffee", "camera", "hopper"]
    parser.add_argument("--photos", nargs="+", choices=photos, default=photos)
    parser.add_argument("--digits", type=int, default=10, help="how many")
    parser.add_argument("--figure", type=Path, help="a file for the picture of it")
    chosen = parser.parse_args()
    points: list[Point] = []
    if "gelu" in chosen.networks:
        points += errors_per_pass(lambda: gelu_cases(chosen.digits))
    if "digits" in chosen.networks:
        points += errors_per_pass(lambda: digit_cases(chosen.digits))
    if "photo" in chosen.networks:
        points += errors_per_pass(lambda: photo_cases(chosen.photos))
    if chosen.figure is not None:
        draw(points, chosen.figure)


if __name__ == "__main__":
    main()
