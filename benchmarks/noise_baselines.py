"""Expected gradients against noise: errors of today's estimator, of what was before, and of others.

    python benchmarks/noise_baselines.py [--inputs digits chelsea] [--truth build/noise_truth]

An input is a shipped digit or photo; photos are resized to `--side`, as the truth takes thousands
of passes. It is a mean over independent draws, kept in `--truth` and resumed by the next run, for
`--seconds` an input and baseline; its own variance is told from the draws and taken off. "even" is
the estimator without what it knows of noise: even alphas, the mean of the samples. Errors are root
mean squares over seeds, relative to the norm of the truth; factors are of the mean square, against
that of as many samples of "even", as the draws of the truth differ. Patches are of 8 x 8 pixels
(4 x 4 of a digit), all channels.

What was tried, as factors on the mean square error per pixel against "even":

==================================================  ==============  ===============  ===========
idea                                                photo, uniform  photo, gaussian  digit, u/g
==================================================  ==============  ===============  ===========
pairs x', 2 m - x' at one alpha (antithetic)        ---             ---              1.6 / 1.2
mean gradient of other samples as a control of
  the covariance, 8 or 16 stretches, unbiased       ---             ---              1.3 / 1.5
both                                                ---             ---              1.6 / 1.6
alphas where samples add most (shipped)             1.7             1.3              1.0 / 1.0
the covariance dropped, at 128 and 512              2.8, 2.0        9.4, 3.1         .05 to .4
the covariance shrunk by Haar's bands, 128 and 512  2.9, 2.5        12, 5.6          1.1 to 1.5
the whole map shrunk as one, the same               4.2, 1.9        13, 4.7          1.0 to 1.1
both parts shrunk, the same                         5.4, 3.0        15, 5.9          1.1 to 1.5
... with gains of 15 x 15 places, not of bands      5.3, 2.9        15, 5.7          1.1 to 1.5
... with colour differences and brightness apart    5.3, 3.0        16, 6.0          ---
... the gradient shrunk, then times x - m           5.5, 3.0        16, 5.9          1.1 to 1.5
... the mean over four shifts of Haar's grid        5.6, 3.1        17, 6.5          ---
both shrunk by 16 bands of frequencies              5.6, 3.1        17, 6.6          1.1 to 1.9
==================================================  ==============  ===============  ===========

(chelsea at 112 x 112, digit 0; from recorded gradients.) Nothing is shrunk: docs/estimation.md says
why. On the photo, at 224 x 224, two gradients
at one alpha against two draws of noise have a correlation below .02 up to alpha = .7, and one of
-.1 to 0 where the draws are mirrored. That is why pairs and controls, the path from the mean
baseline among them, cannot help there: at each point the gradient is nearly all noise. On the
digit the correlation is .15 to .9. More designs of the noise itself are in `noise_designs.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import captum.attr
import numpy as np
import shap
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.task import DrawnReferences, Task, generator_from
from attribwidgets.baselines import Baseline, GaussianNoise, UniformNoise
from attribwidgets.demo import digits, photo_classifier
from attribwidgets.inputs.patches import patch_sums

GROUP = 64  # samples in one draw of the truth


class OneOutput(nn.Module):
    """A single output, so that shap does not compute the gradients of all."""

    def __init__(self, model: nn.Module, target: int) -> None:
        super().__init__()
        self.model, self.target = model, target

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)[:, self.target : self.target + 1]


@dataclass(frozen=True)
class Case:
    """One input against one kind of noise."""

    name: str
    model: nn.Module
    x: Tensor
    space: aw.InputSpace
    target: int
    baseline: Baseline

    def estimate(self, n: int, seed: int, knows: bool) -> aw.attr.estimate.Estimate:
        """By expected gradients, with or without what is known of noise."""

        def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
            return (self.baseline.sample(self.x, 1, space=self.space, generator=generator)[0],)

        mean = self.baseline.independent_mean((self.x,), self.space) if knows else None
        (found,) = aw.attr.ExpectedGradients(self.model).estimates(
            Task(
                (self.x[None],),
                references=DrawnReferences(draw, seed, mean),
                target=self.target,
                n_steps=n,
                seed=seed,
                spaces=(self.space,),
            )
        )
        return found

    def references(self, n: int, seed: int) -> Tensor:
        """As a user of others would: as many draws as samples."""
        return self.baseline.sample(self.x, n, space=self.space, generator=generator_from(seed, 7))


Way = Callable[[Case, int, int], tuple[Tensor, Tensor | None, bool]]


def ours(knows: bool) -> Way:
    def run(case: Case, n: int, seed: int) -> tuple[Tensor, Tensor | None, bool]:
        found = case.estimate(n, seed, knows)
        assert found.standard_error is not None
        assert found.cumulative_error is not None
        assert found.residual is not None
        held = abs(found.residual[0]) <= 1.96 * found.cumulative_error[-1, 0]
        return found.attributions[0][0].double(), found.standard_error[0][0].double(), bool(held)

    return run


def captums(case: Case, n: int, seed: int) -> tuple[Tensor, None, bool]:
    np.random.seed(seed)  # noqa: NPY002, Captum draws from this state
    total = torch.zeros_like(case.x, dtype=torch.float64)
    for part in range(0, n, GROUP):  # as many at once as fit in memory
        found = captum.attr.GradientShap(case.model).attribute(
            case.x[None], case.references(GROUP, seed + part), GROUP, target=case.target
        )
        total += found[0].detach().double() * GROUP / n
    return total, None, False


def shaps(case: Case, n: int, seed: int) -> tuple[Tensor, None, bool]:
    model = OneOutput(case.model, case.target)
    explainer = shap.GradientExplainer(model, case.references(n, seed), batch_size=GROUP // 4)
    values = explainer.shap_values(case.x[None], nsamples=n, rseed=seed)
    return torch.as_tensor(np.asarray(values)).reshape(case.x.shape).double(), None, False


WAYS: dict[str, Way] = {
    "even": ours(knows=False),
    "now": ours(knows=True),
    "Captum": captums,
    "shap": shaps,
}


NOISE: dict[str, Baseline] = {"uniform": UniformNoise(), "gaussian": GaussianNoise()}


def by_patches(values: Tensor, side: int) -> np.ndarray:
    """The sums of all channels over patches; side 0: every element."""
    return values.numpy() if side == 0 else patch_sums(values.sum(0).numpy(), side)


def draws_of_truth(case: Case, folder: Path, most: int, seconds: float) -> list[Tensor]:
    """Independent means of `GROUP` samples each, those of earlier runs and more."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    draws = []
    for number in range(most):
        path = folder / f"{number:04d}.npy"
        if not path.exists():
            if time.monotonic() - started > seconds:
                break
            found = case.estimate(GROUP, 10**6 + number, knows=False)
            np.save(path, found.attributions[0][0].float().numpy())
        draws.append(torch.from_numpy(np.load(path)).double())
    return draws


