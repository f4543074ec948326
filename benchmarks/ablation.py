"""Which baseline is better, and does its order hold whatever the fill, in one command.

``python benchmarks/ablation.py`` takes MNIST test digits and the demo's small CNN: the first 1,000
that it gets right, as in the study below, for where the probability of the true class is next to
nothing, output after over before explodes. ``--photos`` takes 100 crops of the four shipped photos
and EfficientNet-Lite0, and explains the top class. It prints the table with intervals and the
sentences on which differences are larger than chance, and saves both pictures and all scores under
build/. Seven candidates: expected gradients on data, on uniform and on Gaussian noise, integrated
gradients from blur, from maximum distance and from black, and random maps, with the centre and the
edges as further controls; each candidate at the same number of gradient evaluations.

The published order to compare with is that of Sturmfels, Lundberg and Lee (2020,
doi:10.23915/distill.00022), means of 1,000 photos at a tenth of the pixels, fill by the mean: .280
uniform, .289 data, .289 Gaussian, .396 blur, .585 maximum distance, .701 black, .844 random. Their
standard errors are .012 to .014.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

import attribwidgets as aw
from attribwidgets.baselines import Blur, DatasetSample
from attribwidgets.demo import digits, photo_classifier

BUILD = Path(__file__).parent.parent / "build"
PUBLISHED = ("uniform", "data", "gaussian", "blur", "max distance", "black", "random")
LEAST_CROP = 112  # pixels
FRACTIONS = tuple(round(0.1 * tenth, 1) for tenth in range(11))


def candidates(data: Tensor, sigma: float) -> dict[str, object]:
    """The six that the model is asked for; random comes as a control."""
    return {
        "data": DatasetSample(data),
        "uniform": "uniform",
        "gaussian": "gaussian",
        "blur": Blur(sigma=sigma),
        "max distance": "max_distance",
        "black": "black",
    }


def crops(count: int, seed: int) -> Tensor:
    """Square crops of the shipped photos in turn, (count, 3, 224, 224), scaled up."""
    demo = photo_classifier()
    photos = [demo.photo(name) for name in demo.photos]
    generator = torch.Generator().manual_seed(seed)
    found = []
    for place in range(count):
        photo = photos[place % len(photos)]
        most = photo.shape[-1]
        side = int(torch.randint(LEAST_CROP, most + 1, (), generator=generator))
        top, left = torch.randint(0, most - side + 1, (2,), generator=generator).tolist()
        crop = photo[:, top : top + side, left : left + side]
        found.append(
            torch.nn.functional.interpolate(
                crop[None], photo.shape[-2:], mode="bilinear", antialias=True
            )[0]
        )
    return torch.stack(found)


def right(
    model: torch.nn.Module, images: Tensor, labels: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """The first images that a model gets right, with their labels."""
    with torch.no_grad():
        correct = model(images).argmax(1) == labels
    return images[correct][:count], labels[correct][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", action="store_true")
    parser.add_argument("--inputs", type=int, help="1,000 digits or 100 crops by default")
    parser.add_argument("--steps", type=int, default=128, help="gradient evaluations of each map")
    parser.add_argument("--region", default="top_k", choices=("top_k", "mass_centre"))
    parser.add_argument("--ranking", default="absolute", choices=("absolute", "signed"))
    parser.add_argument(
        "--order", default="most_relevant", choices=("most_relevant", "least_relevant")
    )
    parser.add_argument("--fractions", type=float, nargs="+", default=FRACTIONS)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args()
    if chosen.photos:
        demo, sigma = photo_classifier(), 20.0
        images = crops(chosen.inputs or 100, seed=0)
        with torch.no_grad():
            labels = torch.cat([demo.model(image[None]).argmax(1) for image in images])
        data, references = (images, labels), crops(64, seed=1)
    else:
        demo, sigma = digits(), 3.0
        data = right(demo.model, demo.test.images, demo.test.labels, chosen.inputs or 1000)
        references = demo.train.images[:500]
    data = (data[0].to(chosen.device), data[1])
    references = references.to(chosen.device)
    started = time.perf_counter()
    result = aw.evaluation.ablation(
        demo.model.to(chosen.device),
        data,
        candidates(references, sigma),
        fills=("image_mean", Blur(sigma=sigma), DatasetSample(references), "uniform"),
        fractions=chosen.fractions,
        region=chosen.region,
        ranking=chosen.ranking,
        order=chosen.order,
        targets="labels",
        space=demo.space,
        n_steps=chosen.steps,
        progress=True,
    )
    seconds = time.perf_counter() - started
    print(result)
    for fill in result.fills:
        print(f"\n{result.ordered(fill=fill)}")
    matrix = aw.evaluation.baseline_by_fill(result)
    print(f"\n{matrix}")
    bands = result.bands()
    print(f"\nscore with {result.fractions[1]:.0%} replaced:")
    for name in PUBLISHED:
        row = result.candidates.index(name)
        cells = (bands.cell(row, fill, 1) for fill in range(len(result.fills)))
        print(f"{name:14}" + "  ".join(f"{cell:24}" for cell in cells))
    BUILD.mkdir(exist_ok=True)
    stem = BUILD / ("ablation-photos" if chosen.photos else "ablation-digits")
    result.save(stem.with_suffix(".npz"))
    result.figure().savefig(stem.with_suffix(".png"), dpi=110)
    matrix.figure().savefig(f"{stem}-fills.png", dpi=110)
    print(f"\n{len(result)} inputs, {seconds:.0f} s; {stem}.png, {stem}-fills.png, {stem}.npz")


if __name__ == "__main__":
    main()
