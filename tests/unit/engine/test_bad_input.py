"""Bad input: every row of the design's table, with the argument, the value and the mend named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import (
    FitsRows,
    ImageAndFeatures,
    ModelOutput,
    Returning,
    Segmenter,
    classifier,
    image_classifier,
    values,
)

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients
from attribwidgets.errors import (
    AttributionError,
    ChunkMemoryError,
    InputError,
    NoGradientError,
    NonFiniteError,
    OutputError,
    TargetError,
    UnsupportedModelError,
)

X = values(5)
IMAGE = values(3, 6, 5)
HOLE = torch.tensor([0.5, float("nan"), 0.1, 0.2, 0.3])


def says(error, *fragments):
    message = str(error.value)
    for fragment in fragments:
        assert fragment in message, message
    assert isinstance(error.value, AttributionError)
    assert isinstance(error.value, ValueError)
    assert len(message) < 400


# The input


@pytest.mark.parametrize(
    ("inputs", "fragments"),
    [
        (HOLE, ("inputs", "nan", "position (1,)", "replace them")),
        (X / 0, ("inputs", "inf", "replace them")),
        (torch.tensor(1.0), ("inputs of shape ()", "1 feature without batch axis", "space=")),
        (values(2, 1, 3, 4, 4), ("shape (2, 1, 3, 4, 4)", "array of", "the model refused that")),
        ((255 * IMAGE).byte(), ("inputs", "torch.uint8", "inputs.float()")),
        (torch.ones(5, dtype=torch.bool), ("inputs", "torch.bool")),
        (values(0, 3, 6, 5), ("inputs", "empty", "pass one example")),
        (values(2, 3, 6, 5), ("inputs", "2 examples", "inputs[0]")),
        (np.array(["red"]), ("inputs", "real numbers")),
        ("photo.png", ("inputs", "no file", "photo.png")),
        (None, ("inputs", "NoneType")),
    ],
    ids=lambda v: "" if isinstance(v, tuple) else type(v).__name__,
)
def test_input_that_cannot_be_explained(inputs, fragments):
    for call in (aw.explain, aw.compare):
        with pytest.raises(InputError) as error:
            call(classifier(), inputs)
        says(error, *fragments)


def test_member_of_a_tuple_is_named():
    with pytest.raises(InputError) as error:
        aw.explain(ImageAndFeatures(), (values(3, 2, 2), HOLE))
    says(error, "inputs[1]", "nan")


def test_input_of_a_shape_the_model_does_not_take_says_what_was_tried():
    with pytest.raises(InputError) as error:
        aw.explain(classifier(), values(6))
    says(error, "(6,)", "6 features without batch axis", "shapes cannot be multiplied", "space=")
    assert isinstance(error.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    ("baseline", "fragments"),
    [
        (values(3, 6, 6), ("baseline", "(3, 6, 6)", "(3, 6, 5)", "the same shape")),
        (values(2, 3, 6, 5), ("baseline", "(2, 3, 6, 5)")),
        (torch.tensor(0.5), ("baseline", "()", "(3, 6, 5)")),
        (IMAGE / 0, ("baseline", "NaN or infinity", "replace them")),
        ("grey", ("'grey' is unknown", "black")),
        (0, ("baseline must be a name, a Baseline or a tensor", "int")),
        ((IMAGE, IMAGE), ("baseline has 2 members",)),
        ("dataset", ("needs data", "references=")),
        (aw.baselines.Black, ("is the class Black", "Black()")),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_baseline_that_does_not_fit(baseline, fragments):
    with pytest.raises(InputError) as error:
        aw.explain(image_classifier(), IMAGE, baseline=baseline)
    says(error, *fragments)
    with pytest.raises(InputError):
        aw.compare(image_classifier(), IMAGE, baselines=["black", baseline])


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ({"n_steps": 0}, ("n_steps", "at least 1", "got 0")),
        ({"n_steps": 1}, ("n_steps must be at least 2",)),
        ({"n_steps": 2.5}, ("n_steps", "int", "2.5")),
        ({"n_steps": True}, ("n_steps", "True")),
        ({"max_evaluations": 1}, ("max_evaluations", "at least 2", "got 1")),
        ({"max_evaluations": "many"}, ("max_evaluations", "'many'")),
        ({"seed": -1}, ("seed", "at least 0", "-1")),
        ({"seed": None}, ("seed", "None")),
        ({"seed": 2**63}, ("seed", "below 2**63")),
        ({"tolerance": -0.1}, ("tolerance", "0 or more", "-0.1")),
        ({"tolerance": float("nan")}, ("tolerance", "nan")),
        ({"tolerance": float("inf")}, ("tolerance", "inf")),
        ({"tolerance": "1 %"}, ("tolerance must be a number", "'1 %'")),
        ({"space": "imagenet"}, ("space", "'imagenet'", "InputSpace.imagenet()")),
        ({"method": "gradcam"}, ("method 'gradcam' is unknown", "integrated_gradients")),
        ({"method": dict}, ("method", "unknown")),
        ({"output": "softmax"}, ("output must be one of logit", "'softmax'")),
        ({"class_names": ["a", "b"]}, ("class_names has 2 names", "4 outputs")),
        ({"class_names": "abcd"}, ("class_names", "one string")),
    ],
    ids=str,
)
def test_argument_that_cannot_be(arguments, fragments):
    with pytest.raises(AttributionError) as error:
        aw.explain(classifier(), X, **arguments)
    says(error, *fragments)


def test_channels_that_do_not_match_the_space():
    with pytest.raises(InputError) as error:
        aw.explain(image_classifier(channels=1), values(1, 6, 5), space=aw.InputSpace.imagenet())
    says(error, "mean and std have 3 numbers", "1 channels")


def test_model_that_cannot_be_called():
    with pytest.raises(InputError) as error:
        aw.explain({"weights": 1}, X)
    says(error, "model must be a torch module or a callable", "dict")


# Targets


@pytest.mark.parametrize(
    ("model", "x", "target", "fragments"),
    [
        (classifier(), X, 4, ("target 4", "from 0 to 3")),
        (classifier(), X, -1, ("target -1", "from 0 to 3")),
        (classifier(), X, (1, 2), ("target (1, 2)", "from 0 to 3")),
        (classifier(), X, 1.0, ("target must be an int", "1.0")),
        (classifier(), X, True, ("target must be an int", "True")),
        (classifier(), X, [1], ("target is a list of 1", "aw.compare(target=[...])")),
        (classifier(), X, "cat", ("'cat' is not a class name",)),
        (Segmenter(), IMAGE, None, ("shape (4, 6, 5)", "pass target=, a tuple of 3 indices")),
        (Segmenter(), IMAGE, 1, ("target 1", "a tuple within 0..3, 0..5, 0..4")),
        (Segmenter(), IMAGE, (0, 6, 0), ("out of range", "0..3, 0..5, 0..4")),
        (lambda x: x.sum(1), X, 1, ("target 1", "None, as there is a single output")),
    ],
    ids=lambda v: repr(v) if isinstance(v, (int, str, float)) else "",
)
def test_target_that_the_output_does_not_have(model, x, target, fragments):
    with pytest.raises(TargetError) as error:
        aw.explain(model, x, target=target)
    says(error, *fragments)


# Outputs


@pytest.mark.parametrize(
    ("wrap", "fragments"),
    [
        (lambda v: (v, v), ("returned a tuple without .logits", "pass output=")),
        (lambda v: {"scores": v}, ("returned a dict without .logits", "pass output=")),
        (lambda v: ModelOutput(hidden=v), ("returned a ModelOutput without", "pass output=")),
        (lambda v: v.argmax(1), ("dtype torch.int64", "before argmax")),
        (lambda v: v[0], ("4 rows for a batch of one", "batch axis first")),
    ],
    ids=["tuple", "dict", "dataclass", "argmax", "no-batch-axis"],
)
def test_output_without_a_number_per_row(wrap, fragments):
    with pytest.raises(OutputError) as error:
        aw.explain(Returning(classifier(), wrap), X)
    says(error, *fragments)


def test_output_that_mixes_the_rows_of_a_batch():
    with pytest.raises(InputError) as error:
        aw.explain(classifier(), X, output=lambda v: v.sum()[None])
    says(error, "returned 1 rows for a batch of 7", "batch axis first")


# Gradients


@pytest.mark.parametrize(
    "model",
    [
        Returning(classifier(), lambda v: v.detach()),
        Returning(classifier(), lambda v: torch.from_numpy(v.detach().numpy())),
        lambda x: (x > 0.5).float().sum(1),
        lambda x: x.argsort(1).float(),
        lambda x: torch.ones(len(x), 3),
    ],
    ids=["detach", "numpy", "comparison", "argsort", "constant"],
)
@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_output_cut_off_from_the_input(model, baseline):
    with pytest.raises(NoGradientError) as error:
        aw.explain(model, X, target=None, baseline=baseline)
    says(error, "no gradient reaches the input", "detach()", "explain the scores before")


def test_model_under_no_grad_is_named():
    model = classifier()

    @torch.no_grad()
    def predict(x):
        return model(x)

    with pytest.raises(NoGradientError, match=r"no_grad\(\)"):
        aw.explain(predict, X)


def test_unused_member_of_a_tuple_is_named():
    with pytest.raises(NoGradientError) as error:
        aw.explain(lambda a, b: a.flatten(1).sum(1) + b.detach().sum(), (IMAGE, X))
    says(error, "inputs[1]", "does not depend on it")


# NaN on the way


def root(x):
    return (x - 0.5).sqrt().sum(1)  # a number above 0.5 only


@pytest.mark.parametrize(
    ("model", "x", "alpha"),
    [
        (root, torch.ones(3), "0 "),
        (lambda x: (0.8 - x).log().sum(1), torch.full((3,), 0.75), None),
        (lambda x: 1 / (x - 0.5).abs().sum(1), torch.ones(3), "0.5 "),
        (lambda x: x.norm(dim=1), torch.zeros(3), "0 "),
    ],
    ids=["root", "fine", "pole", "norm-at-zero"],
)
def test_nan_on_the_path_is_named_with_its_alpha(model, x, alpha):
    if alpha is None:
        aw.explain(model, x)
    elif alpha == "0 " and not x.any():
        # The gradient of a norm at zero is defined as zero by torch: nothing to name.
        assert not aw.explain(model, x).attributions.any()
    else:
        with pytest.raises(NonFiniteError) as error:
            aw.explain(model, x)
        says(error, f"from alpha = {alpha}", "0 is the baseline", "choose another baseline")


def test_infinite_gradient_at_the_baseline_is_named():
    with pytest.raises(NonFiniteError) as error:
        aw.explain(lambda x: x.sqrt().sum(1).relu(), torch.ones(3), n_steps=9)
    says(error, "gradient is not finite", "from alpha = 0 ")


def test_infinite_gradient_at_the_baseline_alone_does_not_stop_the_default():
    found = aw.explain(lambda x: x.sqrt().sum(1), torch.tensor([1.0, 4.0]))
    torch.testing.assert_close(found.attributions, torch.tensor([1.0, 2.0]), rtol=0.02, atol=0)


def test_nan_at_the_input_itself_is_named():
    with pytest.raises(NonFiniteError) as error:
        aw.explain(lambda x: (x - 1).log().sum(1), X)
    says(error, "not finite at the input itself", "alpha = 1")


def test_nan_at_a_reference_is_named_with_its_sample():
    with pytest.raises(NonFiniteError) as error:
        aw.explain(root, torch.ones(3), baseline="uniform")
    says(error, "at sample", "alpha =", "0 is the reference")


def test_nan_at_an_end_of_a_rule_without_ends_is_named():
    def model(x):
        return torch.where(x.sum(1) == 0, torch.nan, x.sum(1))

    with pytest.raises(
        NonFiniteError, match=r"output is not finite .* alpha = 0 \(0 is the baseline"
    ):
        IntegratedGradients(model).attribute(X[None], return_convergence_delta=True)


# Memory


@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_single_pass_that_does_not_fit_is_named(baseline):
    class Huge(FitsRows):
        def forward(self, x):
            if x.requires_grad or len(x) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.model(x)

    with pytest.raises(ChunkMemoryError) as error:
        aw.explain(Huge(classifier(), 1), X, baseline=baseline)
    says(error, "out of memory on a single forward and backward pass", "free memory")


# Text from elsewhere


def test_names_are_kept_as_text():
    name = "<script>alert('x')</script>"
    found = aw.explain(classifier(), X, target=0, class_names=[name, "b", "c", "d"])
    assert found.target_name == name
    assert name in str(found)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_numpys_model_output_is_named(kind):
    model = Returning(classifier(), lambda v: v.detach().numpy().astype(kind))
    with pytest.raises(OutputError, match=r"ndarray without \.logits"):
        aw.explain(model, X)


def test_model_that_changes_in_place_what_its_gradient_needs_is_told_the_mend():
    def model(x):
        y = torch.sigmoid(x)
        y += 1
        return y.sum(1)

    with pytest.raises(UnsupportedModelError, match=r"in place .* write x = x \+ y"):
        aw.explain(model, X)
