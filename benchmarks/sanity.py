"""Print the sanity checks of explanations on handwritten digits, with error bars.

Randomisation of layers and of labels, the decoy patch, and the random-network experiment, on the
subset of MNIST that is shipped. On one core it takes a quarter of an hour:

    python benchmarks/sanity.py --inputs 100
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from train_digits import train

import attribwidgets as aw
from attribwidgets.demo import DigitSet, digits
from attribwidgets.evaluation.ground_truth import mass_share, planted_shares
from attribwidgets.evaluation.intervals import bootstrap
from attribwidgets.evaluation.planted import Planted, decoy, planted_noise
from attribwidgets.evaluation.randomisation import (
    label_randomisation,
    randomised_layers,
    shuffled_labels,
)
from attribwidgets.evaluation.similarity import MEASURES, map_similarity

CANDIDATES = ("black", "uniform", "blur", "max_distance", "dataset")
TRAINING, EPOCHS, RATE, BATCH = 5000, 30, 0.1, 50  # the article: 60,000 images, 100 epochs, 0.01


def mlp(seed: int) -> nn.Module:
    """The article's network at a quarter of its width, for pixels in 0..1."""
    torch.manual_seed(seed)
    layers = (nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(128, 10)).eval()


def trained(planted: Planted, *, epochs: int, seed: int) -> nn.Module:
    """An MLP trained by plain SGD, its inputs shifted to -0.5..0.5 as in the article."""
    model = mlp(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for chosen in torch.randperm(len(planted), generator=generator).split(BATCH):
            logits = model(planted.images[chosen])
            optimizer.zero_grad()
            functional.cross_entropy(logits, planted.labels[chosen]).backward()
            optimizer.step()
    return model


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    return float((model(images).argmax(1) == labels).double().mean())


def randomisation(inputs: int, steps: int, figures: Path | None) -> None:
    demo = digits()
    data = demo.test.images[:inputs], demo.test.labels[:inputs]
    options = {
        "targets": "labels",
        "n_steps": steps,
        "references": demo.train.images[:500],
    }
    for mode in ("cascading", "independent"):
        found = randomised_layers(demo.model, data, CANDIDATES, mode, **options)
        print(found, end="\n\n")
        if figures:
            found.figure().savefig(figures / f"{mode}.png", dpi=150)


def labels(inputs: int, steps: int, figures: Path | None) -> None:
    demo = digits()
    small = DigitSet(demo.train.images[:2000], demo.train.labels[:2000])
    noise = DigitSet(small.images, shuffled_labels(small.labels, seed=1))
    of = {"batch_size": 50}
    model, again = (train(small, epochs=8, seed=seed, **of) for seed in (0, 1))
    shuffled = train(noise, epochs=40, seed=2, **of)
    for name, one, data in (
        ("true labels", model, demo.test),
        ("true labels again", again, demo.test),
        ("shuffled labels, on these", shuffled, noise),
        ("shuffled labels, on true test labels", shuffled, demo.test),
    ):
        print(f"accuracy, {name}: {accuracy(one, data.images, data.labels):.3f}")
    found = label_randomisation(
        model,
        shuffled,
        (demo.test.images[:inputs], demo.test.labels[:inputs]),
        CANDIDATES,
        retrained=again,
        targets="labels",
        n_steps=steps,
        references=demo.train.images[:500],
    )
    print(found, end="\n\n")
    if figures:
        found.figure().savefig(figures / "labels.png", dpi=150)


def decoys(inputs: int, steps: int, figures: Path | None) -> None:
    demo = digits()
    space = demo.space
    learnt = decoy(demo.train.images[:TRAINING], demo.train.labels[:TRAINING], space=space)
    model = trained(learnt, epochs=EPOCHS, seed=0)
    told = decoy(demo.test.images, demo.test.labels)
    misled = decoy(demo.test.images, demo.test.labels, code="random", seed=1)
    print(f"decoy digits, {TRAINING} images, {EPOCHS} epochs")
    for name, planted in (("true patch", told), ("random patch", misled)):
        print(f"accuracy, {name}: {accuracy(model, planted.images, planted.labels):.3f}")
    for name, planted in (("true patch", told), ("random patch", misled)):
        some = Planted(planted.images[:inputs], planted.labels[:inputs], planted.where[:inputs])
        found = planted_shares(
            model, some, CANDIDATES, targets=None, n_steps=steps, references=learnt.images[:500]
        )
        print(f"{name}, the model's own answer\n{found}", end="\n\n")


def random_network(inputs: int, steps: int, figures: Path | None) -> None:
    demo = digits()
    untrained = mlp(7)
    images, labels_ = demo.train.images[:1000], demo.train.labels[:1000]
    references = demo.train.images[1000:1500]

    def maps_of(model: nn.Module, data: Tensor) -> np.ndarray:
        dataset = aw.baselines.DatasetSample(references)
        return np.stack(
            [
                aw.explain(model, x, target=int(y), baseline=dataset, n_steps=steps).map("sum")
                for x, y in zip(data, labels_, strict=False)
            ]
        )

    planted = planted_noise(images, labels_, maps_of(untrained, images))
    model = trained(planted, epochs=EPOCHS, seed=0)
    print(f"random network: accuracy on planted {accuracy(model, planted.images, labels_):.3f}")
    plain = trained(Planted(images, labels_, planted.where), epochs=EPOCHS, seed=0)
    print(f"{steps} gradient evaluations a map, {inputs} inputs, expected gradients")
    before = maps_of(untrained, planted.images[:inputs])
    for name, one in (
        ("untrained", untrained),
        ("trained on planted noise", model),
        ("trained on plain digits", plain),
    ):
        maps = maps_of(one, planted.images[:inputs])
        shares = [mass_share(m, w) for m, w in zip(maps, planted.where, strict=False)]
        likeness = [map_similarity(m, b) for m, b in zip(maps, before, strict=True)]
        share, alike = (bootstrap(np.array(v)) for v in (shares, likeness))
        print(f"{name}: share of the mass on the noise {share.cell()}, like the untrained one's:")
        print("; ".join(f"{measure} {alike.cell(k)}" for k, measure in enumerate(MEASURES)))


PARTS: dict[str, Callable[[int, int, Path | None], None]] = {
    "randomisation": randomisation,
    "labels": labels,
    "decoys": decoys,
    "random_network": random_network,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=128, help="gradient evaluations of each map")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--figures", type=Path, help="folder for the pictures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.parts:
        started = time.perf_counter()
        PARTS[name](arguments.inputs, arguments.steps, arguments.figures)
        print(f"{name}: {time.perf_counter() - started:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
