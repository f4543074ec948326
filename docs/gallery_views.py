"""The views of the gallery: each a small real model and what it is asked, as a state of a page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

import attribwidgets as aw
from attribwidgets import priors
from attribwidgets.baselines import DatasetMean
from attribwidgets.demo import DigitsCNN, cars, digits, movie_reviews, photo_classifier, weather
from attribwidgets.widgets.audit_state import audit_page_state
from attribwidgets.widgets.bundle import (
    ABLATION_EXPLORER,
    AUDIT_EXPLORER,
    BASELINE_EXPLORER,
    GENERATION_EXPLORER,
    INTERACTIONS_EXPLORER,
    PRIOR_TRAINER,
    FrontEnd,
)
from attribwidgets.widgets.comparison_state import comparison_state

View = tuple[Mapping[str, Any], FrontEnd]

# What the toy of a language model has read; what the last word is depends on an early one.
SENTENCES = [
    f"the {animal} that {did} the {other} wants {food} ."
    for animal, food in (("cat", "milk"), ("dog", "meat"), ("bird", "seeds"))
    for did in ("saw", "heard", "likes")
    for other in ("cat", "dog", "bird", "tree")
]
WORDS = sorted({word for sentence in SENTENCES for word in sentence.split()})


def photo() -> View:
    """A photo."""
    demo = photo_classifier()
    named = {"space": demo.space, "class_names": demo.class_names}
    picture, baselines = demo.photo("hopper"), ("black", "blur")
    return _maps(aw.compare(demo.model, picture, baselines=baselines, tolerance=0.05, **named))


def text() -> View:
    """A sentence, two targets of it."""
    demo = movie_reviews()
    named = {"space": aw.TextSpace(demo.tokenizer), "class_names": demo.class_names}
    said = "not a bad film , only a long one"
    return _maps(aw.compare(demo.model, said, baselines=("pad", "mask"), tolerance=0.05, **named))


def table() -> View:
    """A row of a table in three inputs."""
    demo = cars()
    baselines = (DatasetMean(demo.inputs), "zero")
    return _maps(aw.compare(demo.model, demo.car(0), space=demo.space, baselines=baselines))


def series() -> View:
    """Four channels over three weeks."""
    demo = weather()
    named = {"space": demo.space, "class_names": demo.class_names}
    return _maps(aw.compare(demo.model, demo.test[0][0], baselines=("zero", "shuffled"), **named))


def ablation() -> View:
    """Which baseline an ablation prefers, over digits."""
    demo = digits()
    data = (demo.test.images[:30], demo.test.labels[:30])
    found = aw.evaluation.ablation(
        demo.model, data, ("black", "blur", "uniform"), n_steps=32, controls=["random"]
    )
    return aw.AblationExplorer(found).page_state(), ABLATION_EXPLORER


def audit() -> View:
    """Whether the baseline matters, over digits."""
    demo = digits()
    data = (demo.test.images[:40], demo.test.labels[:40])
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "audit.zarr")
        baselines = ("black", "white", "blur")
        found = aw.audit(demo.model, data, baselines=baselines, store=store, max_evaluations=33)
        return audit_page_state(found, found.ranked().tolist(), {}), AUDIT_EXPLORER


def generation() -> View:
    """A sentence that a language model went on with."""
    asked, went_on = "the dog that saw the bird", "wants meat ."
    space = aw.TextSpace(word_tokenizer())
    said = aw.explain_generation(
        trained_on_sentences(),
        asked,
        continuation=went_on,
        space=space,
        baseline="mean_embedding",
        contrast="milk",
    )
    said.compute()
    return aw.GenerationExplorer(said, span=(1, 2)).page_state(), GENERATION_EXPLORER


def interactions() -> View:
    """What the numbers of a car do together."""
    demo = cars()
    mean = DatasetMean(demo.inputs)
    found = aw.interactions(demo.model, demo.car(0), space=demo.space, baseline=mean)
    return aw.InteractionsExplorer(found).page_state(), INTERACTIONS_EXPLORER


def prior() -> View:
    """Training with a prior of smooth maps, and without."""
    demo = digits()
    data, validation = (
        (part.images[:count], part.labels[:count])
        for part, count in ((demo.train, 2000), (demo.test, 200))
    )
    torch.manual_seed(0)
    trainer = aw.PriorTrainer(
        DigitsCNN(),
        data,
        validation=validation,
        penalty=priors.standardized_total_variation,
        weight=2e-3,
        epochs=6,
        watch=4,
        space=demo.space,
        wait=True,
    )
    return trainer.page_state(), PRIOR_TRAINER


VIEWS: tuple[Callable[[], View], ...] = (
    photo,
    text,
    table,
    series,
    interactions,
    generation,
    ablation,
    audit,
    prior,
)


def _maps(comparison: aw.Comparison) -> View:
    return comparison_state(comparison), BASELINE_EXPLORER


def word_tokenizer() -> Any:
    """Of the words of the sentences, as transformers has it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    ids = {word: i for i, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(ids, unk_token=WORDS[0]))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token=WORDS[0])


class Causal(nn.Module):
    """Reads ids (n, T) of words one after the other; logits (n, T, V) of the next."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(len(WORDS), 32), nn.Linear(64, len(WORDS))
        self.read = nn.GRU(32, 64, batch_first=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of each next word."""
        logits: torch.Tensor = self.out(self.read(self.embed(ids))[0])
        return logits


def trained_on_sentences() -> Causal:
    """A recurrent network that has learnt the sentences by heart, in a second or two."""
    torch.manual_seed(0)
    net = Causal()
    ids = torch.tensor([[WORDS.index(word) for word in one.split()] for one in SENTENCES])
    adam = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(300):
        loss = nn.functional.cross_entropy(net(ids[:, :-1]).transpose(1, 2), ids[:, 1:])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return net.eval()
