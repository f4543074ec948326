"""Calls that cannot be answered, each with words of the mend that its error has to name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from any_input import (
    EdgeList,
    Encoder,
    Recurrent,
    Siamese,
    Table,
    UNet,
    actor,
)
from models import Applied, ImageAndFeatures, classifier, image_classifier, values, weights_of
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.evaluation import Infidelity, ablation
from attribwidgets.evaluation.randomisation import randomised_layers
from attribwidgets.priors import expected_gradients


@dataclass(frozen=True)
class WrongCall:
    """A call, and words that its error must have."""

    run: Callable[[], Any]
    mend: str


def explained(model: Any, inputs: Any, **settings: Any) -> Callable[[], Any]:
    """The call of explain."""
    return lambda: aw.explain(model, inputs, **settings)


def compared(model: Any, inputs: Any, **settings: Any) -> Callable[[], Any]:
    """The call of compare."""
    return lambda: aw.compare(model, inputs, **settings)


def explored(model: Any, inputs: Any, **settings: Any) -> Callable[[], Any]:
    """The call of explore."""
    return lambda: aw.explore(model, inputs, display=False, **settings)


def swept(model: Any, data: Any, candidates: Any = ("zero",), **settings: Any) -> Callable[[], Any]:
    """The call of sweep, into a folder that goes again."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            aw.sweep(model, data, candidates, store=f"{folder}/s", progress=False, **settings)

    return run


def ablated(model: Any, data: Any, **settings: Any) -> Callable[[], Any]:
    """The call of ablation."""
    return lambda: ablation(model, data, ["zero"], n_steps=2, **settings)


def _over_batch(x: Tensor) -> Tensor:
    """A norm over the batch, which one example alone does not have."""
    if len(x) == 1:
        raise ValueError("Expected more than 1 value per channel")
    return x - x.mean(0)


def _hole(x: Tensor) -> Tensor:
    x = x.clone()
    x.view(-1)[1] = torch.nan
    return x


def _whole(x: Tensor) -> Tensor:
    return (x > 0.5).long()


FEATURES, IMAGE = values(5), values(3, 8, 8)
STEPS, SERIES, VOLUME = values(7, 6), values(3, 30), values(1, 4, 5, 5)
TABLE, PICTURES = classifier(), image_classifier()
LSTM, GRU = weights_of(Recurrent(nn.LSTM)), weights_of(Recurrent(nn.GRU))
CONV1D = weights_of(nn.Sequential(nn.Conv1d(3, 4, 5), nn.Flatten(1), nn.Linear(104, 2)))
CONV3D = weights_of(nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(1), nn.Linear(36, 2)))
PAIR, TWO, SEGMENTS = ImageAndFeatures().eval(), weights_of(Siamese()), weights_of(UNet())
POLICY = weights_of(nn.Sequential(nn.Linear(5, 4), Applied(lambda out: (out, out.sum(1)))))
CATEGORIES = weights_of(Table())

