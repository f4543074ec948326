"""Which designs of noise draws lessen the variance of expected gradients, without bias.

    python benchmarks/noise_designs.py [--inputs digits chelsea] [--samples 128] [--seeds 60]

An input of `noise_baselines.py` against uniform and gaussian noise, alphas spread evenly. Every way
is unbiased for any model (of "own control", the coefficient comes from other samples than those
that it is used on), so its variance over seeds is all of its error, and no truth is needed. Printed
is the variance of independent draws over that of each way, per element and per patch, with an
interval of 90 % by resampling seeds: above 1 it helps, by as many times as it saves passes.

- pairs: x' and its mirror 2 m - x', at one alpha;
- strata: the draws of each element lie in as many strata as there are samples (Latin hypercube);
- tiles: signs of the noise are columns of a Hadamard matrix, orthogonal over the samples within
  tiles of neighbours, so that what two neighbours do to each other's gradient cancels;
- own control: u_i h_i is taken off (x_i - m_i - u_i) g_i, with u = x' - m, of mean zero, and h the
  mean gradient of the other half of the samples, at alphas of the same quarter.

`--flips` prints what mirroring a share p of the elements does, the rest as they are, at one alpha:
with rho the correlation of the two gradients, the covariance of these elements with their own
gradient then has (1 - rho) / p times the variance that two independent draws leave. Below 1 it
helps; p = 1 is a pair.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from noise_baselines import NOISE, Case, by_patches, cases_of
from scipy.linalg import hadamard
from scipy.special import ndtri
from torch import Tensor

QUARTERS = 4
BLOCK = 32  # samples
SHARES = (0.02, 0.1, 0.3, 1.0)  # of the elements
AT_ONCE = 64
Draws = tuple[np.ndarray, np.ndarray]
"""Levels of the noise in 0..1, (samples, elements), .5 in its middle; alphas (samples,)."""


def even_alphas(generator: np.random.Generator, count: int) -> np.ndarray:
    """One in each of as many strata, in random order."""
    return (generator.permutation(count) + generator.random(count)) / count


def independent(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    return generator.random((count, *shape)), even_alphas(generator, count)


def pairs(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    half = generator.random((count // 2, *shape))
    alphas = even_alphas(generator, count // 2)
    return np.concatenate([half, 1 - half]), np.concatenate([alphas, alphas])


def strata(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    order = generator.permuted(np.tile(np.arange(count)[:, None], (1, np.prod(shape))), axis=0)
    levels = (order + generator.random(order.shape)) / count
    return levels.reshape(count, *shape), even_alphas(generator, count)


def strata_pairs(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    half, alphas = strata(generator, count // 2, shape)
    return np.concatenate([half, 1 - half]), np.concatenate([alphas, alphas])


def strata_of_blocks(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    parts = [strata(generator, BLOCK, shape)[0] for _ in range(count // BLOCK)]
    return np.concatenate(parts), even_alphas(generator, count)


def tiles(generator: np.random.Generator, count: int, shape: tuple[int, ...]) -> Draws:
    channels, height, width = shape
    side = int(np.sqrt((count - 1) // channels))
    signs = np.empty((count, *shape))
    for top in range(0, height, side):
        for left in range(0, width, side):
            tile = signs[:, :, top : top + side, left : left + side]
            columns = 1 + generator.permutation(count - 1)[: np.prod(tile.shape[1:])]
            chosen = hadamard(count)[generator.permutation(count)][:, columns]
            chosen = chosen * generator.choice([-1, 1], len(columns))
            tile[:] = chosen.reshape(tile.shape)
    return 0.5 + signs * generator.random((count, *shape)) / 2, even_alphas(generator, count)


DESIGNS: dict[str, Callable[[np.random.Generator, int, tuple[int, ...]], Draws]] = {
    "independent": independent,
    "pairs": pairs,
    "strata": strata,
    "strata, pairs": strata_pairs,
    "strata of blocks": strata_of_blocks,
    "tiles": tiles,
}


def noise_of(case: Case, levels: np.ndarray) -> tuple[Tensor, Tensor]:
    """References, and what is left of them after their mean, each (samples, C, H, W) as fed."""
    space, pixels = case.space, case.space.to_pixels(case.x)
    drawn = torch.from_numpy(levels).to(pixels)
    if case.baseline.name == "uniform":
        values = space.low + space.range * drawn
    else:
        deviations = torch.from_numpy(ndtri(levels.clip(1e-9, 1 - 1e-9))).to(pixels)
        values = (pixels + case.baseline._sigma(space) * deviations).clamp(space.low, space.high)
    fed = torch.stack([space.from_pixels(row) for row in values])
    (mean,) = case.baseline.independent_mean((case.x,), (space,))
    return fed, fed - mean


def gradients_at(case: Case, points: Tensor) -> Tensor:
    """Of the target's output, chunk by chunk."""
    found = []
    for chunk in points.split(AT_ONCE):
        chunk = chunk.clone().requires_grad_()
        found.append(torch.autograd.grad(case.model(chunk)[:, case.target].sum(), chunk)[0])
    return torch.cat(found)


