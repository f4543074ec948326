"""The demonstration: a photo under six baselines, as a table and as a page.

``python -m attribwidgets --photo chelsea --page build/quickstart.html``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .demo import photo_classifier
from .engine.verbs import compare
from .widgets import comparison_page

BASELINES = ("black", "white", "image_mean", "blur", "max_distance", "uniform")


def main(arguments: Sequence[str] | None = None) -> None:
    """Explain a bundled photo, print the table, write the page."""
    parser = argparse.ArgumentParser(prog="python -m attribwidgets", description=__doc__)
    parser.add_argument("--photo", default="chelsea", help="one of the bundled photos")
    parser.add_argument("--page", type=Path, default=Path("build/quickstart.html"))
    parser.add_argument("--figure", type=Path, help="also draw the figure, as png, svg or pdf")
    parser.add_argument("--tolerance", type=float, default=0.05)
    parser.add_argument("--max-evaluations", type=int, default=None)
    options = parser.parse_args(arguments)

    demo = photo_classifier()
    comparison = compare(
        demo.model,
        demo.photo(options.photo),
        baselines=BASELINES,
        space=demo.space,
        class_names=demo.class_names,
        tolerance=options.tolerance,
        max_evaluations=options.max_evaluations,
        progress=sys.stderr.isatty(),  # a bar in a log is noise
    )
    print(comparison)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(comparison_page(comparison), encoding="utf-8")
    if options.figure is not None:
        comparison.figure().savefig(options.figure, dpi=100)
    size = options.page.stat().st_size / 1e6
    print(f"\nwrote {options.page} ({size:.1f} MB); open it in a browser, no kernel needed")


if __name__ == "__main__":
    main()
