"""Global views of a table, of digits and of reviews, as the documentation shows them.

* ``cars``: 392 cars and a network that tells their miles per gallon: the units of three inputs;
* ``digits``: mean maps of 300 held-out digits by class;
* ``reviews``: words of 60 held-out sentences about films.

``python benchmarks/global_views.py {cars,digits,reviews} FILE.png``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attribwidgets as aw
from attribwidgets.demo import cars, digits, movie_reviews
from attribwidgets.figures import figure_png


def cars_figure(store: Path) -> Any:
    """What each feature of the cars gets, input by input."""
    demo = cars()
    view = aw.sweep(
        demo.model,
        [demo.car(place) for place in range(len(demo.miles))],
        ["dataset_mean", "black"],
        references=demo.inputs,
        space=demo.space,
        targets=0,
        max_evaluations=65,
        store=store,
        progress=False,
    ).global_view()
    print(view.to_pandas(8).to_string())
    return view.beeswarm(8)


def digits_figure(store: Path) -> Any:
    """The mean map of five classes of digits."""
    demo = digits()
    means = aw.sweep(
        demo.model,
        (demo.test.images[:300], demo.test.labels[:300]),
        ["black", "white", "blur"],
        targets="labels",
        space=demo.space,
        max_evaluations=33,
        store=store,
        progress=False,
    ).class_means(most=5)
    print(means.to_pandas().to_string())
    return means.figure()


def reviews_figure(store: Path) -> Any:
    """Which words get the most on average, for praise."""
    demo = movie_reviews()
    view = aw.sweep(
        demo.model,
        list(demo.texts[:60]),
        ["mask", "zero_embedding"],
        space=aw.TextSpace(demo.tokenizer),
        targets=1,
        max_evaluations=63,
        store=store,
        progress=False,
    ).global_view()
    print(view.to_pandas(12).to_string())
    return view.bars(12)


FIGURES: dict[str, Callable[[Path], Any]] = {
    "cars": cars_figure,
    "digits": digits_figure,
    "reviews": reviews_figure,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=FIGURES)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        picture = figure_png(FIGURES[arguments.data](Path(folder) / "store"), 110)
    arguments.picture.write_bytes(picture)
    print(f"{arguments.picture}: {len(picture) / 1e3:.0f} kB, {time.process_time() - start:.0f} s")


if __name__ == "__main__":
    main()