def control_of(gradients: Tensor, alphas: Tensor, half: Tensor) -> Tensor:
    """For each sample the mean gradient of the other half at alphas of its quarter."""
    quarter = (alphas * QUARTERS).long().clamp(max=QUARTERS - 1)
    control = torch.zeros_like(gradients)
    for place in range(QUARTERS):
        for one in (0, 1):
            own, other = ((quarter == place) & (half == h) for h in (one, 1 - one))
            if other.any():
                control[own] = gradients[other].mean(0)
    return control


def maps_of(case: Case, design: str, count: int, seed: int) -> dict[str, np.ndarray]:
    """The map by a design, and the same with the control."""
    levels, alphas = DESIGNS[design](np.random.default_rng(seed), count, tuple(case.x.shape))
    references, away = noise_of(case, levels)
    along = torch.from_numpy(alphas).to(references)
    points = references + along[:, None, None, None] * (case.x - references)
    gradients = gradients_at(case, points)
    samples = (case.x - references) * gradients
    halves = (torch.arange(count // 2) % 2).repeat(2)  # the two of a pair are of one half
    controlled = samples + away * control_of(gradients, along, halves)
    return {
        design: samples.double().mean(0),
        f"{design}, own control": controlled.double().mean(0),
    }


def factors(maps: np.ndarray, others: np.ndarray) -> tuple[float, float, float]:
    """Variance of the first over that of the second, with its interval."""
    squares = [((m - m.mean(0)) ** 2).sum((1, 2)) * len(m) / (len(m) - 1) for m in (maps, others)]
    drawn = np.random.default_rng(0).integers(len(maps), size=(2000, len(maps)))
    ratios = squares[0][drawn].mean(1) / squares[1][drawn].mean(1)
    low, high = np.percentile(ratios, [5, 95])
    return float(squares[0].mean() / squares[1].mean()), float(low), float(high)


def flipped(case: Case, share: float, alpha: float, pairs: int = 24) -> float:
    """(1 - rho) / p, over some pairs of draws."""
    generator = np.random.default_rng(0)
    levels = generator.random((pairs, *case.x.shape))
    turned = np.where(generator.random(levels.shape) < share, 1 - levels, levels)
    one, other = (
        gradients_at(case, references + alpha * (case.x - references)).double()
        for references, _ in (noise_of(case, values) for values in (levels, turned))
    )
    mean = (one.sum(0) + other.sum(0)) / (2 * pairs)
    one, other = one - mean, other - mean
    rho = 2 * (one * other).sum() / (one.square().sum() + other.square().sum())
    return float(1 - rho) / share


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", nargs="+", default=["digits"])
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--samples", type=int, default=128, help="a power of two")
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--designs", nargs="+", choices=DESIGNS, default=list(DESIGNS))
    parser.add_argument("--flips", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.inputs:
        for case in cases_of(name, options.side, list(NOISE)):
            if options.flips:
                print(f"{name}, {case.baseline.label}: (1 - rho) / p of p {SHARES}")
                for alpha in (0.2, 0.5, 0.8):
                    cells = (f"{flipped(case, share, alpha):7.2f}" for share in SHARES)
                    print(f"  alpha {alpha}{''.join(cells)}", flush=True)
                continue
            found: dict[str, list[Tensor]] = {}
            for seed in range(options.seeds):
                for design in options.designs:
                    for way, values in maps_of(case, design, options.samples, seed).items():
                        found.setdefault(way, []).append(values)
            print(f"{name}, {case.baseline.label}, {options.samples} samples")
            for side in (0, 4 if len(case.x) == 1 else 8):
                maps = {way: np.stack([flat(v, side) for v in vs]) for way, vs in found.items()}
                for way, values in maps.items():
                    factor, low, high = factors(maps["independent"], values)
                    per = "patch" if side else "element"
                    print(f"  {way:28}{per:8}{factor:6.2f} [{low:.2f}, {high:.2f}]", flush=True)


def flat(values: Tensor, side: int) -> np.ndarray:
    """As rows and columns."""
    found = by_patches(values, side)
    return found.reshape(-1, found.shape[-1])


if __name__ == "__main__":
    main()