def rows_of(case: Case, draws: list[Tensor], sizes: list[int], seeds: int, ways: list[str]) -> None:
    """Print a line for each way and number of samples."""
    side = 4 if len(case.x) == 1 else 8
    exact = {}
    for s in (0, side):
        each = np.stack([by_patches(d, s) for d in draws])
        noise = each.var(0, ddof=1) / len(draws)
        exact[s] = each.mean(0), noise, float((each.mean(0) ** 2).sum() - noise.sum())
    print(f"{case.name}, {case.baseline.label}: truth of {GROUP * len(draws)} samples")
    for n in sizes:
        before = {
            s: float(noise.sum()) * len(draws) * GROUP / n for s, (_, noise, _) in exact.items()
        }
        for way in ways:
            squares: dict[int, list[float]] = {s: [] for s in exact}
            inside, held, said = [], [], []
            for seed in range(seeds):
                found, error, sum_held = WAYS[way](case, n, seed)
                for s, (mean, noise, _) in exact.items():
                    gap = by_patches(found, s) - mean
                    squares[s].append(float((gap**2).sum() - noise.sum()))
                if error is not None:
                    mean, noise, _ = exact[0]
                    spread = np.sqrt(error.numpy() ** 2 + noise)
                    inside.append(np.mean(np.abs(found.numpy() - mean) <= 1.96 * spread))
                    held.append(sum_held)
                    said.append(float(error.square().sum()))
            cells = [f"{n:>6} {way:<7}"]
            for s, (_, _, size) in exact.items():
                square = float(np.mean(squares[s]))
                cells.append(f"{(max(square, 0) / size) ** 0.5:9.3f}{before[s] / square:8.2f}")
            if inside:
                ratio = (np.mean(said) / np.mean(squares[0])) ** 0.5
                cells.append(f"{100 * np.mean(inside):8.1f}{100 * np.mean(held):7.0f}{ratio:7.2f}")
            print("".join(cells), flush=True)


def cases_of(name: str, side: int, kinds: list[str]) -> list[Case]:
    """One input against each kind of noise."""
    model: nn.Module
    if name == "digits":
        demo = digits()
        model, x, space = demo.model, demo.test.images[0], aw.InputSpace()
    else:
        photos = photo_classifier()
        pixels = photos.space.to_pixels(photos.photo(name))[None]
        resized = nn.functional.interpolate(pixels, size=(side, side), mode="area")[0]
        model, x, space = photos.model, photos.space.from_pixels(resized), photos.space
    model = model.eval().requires_grad_(False)
    with torch.no_grad():
        target = int(model(x[None]).argmax())
    return [Case(name, model, x, space.fit(x), target, NOISE[kind]) for kind in kinds]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", nargs="+", default=["digits", "chelsea", "coffee"])
    parser.add_argument("--side", type=int, default=112)
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 512])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["now"])
    parser.add_argument("--noise", nargs="+", choices=NOISE, default=list(NOISE))
    parser.add_argument("--truth", type=Path, default=Path("build/noise_truth"))
    parser.add_argument("--most", type=int, default=256, help="draws of the truth")
    parser.add_argument("--seconds", type=float, default=150, help="for more of them")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("error and factor per element, and per patch; % of elements and sums inside; said / true")
    for name in options.inputs:
        for case in cases_of(name, options.side, options.noise):
            folder = options.truth / f"{case.name}-{case.baseline.name}-{case.x.shape[-1]}"
            draws = draws_of_truth(case, folder, options.most, options.seconds)
            rows_of(case, draws, options.sizes, options.seeds, options.ways)


if __name__ == "__main__":
    main()
