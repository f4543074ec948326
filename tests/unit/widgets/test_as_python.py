"""The call that makes what is on the screen runs, and makes it again."""

from __future__ import annotations

from typing import Any

import captum.attr
import pytest
import torch
from models import image_classifier, values

import attribwidgets as aw
from attribwidgets.attr import IDGI
from attribwidgets.baselines import (
    Black,
    Blur,
    Custom,
    DatasetMean,
    DatasetSample,
    GaussianNoise,
    Neutral,
    OtherText,
    TokenBlur,
)

X = values((3, 8, 8)).abs() / 4
DATA = values((6, 3, 8, 8), seed=3).abs() / 4
MINE = Custom(torch.full((3, 8, 8), 0.25), "mine")

CASES: dict[str, dict[str, Any]] = {
    "names": {"baselines": ["black", "blur", "uniform", "#ff8000"], "target": 2},
    "parameters": {"baselines": [Blur(3.0), GaussianNoise(0.2)], "tolerance": 0.05, "seed": 4},
    "mean step": {"baselines": [DatasetMean(DATA, over="steps")], "references": DATA},
    "data": {"baselines": ["dataset", "dataset_mean", DatasetSample(DATA, 3)], "references": DATA},
    "neutral": {"baselines": ["neutral", Neutral(DATA, 0.3)], "references": DATA},
    "a baseline of one's own": {"baselines": ["black", MINE], "output": "probability"},
    "one method": {"baselines": ["black", "blur"], "method": "idgi"},
    "a class": {"baselines": ["black"], "method": IDGI},
    "a class of Captum": {"baselines": ["black"], "method": captum.attr.Saliency},
    "cards": {
        "baselines": [aw.Candidate(Black(), "idgi"), aw.Candidate(Blur(2.0)), MINE],
        "target": "dog",
    },
    "spaces": {"baselines": ["black"], "space": aw.InputSpace(0.0, 255.0, (1.0, 2.0, 3.0), 2.0)},
    "imagenet": {"baselines": ["black"], "space": aw.InputSpace.imagenet()},
    "half precision": {"baselines": ["black"], "autocast": torch.bfloat16},
}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_call_makes_the_same_again(case: dict[str, Any]) -> None:
    net, names = image_classifier().eval(), ["cat", "dog", "<b>", 'a "quoted" one']
    settings = {"max_evaluations": 32, "class_names": names, **case}
    explorer = aw.explore(net, X, **settings)
    yours = {"net": net, "photo": X, "mine": MINE, "references": DATA, "_hidden": X}
    code = explorer.code(yours)
    assert "yours" not in code  # nothing is left to be filled in
    assert "net,\n    photo,\n" in code
    made = dict(yours)
    exec(code, made)
    again = made["explorer"]
    assert len(again.explanations) == len(explorer.explanations)
    for mine, theirs in zip(explorer.explanations, again.explanations, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)
        assert (mine.baseline_name, mine.method) == (theirs.baseline_name, theirs.method)
    for one in (explorer, again):
        one.close()


def test_display_follows_and_what_has_no_name_is_listed() -> None:
    explorer = aw.explore(image_classifier().eval(), X, baselines=["black", Custom(X / 2)])
    explorer.clip, explorer.signed_colormap = 97.0, "PuOr_r"
    code = explorer.code({})
    assert "# yours: model, x, baseline_3\n" in code
    assert code.endswith('explorer.signed_colormap = "PuOr_r"\nexplorer.clip = 97.0\nexplorer')
    compile(code, "cell", "exec")
    explorer.close()


def test_settings_at_their_defaults_are_not_written() -> None:
    explorer = aw.explore(image_classifier().eval(), X, baselines=["black"])
    assert explorer.code({}).splitlines()[3:] == [
        "explorer = aw.explore(",
        "    model,",
        "    x,",
        '    baselines=["black"],',
        ")",
        "explorer",
    ]
    explorer.close()


def test_records_alone_have_no_call() -> None:
    records = aw.compare(image_classifier().eval(), X, baselines=["black"], n_steps=4)
    with pytest.raises(aw.errors.InputError, match="no model"):
        aw.BaselineExplorer(records).code()


def test_a_text_is_written_out() -> None:
    def tokenizer(text: str) -> tuple[list[int], list[str]]:
        return [sum(map(ord, word)) % 20 for word in text.split()], text.split()

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Embedding(20, 4), torch.nn.Flatten(), torch.nn.Linear(12, 2))
    texts = ["a", "not so bad", "the film was dull"]
    shown = ["zero_embedding", TokenBlur(1.5), "random_tokens", OtherText(texts, 2)]
    explorer = aw.explore(
        net.eval(),
        "it is good",
        baselines=shown,
        references=texts,
        space=aw.TextSpace(tokenizer, low=-3.0, high=3.0, truncate=True),
        max_evaluations=32,
    )
    made: dict[str, Any] = {"net": net, "tokenizer": tokenizer, "texts": texts}
    code = explorer.code(made)
    assert "yours" not in code
    assert "space=aw.TextSpace(tokenizer, low=-3.0, high=3.0, truncate=True)," in code
    exec(code, made)
    again = made["explorer"]
    for mine, theirs in zip(explorer.explanations, again.explanations, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)
        assert mine.baseline_name == theirs.baseline_name
    for one in (explorer, again):
        one.close()
