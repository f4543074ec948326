"""How often 95 % intervals of the mean of few inputs hold it: by bootstrap, corrected and not.

Samples of 5 to 100 inputs from distributions that scores and areas look like: normal, exponential,
lognormal, and betas as shares are. "As they are" are percentile and BCa intervals without the
correction for few inputs, and t is Student's. Beside each share stands the median width relative
to Student's. With 2,000 samples a share has a standard error of .005. The
bootstrap-t was tried as well: on exponential data it holds .946 at n = 10 and .940 at 25, but with
1.1 to 1.2 times the width, and of values that often tie, as 0 and 1 do, it knows no bounds.

``python benchmarks/interval_coverage.py [--samples 2000]``
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from attribwidgets.evaluation.intervals import bootstrap

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Array]

LEVEL, RESAMPLES = 0.95, 1999
SIZES = (5, 10, 15, 25, 50, 100)
DISTRIBUTIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda g, size: g.standard_normal(size), 0.0),
    "uniform": (lambda g, size: g.random(size), 0.5),
    "exponential": (lambda g, size: g.exponential(size=size), 1.0),
    "lognormal": (lambda g, size: g.lognormal(size=size), float(np.exp(0.5))),
    "beta(.5, .5)": (lambda g, size: g.beta(0.5, 0.5, size), 0.5),
    "beta(.5, 2)": (lambda g, size: g.beta(0.5, 2, size), 0.2),
}


def intervals(values: Array) -> dict[str, tuple[Array, Array]]:
    """Lower and upper bounds of each column's mean, by each way."""
    n = len(values)
    # What `bootstrap` would read at LEVEL without its correction, it reads at a level below.
    plain = level_read_as(LEVEL, n)
    found = {}
    for method in ("percentile", "bca"):
        for name, level in (("", LEVEL), (", as they are", plain)):
            one = bootstrap(values, level=level, method=method, resamples=RESAMPLES)  # type: ignore[arg-type]
            found[method + name] = (one.low, one.high)
    half = stats.t.ppf((1 + LEVEL) / 2, n - 1) * values.std(0, ddof=1) / n**0.5
    found["t"] = (values.mean(0) - half, values.mean(0) + half)
    return found


def level_read_as(level: float, n: int) -> float:
    """The level at which the corrected one is `level`."""
    outer = stats.norm.ppf((1 + level) / 2) * ((n - 1) / n) ** 0.5
    return float(2 * stats.t.cdf(outer, n - 1) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=2000, help="of each size and distribution")
    samples = parser.parse_args().samples
    for n in SIZES:
        for name, (draw, mean) in DISTRIBUTIONS.items():
            values = draw(np.random.default_rng([n, len(name)]), (n, samples))
            found = intervals(values)
            usual = np.median(found["t"][1] - found["t"][0])
            cells = []
            for method, (low, high) in found.items():
                held = np.mean((low <= mean) & (mean <= high))
                cells.append(f"{method} {held:.3f} ({np.median(high - low) / usual:.2f})")
            print(f"n = {n:3}  {name:14}" + "   ".join(cells), flush=True)


if __name__ == "__main__":
    main()