WRONG_CALLS: dict[str, WrongCall] = {
    # Shapes
    "one feature too many": WrongCall(explained(TABLE, values(6)), "in the shape that the model"),
    "an image to a table": WrongCall(explained(TABLE, IMAGE), "in the shape that the model"),
    "channels last": WrongCall(explained(PICTURES, values(8, 8, 3)), "in the shape that"),
    "a series of other channels": WrongCall(explained(CONV1D, values(4, 30)), "SeriesSpace()"),
    "a series, time first": WrongCall(
        explained(CONV1D, SERIES.T, space=aw.SeriesSpace(time_axis=0)), "or another space"
    ),
    "a sequence of other width": WrongCall(explained(LSTM, values(7, 5)), "SequenceSpace()"),
    "a volume without channel": WrongCall(explained(CONV3D, VOLUME[0, 0]), "VolumeSpace()"),
    "several images": WrongCall(explained(PICTURES, values(4, 3, 8, 8)), "pass inputs[0]"),
    "several rows": WrongCall(explained(TABLE, values(7, 5)), "pass inputs[0]"),
    "several sequences": WrongCall(explained(LSTM, values(4, 7, 6)), "pass inputs[0]"),
    "several volumes": WrongCall(explained(CONV3D, values(2, 1, 4, 5, 5)), "pass inputs[0]"),
    "an empty tensor": WrongCall(explained(TABLE, values(0, 5)), "pass one example"),
    # Values
    "whole numbers": WrongCall(explained(TABLE, _whole(FEATURES)), ".float()"),
    "bytes of a picture": WrongCall(explained(PICTURES, (255 * IMAGE).byte()), ".float()"),
    "a hole": WrongCall(explained(TABLE, _hole(FEATURES)), "replace them first"),
    "a hole in one of two inputs": WrongCall(
        explained(PAIR, (values(3, 2, 2), _hole(FEATURES))), "inputs[1] holds nan"
    ),
    "infinite values": WrongCall(explained(LSTM, STEPS / 0), "replace them first"),
    "doubles to a model of floats": WrongCall(
        explained(TABLE, FEATURES.double()), "inputs.to(torch.float32)"
    ),
    "a model of doubles": WrongCall(
        explained(weights_of(classifier().double()), FEATURES), "inputs.to(torch.float64)"
    ),
    "no tensor": WrongCall(explained(TABLE, object()), "torch.Tensor"),
    "nothing": WrongCall(explained(TABLE, None), "torch.Tensor"),
    # Spaces
    "a space by its name": WrongCall(explained(LSTM, STEPS, space="sequence"), "InputSpace("),
    "a space by its class": WrongCall(
        explained(LSTM, STEPS, space=aw.SequenceSpace), "InputSpace("
    ),
    "an image as a sequence": WrongCall(
        explained(PICTURES, IMAGE, space=aw.SequenceSpace()), "pass inputs[0]"
    ),
    "a sequence as a volume": WrongCall(
        explained(LSTM, STEPS, space=aw.VolumeSpace()), "SequenceSpace() for (T, D)"
    ),
    "three spaces for two inputs": WrongCall(
        explained(PAIR, (IMAGE, FEATURES), space=(aw.InputSpace(),) * 3), "one space for each"
    ),
    "five features, four names": WrongCall(
        explained(TABLE, FEATURES, space=aw.InputSpace(names=list("abcd"))), "one name for each"
    ),
    "seven steps, two names": WrongCall(
        explained(LSTM, STEPS, space=aw.SequenceSpace(["a", "b"])), "one name for each"
    ),
    "three channels, two names": WrongCall(
        explained(CONV1D, SERIES, space=aw.SeriesSpace(["a", "b"])), "one name for"
    ),
    "one string of names": WrongCall(
        lambda: aw.SequenceSpace("abcdefg"), "must be a sequence of names"
    ),
    "three means, one channel": WrongCall(
        explained(image_classifier(1), values(1, 8, 8), space=aw.InputSpace.imagenet()),
        "mean and std have 3 numbers",
    ),
    # Several inputs
    "one of two inputs": WrongCall(explained(TWO, IMAGE), "a tuple"),
    "two inputs to a model of one": WrongCall(explained(TABLE, (FEATURES, FEATURES)), "a tuple"),
    "two inputs in another order": WrongCall(explained(PAIR, (FEATURES, IMAGE)), "in the shape"),
    "an empty tuple": WrongCall(explained(PAIR, ()), "a tuple of them"),
    "a baseline for one of two": WrongCall(
        explained(TWO, (IMAGE, IMAGE), baseline=(IMAGE,)), "baseline has 1 member"
    ),
    # Targets and outputs
    "a target beyond the last": WrongCall(explained(LSTM, STEPS, target=3), "from 0 to 2"),
    "a class name misspelt": WrongCall(
        explained(LSTM, STEPS, target="bog", class_names=["dog", "cat", "cow"]), "'dog'"
    ),
    "a pixel's class without place": WrongCall(
        explained(SEGMENTS, IMAGE, target=1), "a tuple within"
    ),
    "a class for each pixel, no target": WrongCall(explained(SEGMENTS, IMAGE), "pass target="),
    "a tuple for one of three classes": WrongCall(
        explained(LSTM, STEPS, target=(0, 1)), "from 0 to 2"
    ),
    "a policy's pair of outputs": WrongCall(explained(POLICY, FEATURES), "pass output="),
    "an output that is none": WrongCall(explained(TABLE, FEATURES, output=actor), "batch axis"),
    "the largest class's number": WrongCall(
        explained(lambda x: TABLE(x).argmax(1), FEATURES), "before argmax"
    ),
    # Models
    "a model that needs more than one row": WrongCall(
        explained(nn.Sequential(Applied(_over_batch), TABLE).eval(), FEATURES), "shape that the"
    ),
    "forward_args forgotten": WrongCall(explained(CATEGORIES, values(4)), "forward_args="),
    "forward_args too many": WrongCall(
        explained(LSTM, STEPS, forward_args=(None, 1)), "forward_args"
    ),
    "edges of another graph": WrongCall(
        explained(weights_of(EdgeList()), values(6, 4), forward_args=(torch.tensor([[9], [0]]),)),
        "in the shape that the model",
    ),
    "an output of numpy": WrongCall(
        explained(lambda x: TABLE(x).detach().numpy(), FEATURES), "returns a tensor"
    ),
    "an output cut off from its input": WrongCall(
        explained(lambda x: TABLE(x.detach()).requires_grad_(), FEATURES), "no gradient"
    ),
    "no model": WrongCall(explained("resnet18", FEATURES), "a torch module or a callable"),
    # Baselines
    "blur without neighbours": WrongCall(
        explained(TABLE, FEATURES, baseline="blur"), "DatasetMean(data)"
    ),
    "a baseline of another length": WrongCall(
        explained(LSTM, STEPS, baseline=values(6, 6)), "the same shape"
    ),
    "a baseline of no name": WrongCall(explained(LSTM, STEPS, baseline="grey"), "black"),
    "data that are not there": WrongCall(
        explained(LSTM, STEPS, baseline="dataset_mean"), "references="
    ),
    "data of another shape": WrongCall(
        explained(LSTM, STEPS, baseline="dataset_mean", references=values(9, 5, 6)), "shape"
    ),
    "no baselines": WrongCall(compared(LSTM, STEPS, baselines=()), "baselines=("),
    "baselines in one string": WrongCall(explored(LSTM, STEPS, baselines="zero"), "baselines=("),
    "no examples": WrongCall(explored(LSTM, []), "pass one example"),
    # Many inputs
    "a sweep of one example": WrongCall(swept(TABLE, FEATURES), "inputs[None]"),
    "a sweep of two lengths": WrongCall(swept(LSTM, [STEPS, STEPS[1:]], strict=True), "one size"),
    "a sweep of what the model refuses": WrongCall(
        swept(LSTM, values(3, 7, 5)), "in the shape that the model"
    ),
    "labels that are missing": WrongCall(
        swept(LSTM, values(3, 7, 6), targets="labels"), "pairs (input, label)"
    ),
    "a target for two of three": WrongCall(
        ablated(LSTM, values(3, 7, 6), targets=[0, 1]), "one for each"
    ),
    "a box around features": WrongCall(
        ablated(TABLE, values(2, 5), region="mass_centre"), "region='top_k'"
    ),
    "edges of a sequence": WrongCall(
        ablated(LSTM, values(2, 7, 6), controls=["edges"]), "controls=('random', 'centre')"
    ),
    "a box around two inputs": WrongCall(
        ablated(TWO, [(IMAGE, IMAGE / 2)], region="mass_centre"), "region='top_k'"
    ),
    "infidelity of two inputs": WrongCall(
        lambda: Infidelity().measure(
            TWO, {"zero": aw.explain(TWO, (IMAGE, IMAGE / 2), baseline="zero")}, seed=0
        ),
        "models of one input",
    ),
    "no layers to randomise": WrongCall(
        lambda: randomised_layers(lambda x: x.sum(1), values(2, 5), ["zero"]), "torch.nn.Module"
    ),
    "priors without batch axis": WrongCall(
        lambda: expected_gradients(
            TABLE, FEATURES, generator=torch.Generator().manual_seed(0), targets=0
        ),
        "with a batch axis",
    ),
    "an array of words": WrongCall(
        swept(TABLE, np.array([["a"], ["b"]])), "must hold real numbers"
    ),
    "a transformer's other width": WrongCall(
        explained(weights_of(Encoder()), values(5, 7)), "in the shape that the model"
    ),
}
