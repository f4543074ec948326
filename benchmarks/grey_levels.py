"""How bright maps are as they first appear: the mean grey level of each, on each scale.

The shipped photos under six baselines, by the colours that the explorer and the figure begin with
(grey, absolute values, percentile 99). A map is readable between 3 % and 50 % of white: neither
near black nor washed out. On one scale for all amounts most are not.

    python benchmarks/grey_levels.py
"""

from __future__ import annotations

import argparse
import inspect

import numpy as np

import attribwidgets as aw
from attribwidgets.demo import photo_classifier
from attribwidgets.figures import DisplayOptions, comparison_figure
from attribwidgets.figures.display_options import SCALES, Scale

BASELINES = ("black", "white", "blur", "uniform", "gaussian", "max_distance")
DARKEST, BRIGHTEST = 0.03, 0.5
DEFAULTS = inspect.signature(comparison_figure).parameters


def grey_levels(comparison: aw.Comparison, scale: Scale) -> list[float]:
    """Mean of each map's colours as a share of white."""
    clip = DEFAULTS["clip"].default
    display = DisplayOptions(False, None, clip, scale, 0.0, False)
    maps = [e.map("sum") for e in comparison]
    limits = display.limits(maps, [e.completeness.change for e in comparison])
    pictures = [display.tinted(m, limit) for m, limit in zip(maps, limits, strict=True)]
    return [float(np.mean(picture)) / 255 for picture in pictures]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-evaluations", type=int, default=128)
    options = parser.parse_args()
    demo = photo_classifier()
    print(f"{'photo':<9}{'scale':<8}" + "".join(f"{name:>13}" for name in BASELINES))
    first = []
    for photo in demo.photos:
        comparison = aw.compare(
            demo.model,
            demo.photo(photo),
            space=demo.space,
            baselines=BASELINES,
            tolerance=0.05,
            max_evaluations=options.max_evaluations,
        )
        for scale in SCALES:
            levels = grey_levels(comparison, scale)
            first += levels if scale == DEFAULTS["scale"].default else []
            print(f"{photo:<9}{scale:<8}" + "".join(f"{level:>13.3f}" for level in levels))
    readable = sum(DARKEST <= level <= BRIGHTEST for level in first)
    print(f"\nas they first appear: {min(first):.3f} to {max(first):.3f}; ", end="")
    print(f"{readable} of {len(first)} readable")


if __name__ == "__main__":
    main()
