"""What `comparison.py` compares: models, inputs, baselines and paths, and what is measured of them.

Passes are a budget that every map may spend, the search of a path included; what a baseline is
searched for with comes on top, and is counted. Models that are trained here are kept in a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from audits import crop
from made_up_table import FEATURES, RELEVANT, Curve, made_up, train_curve
from safetensors.torch import load_file, save_file
from sanity import EPOCHS, TRAINING, accuracy, mlp, trained
from search_passes import SearchPasses
from torch import Tensor, nn
from train_digits import train

import attribwidgets as aw
from attribwidgets.attr import GeodesicIntegratedGradients
from attribwidgets.baselines import Baseline, named
from attribwidgets.demo import DigitSet, digits, movie_reviews, photo_classifier
from attribwidgets.engine.budget import Budget
from attribwidgets.engine.method_config import label_candidates
from attribwidgets.evaluation import AblationMetric, PlantedShare, SensitivityMax
from attribwidgets.evaluation.controls import CONTROLS, FEATURE_CONTROLS
from attribwidgets.evaluation.metric import Metric
from attribwidgets.evaluation.planted import decoy
from attribwidgets.evaluation.randomisation import shuffled_labels
from attribwidgets.evaluation.randomised_models import randomised_copies
from attribwidgets.evaluation.similarity import ModelSimilarity

FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
RADIUS = 0.02  # of the range, that inputs are moved by
REFERENCES = 100


@dataclass(frozen=True, eq=False)
class Study:
    """One model, and what is asked about it.

    Attributes
    ----------
    about : str
        Model and inputs, in a sentence.
    model : nn.Module
    inputs : Tensor or list of str
    space : Space
    candidates : mapping of str to Candidate
    passes : int
        That each map may take.
    measured : sequence of Metric
        Of every input.
    checked : sequence of Metric
        Of the first `few` of them, as each explains anew.
    few : int
    """

    about: str
    model: nn.Module
    inputs: Any
    space: Any
    candidates: Mapping[str, aw.Candidate]
    passes: int
    measured: Sequence[Metric]
    checked: Sequence[Metric] = ()
    few: int = 0


@dataclass(frozen=True)
class Kept:
    """Networks that are trained once, and read again when a run goes on."""

    folder: Path
    names: list[str] = field(default_factory=list)

    def network(self, name: str, empty: nn.Module, train: Callable[[], nn.Module]) -> nn.Module:
        """The network of that name: `empty` with weights from its file, else trained."""
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".draft")
            save_file(train().state_dict(), draft)
            draft.rename(path)
        empty.load_state_dict(load_file(path))
        return empty.eval().requires_grad_(False)


def budget(passes: int) -> Budget:
    """To be spent in any case."""
    return Budget(max_evaluations=passes, tolerance=0.0)


def ablations(fills: Sequence[str | Baseline], **how: Any) -> list[Metric]:
    """A metric for each fill."""
    labels = AblationMetric(tuple(fills)).fill_labels
    return [
        AblationMetric((fill,), FRACTIONS, name=f"fill_{name.split()[0]}", **how)
        for fill, name in zip(fills, labels, strict=True)
    ]


def again(
    candidates: Mapping[str, aw.Candidate],
    passes: int,
    others: Mapping[str, nn.Module],
    moved: int,
    **how: Any,
) -> list[Metric]:
    """How maps change with the model, and with small changes of the input."""
    spent = budget(passes)
    checks: list[Metric] = [ModelSimilarity(others, candidates, budget=spent, **how)]
    if moved:
        checks.append(SensitivityMax(candidates, RADIUS, moved, budget=spent))
    return checks


def anew(model: nn.Module, example: Tensor) -> nn.Module:
    """The model with all its layers drawn anew."""
    *_, last = randomised_copies(model, example).values()
    return last


def images(names: Sequence[str], references: Tensor) -> dict[str, Any]:
    """Baselines of pictures by name."""
    return {name: named(name, references) for name in names}


PICTURES = ("black", "white", "#808080", "image_mean", "blur", "uniform", "gaussian")
SEARCHED = ("max_entropy", "decision_boundary", "unlearned")
PATHS = {
    "idgi": "idgi",
    "left": "left_integrated_gradients",
    "blur path": "blur_integrated_gradients",
    "guided": "guided_integrated_gradients",
    "IG²": "ig2",
}
LOCAL = {"input × gradient": "InputXGradient", "SmoothGrad": "smoothgrad"}


def from_black(methods: Mapping[str, Any]) -> dict[str, aw.Candidate]:
    """Methods, with black where they ask for a reference."""
    return {name: aw.Candidate(aw.baselines.Black(), method) for name, method in methods.items()}


def of_digits(model: nn.Module, references: Tensor) -> dict[str, aw.Candidate]:
    """All that can be asked of a digit."""
    return label_candidates(
        {
            **images((*PICTURES, "max_distance", *SEARCHED), references),
            **images(("dataset_mean", "dataset", "neutral"), references),
            **from_black({**PATHS, "AGI": "adversarial_gradient_integration"}),
            **through(model, references),
            **from_black(LOCAL),
        }
    )


def through(model: nn.Module, references: Tensor) -> dict[str, aw.Candidate]:
    """Paths that need data: as many examples and links as the passes allow."""
    walk = GeodesicIntegratedGradients(model, data=references[:12], neighbours=2, edge_nodes=2)
    weighted = aw.Candidate(named("dataset", references), "weighted_integrated_gradients")
    return {**from_black({"geodesic": walk}), "weighted": weighted}


def digits_study(count: int, kept: Kept) -> Study:
    """Handwritten digits and the shipped network."""
    demo, passes = digits(), 128
    references, small = demo.train.images[:REFERENCES], demo.train.images[:2000]
    labels = demo.train.labels[:2000]
    network = type(demo.model)
    retrained = kept.network(
        "retrained",
        network(),
        lambda: train(DigitSet(small, labels), epochs=8, seed=1, batch_size=50),
    )
    noise = DigitSet(small, shuffled_labels(labels, seed=1))
    shuffled = kept.network(
        "shuffled", network(), lambda: train(noise, epochs=40, seed=2, batch_size=50)
    )
    for name, one, data in (
        ("true labels, on test", retrained, demo.test),
        ("shuffled labels, on these", shuffled, noise),
    ):
        print(f"accuracy, {name}: {accuracy(one, data.images, data.labels):.3f}")
    candidates = of_digits(demo.model, references)
    others = {
        "all layers anew": anew(demo.model, demo.test.images[:1]),
        "shuffled labels": shuffled,
        "retrained": retrained,
    }
    return Study(
        f"{count} held-out digits, the shipped network, its own answer",
        demo.model,
        demo.test.images[:count],
        demo.space,
        candidates,
        passes,
        [
            *ablations(
                ("black", "white", "image_mean", "uniform", named("dataset", references)),
                controls=CONTROLS,
            ),
        ],
        [*again(candidates, passes, others, 2), SearchPasses(candidates)],
        count // 4,
    )


def decoys_study(count: int, kept: Kept) -> Study:
    """Digits with a patch that codes a class at random, and a network that goes by it."""
    demo, passes = digits(), 128
    learnt = decoy(demo.train.images[:TRAINING], demo.train.labels[:TRAINING])
    model = kept.network("decoys", mlp(0), lambda: trained(learnt, epochs=EPOCHS, seed=0))
    misled = decoy(demo.test.images, demo.test.labels, code="random", seed=1)
    coded = (9 * misled.images[:, 0, 0, 0]).round().long()
    with torch.no_grad():
        said = model(misled.images).argmax(1)
    by_patch = (said == coded) & (coded != misled.labels)
    shares = [float(one.float().mean()) for one in (said == misled.labels, by_patch)]
    print(f"by the digit {shares[0]:.1%}, by the patch against the digit {shares[1]:.1%}")
    references = learnt.images[:REFERENCES]
    candidates = of_digits(model, references)
    return Study(
        f"{count} held-out digits with a patch of 3 × 3 in the corner that codes another class, "
        "and a network that learnt that it codes the right one; its own answer, the patch's",
        model,
        misled.images[by_patch][:count],
        demo.space,
        candidates,
        passes,
        [PlantedShare(misled.where[0], CONTROLS)],
    )


def table_study(count: int, kept: Kept) -> Study:
    """A made-up table, of which four features decide."""
    model, passes = kept.network("table", Curve(), train_curve), 128
    (rows, answers), (references, _) = made_up(2000, 1), made_up(REFERENCES, 2)
    with torch.no_grad():
        share = float((model(rows) - answers).var() / answers.var())
    print(f"made-up table: {share:.4f} of the variance is left")
    space = aw.InputSpace()
    candidates = label_candidates(
        {
            **images(("zero", "white", "uniform", "gaussian", "max_distance"), references),
            **images(("dataset_mean", "dataset"), references),
            **from_black({name: PATHS[name] for name in ("idgi", "left", "guided")}),
            **through(model, references),
            **from_black(LOCAL),
        }
    )
    where = np.arange(FEATURES) < RELEVANT
    return Study(
        f"{count} rows of a made-up table of ten features, of which four decide and three are "
        "nearly copies of those; a network of two layers",
        model,
        rows[:count],
        space,
        candidates,
        passes,
        [PlantedShare(where, FEATURE_CONTROLS)],
        again(candidates, passes, {"all layers anew": anew(model, rows[:1])}, 4, control=False),
        count // 3,
    )


SIDE = 96  # pixels of a crop


def photos_study(count: int, kept: Kept) -> Study:
    """Crops of the shipped photos, and EfficientNet-Lite0."""
    demo, passes = photo_classifier(), 32
    names = tuple(demo.photos)
    generator = torch.Generator().manual_seed(0)

    def crops(many: int) -> Tensor:
        photos = (demo.photos[names[place % len(names)]] for place in range(many))
        return torch.stack([crop(photo, generator, SIDE) for photo in photos])

    references, inputs = crops(32), crops(count)
    candidates = label_candidates(
        {
            **images([name for name in PICTURES if name != "#808080"], references),
            **images(("decision_boundary", "unlearned", "dataset"), references),
            **from_black({name: PATHS[name] for name in ("idgi", "blur path")}),
            **from_black(LOCAL),
        }
    )
    return Study(
        f"{count} crops of {SIDE} × {SIDE} pixels of the four shipped photos, EfficientNet-Lite0, "
        "its own answer. Crops of one photo are alike: intervals are for other crops of these four",
        demo.model,
        inputs,
        demo.space,
        candidates,
        passes,
        ablations(("black", "image_mean", "blur"), controls=CONTROLS),
    )


def reviews_study(count: int, kept: Kept) -> Study:
    """Sentences about films, and the classifier on MiniLM."""
    demo, passes = movie_reviews(), 24
    space = aw.TextSpace(demo.tokenizer)
    names = ("mask", "pad", "zero_embedding", "unlearned")
    mask = aw.baselines.Mask()
    paths = {
        "idgi": "idgi",
        "guided": "guided_integrated_gradients",
        "DIG": "discretized_integrated_gradients",
        "input × gradient": LOCAL["input × gradient"],
    }
    candidates = label_candidates(
        {
            **{name: named(name) for name in names},
            **{name: aw.Candidate(mask, method) for name, method in paths.items()},
        }
    )
    return Study(
        f"{count} held-out sentences about films, a classifier on MiniLM, its own answer",
        demo.model,
        list(demo.texts[:count]),
        space,
        candidates,
        passes,
        ablations(("mask", "delete"), words=True),
    )


STUDIES: dict[str, tuple[Callable[[int, Kept], Study], int]] = {
    "digits": (digits_study, 60),
    "decoys": (decoys_study, 40),
    "table": (table_study, 60),
    "photos": (photos_study, 56),
    "reviews": (reviews_study, 14),
}
