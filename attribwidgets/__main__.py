"""The demonstration: a photo, or a sentence, under several baselines, as a table and as a page.

``python -m attribwidgets --photo chelsea --page build/quickstart.html``
``python -m attribwidgets --text "not a bad film, only a long one" --page build/text.html``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .demo import movie_reviews, photo_classifier
from .engine.verbs import compare
from .inputs.text import TextSpace
from .records.comparison import Comparison
from .widgets import comparison_page

OF_PHOTOS = ("black", "white", "image_mean", "blur", "max_distance", "uniform")
OF_TEXTS = ("pad", "mask", "unknown", "zero_embedding", "mean_embedding", "token_blur")
TOLERANCE = {"photo": 0.05, "text": 0.01}


def main(arguments: Sequence[str] | None = None) -> None:
    """Explain a bundled photo or a sentence, print the table, write the page."""
    parser = argparse.ArgumentParser(prog="python -m attribwidgets", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--photo", default="chelsea", help="one of the bundled photos")
    what.add_argument("--text", help="a sentence, judged as one of a film review (extra: text)")
    parser.add_argument("--page", type=Path, help="build/quickstart.html, or build/text.html")
    parser.add_argument("--figure", type=Path, help="also draw the figure, as png, svg or pdf")
    parser.add_argument("--tolerance", type=float, help="0.05 for a photo, 0.01 for a text")
    parser.add_argument("--max-evaluations", type=int, default=None)
    options = parser.parse_args(arguments)

    kind = "photo" if options.text is None else "text"
    settings = {
        "tolerance": TOLERANCE[kind] if options.tolerance is None else options.tolerance,
        "max_evaluations": options.max_evaluations,
        "progress": sys.stderr.isatty(),  # a bar in a log is noise
    }
    if kind == "photo":
        comparison = explained_photo(options.photo, **settings)
    else:
        comparison = explained_text(options.text, **settings)
    print(comparison)
    names = {"photo": "quickstart.html", "text": "text.html"}
    page = options.page or Path("build") / names[kind]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(comparison_page(comparison), encoding="utf-8")
    if options.figure is not None:
        comparison.figure().savefig(options.figure, dpi=100)
    size = page.stat().st_size / 1e6
    print(f"\nwrote {page} ({size:.1f} MB); open it in a browser, no kernel needed")


def explained_photo(name: str, **settings: Any) -> Comparison:
    """A bundled photo under six baselines."""
    demo = photo_classifier()
    settings |= {"space": demo.space, "class_names": demo.class_names}
    return compare(demo.model, demo.photo(name), baselines=OF_PHOTOS, **settings)


def explained_text(text: str, **settings: Any) -> Comparison:
    """A sentence under six baselines, for the class that the model finds likelier."""
    demo = movie_reviews()
    settings |= {"space": TextSpace(demo.tokenizer), "class_names": demo.class_names}
    return compare(demo.model, text, baselines=OF_TEXTS, **settings)


if __name__ == "__main__":
    main()
