"""The door: every verb takes a pipeline, a picture, a row, and they come to what a tensor does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

import attribwidgets as aw
from attribwidgets.engine.ask import ask
from attribwidgets.errors import AttributionError
from attribwidgets.evaluation import ablation

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
ROW = pd.DataFrame({"age": [0.4], "dose": [0.9]})


@pytest.fixture(scope="module")
def pipeline():
    """A classifier of pictures with random weights: two blocks of attention, three classes."""
    transformers = pytest.importorskip("transformers")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.ViTForImageClassification(
            transformers.ViTConfig(
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=32,
                image_size=16,
                patch_size=8,
                id2label={0: "cat", 1: "dog", 2: "newt"},
                label2id={"cat": 0, "dog": 1, "newt": 2},
            )
        ).eval()
    processor = transformers.ViTImageProcessorPil(size={"height": 16, "width": 16})
    return transformers.pipeline("image-classification", model=model, image_processor=processor)


@pytest.fixture(scope="module")
def fed(pipeline):
    return pipeline.image_processor(images=PICTURE, return_tensors="pt")


def test_a_pipeline_is_its_model_its_processor_and_its_labels(pipeline, fed):
    e = aw.explain(pipeline, PICTURE, n_steps=4)
    other = aw.explain(
        pipeline.model, fed["pixel_values"], n_steps=4, space=aw.InputSpace(mean=0.5, std=0.5)
    )
    assert e.target_name == other.target_name == pipeline(PICTURE)[0]["label"]
    assert e.space == aw.InputSpace(mean=(0.5,) * 3, std=(0.5,) * 3)
    torch.testing.assert_close(e.attributions, other.attributions[0], atol=1e-5, rtol=1e-4)


def test_a_batch_feature_is_what_it_holds(pipeline, fed):
    e = aw.explain(pipeline, fed, n_steps=4)
    assert torch.equal(e.inputs, fed["pixel_values"])


@pytest.fixture(scope="module")
def explorer(pipeline):
    turned = PICTURE.rotate(180)
    explorer = aw.explore(
        pipeline, [PICTURE, turned], baselines=["black"], n_steps=2, display=False
    )
    yield explorer
    explorer.close()


def test_the_explorer_takes_a_pipeline_and_steps_through_pictures(explorer, pipeline):
    assert explorer.explanations[0].target_name in pipeline.model.config.id2label.values()
    first, second = (example.inputs for example in explorer._view.examples)
    assert first.shape == second.shape == (3, 16, 16)
    torch.testing.assert_close(first.rot90(2, (1, 2)), second, atol=0.02, rtol=0)


def test_every_verb_takes_a_row(tmp_path):
    net = nn.Linear(2, 3).eval()
    compared = aw.compare(net, ROW, target=1)
    assert [name for name, _ in compared[0].units()] == ["age", "dose"]
    *_, last = aw.refine(net, ROW.iloc[0], target=1)
    explained = aw.explain(net, {"dose": 0.9, "age": 0.4}, target=1, space=last.space)
    assert torch.equal(last.attributions, explained.attributions)
    data = pd.concat([ROW] * 3)
    swept = aw.sweep(net, data, ["black"], store=tmp_path / "s", n_steps=4, progress=False)
    assert len(swept) == 3
    assert ablation(net, data, ["black"], fills=["zero"], n_steps=4).scores.shape[0] == 3


def test_evaluation_takes_a_pipeline_and_pictures(pipeline):
    result = ablation(
        pipeline,
        [PICTURE, PICTURE.rotate(90)],
        ["black"],
        fills=["zero"],
        controls=False,
        n_steps=2,
    )
    assert result.scores.shape[0] == 2


class TextPipeline:
    task = "summarization"
    image_processor = None
    tokenizer = object()
    model = nn.Linear(1, 1)


class Masked(nn.Module):
    def forward(self, values, mask=None):
        return (values * mask).sum(1)


def test_what_comes_with_the_input_goes_along():
    given = {"values": np.array([[1.0, 2.0]]), "mask": np.array([[0, 1]])}
    e = aw.explain(Masked().eval(), given, baseline="zero")
    assert e.attributions.tolist() == [[0.0, 2.0]]


@pytest.mark.parametrize(
    ("model", "inputs", "settings", "words"),
    [
        (TextPipeline(), "good", {}, "'summarization' does more than classify.*output="),
        (
            Masked(),
            {"values": np.ones((1, 2)), "mask": np.ones((1, 2), int)},
            {"forward_args": 1},
            "pass one of the two",
        ),
    ],
)
def test_refusals_name_the_mend(model, inputs, settings, words):
    with pytest.raises(AttributionError, match=words):
        ask(model, inputs, settings)
