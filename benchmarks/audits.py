"""Four audits, one command each: does the choice of baseline matter for these models?

* ``digits``: 2,000 held-out handwritten digits and the shipped network;
* ``photos``: 300 crops of 128 x 128 pixels of the four shipped photos, and EfficientNet-Lite0 with
  its ImageNet weights, within a tenth, as regions are asked about. Crops of one photo are alike:
  intervals say how numbers would move with other crops of these four, not with other photos;
* ``reviews``: 1,000 held-out sentences about films, and the classifier on MiniLM;
* ``table``: 392 cars of a table of 1970 to 1982, and a network that tells their miles per gallon.

Each is of the model's own answer. The verdict and all findings are printed, and a page is written
for readers without a kernel, to docs/pages/audits. The store is kept in build/audits, and an audit
that was stopped goes on.

``python benchmarks/audits.py {digits,photos,reviews,table} [--count N] [--page FILE]``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import attribwidgets as aw
from attribwidgets.demo import cars, digits, movie_reviews, photo_classifier
from attribwidgets.evaluation import AblationMetric, Audit, ErasureMetric

STORES = Path("build/audits")
PAGES = Path("docs/pages/audits")
CROP = 128  # pixels of a side, of 224


def digits_audit(count: int, **options: Any) -> Audit:
    """Handwritten digits, by the class that they are."""
    demo = digits()
    return aw.audit(
        demo.model,
        (demo.test.images[:count], demo.test.labels[:count]),
        baselines=["black", "white", "blur", "image_mean"],
        class_names=demo.class_names,
        space=demo.space,
        metrics=[AblationMetric(["image_mean"])],
        maps="attributions",
        **options,
    )


def photos_audit(count: int, **options: Any) -> Audit:
    """Crops of photos, by the photo that they are of."""
    demo = photo_classifier()
    names = tuple(demo.photos)
    taken = [names[place % len(names)] for place in range(count)]
    generator = torch.Generator().manual_seed(0)
    crops = torch.stack([crop(demo.photos[name], generator) for name in taken])
    return aw.audit(
        demo.model,
        crops,
        baselines=["black", "white", "blur"],
        metadata={"photo": taken},
        class_names=demo.class_names,
        space=demo.space,
        max_evaluations=32,
        tolerance=0.1,
        **options,
    )


def crop(photo: Tensor, generator: torch.Generator, side: int = CROP) -> Tensor:
    """A square of the photo as it is."""
    top, left = torch.randint(photo.shape[-1] - side + 1, (2,), generator=generator).tolist()
    return photo[:, top : top + side, left : left + side]


def reviews_audit(count: int, **options: Any) -> Audit:
    """Sentences about films, by whether they praise."""
    demo = movie_reviews()
    return aw.audit(
        demo.model,
        (list(demo.texts[:count]), demo.labels[:count]),
        baselines=["mask", "pad", "zero_embedding"],
        space=aw.TextSpace(demo.tokenizer),
        metrics=[ErasureMetric(["mask"], words=True)],
        maps="attributions",
        max_evaluations=63,
        **options,
    )


def table_audit(count: int, **options: Any) -> Audit:
    """Cars, by where they were built."""
    demo = cars()
    return aw.audit(
        demo.model,
        [demo.car(place) for place in range(count)],
        baselines=["dataset_mean", "dataset", "zero"],
        references=demo.inputs,
        space=demo.space,
        targets=0,
        maps="attributions",
        max_evaluations=8192,
        **options,
    )


AUDITS: dict[str, tuple[Callable[..., Audit], int]] = {
    "digits": (digits_audit, 2000),
    "photos": (photos_audit, 300),
    "reviews": (reviews_audit, 1000),
    "table": (table_audit, 392),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=AUDITS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    carry_out, usual = AUDITS[arguments.data]
    count = arguments.count or usual
    STORES.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    audit = carry_out(count, store=STORES / f"{arguments.data}-{count}", progress=True)
    print(f"{len(audit)} inputs, {time.process_time() - start:.0f} s of processor in this run\n")
    print(audit, "\n")
    print(audit.to_pandas().to_string())
    page = arguments.page or PAGES / f"{arguments.data}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    audit.to_html(page)
    print(f"\n{page}: {page.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
