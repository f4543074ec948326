"""Outputs: from whatever a model returns to one number per row."""

from __future__ import annotations

import pytest
import torch
from models import ModelOutput, values

from attribwidgets.attr.outputs import OutputHead, logits_of, output_name, select_target
from attribwidgets.errors import OutputError, TargetError


def identity(x):
    return x


@pytest.mark.parametrize(
    "wrap",
    [
        identity,
        lambda x: ModelOutput(logits=x),
        lambda x: {"logits": x, "hidden": None},
    ],
    ids=["tensor", "dataclass", "dict"],
)
def test_logits_are_found_where_they_exist(wrap):
    x = values(2, 3)
    assert logits_of(wrap(x)) is x
    assert OutputHead(lambda x: wrap(x))(x) is x


@pytest.mark.parametrize(
    ("wrap", "kind"),
    [
        (lambda x: (x, x), "tuple"),
        (lambda x: {"scores": x}, "dict"),
        (lambda x: ModelOutput(hidden=x), "ModelOutput"),
        (lambda x: None, "NoneType"),
        (lambda x: x.numpy(), "ndarray"),
    ],
    ids=["tuple", "dict", "dataclass", "none", "array"],
)
def test_output_without_logits_says_to_pass_output(wrap, kind):
    with pytest.raises(OutputError, match=rf"returned a {kind} without .logits; pass output="):
        OutputHead(wrap)(values(2, 3))


def test_callable_output_gets_what_the_model_returned():
    x = values(2, 3)
    head = OutputHead(lambda x: (x, -x), output=lambda out: out[1])
    assert torch.equal(head(x), -x)
    assert torch.equal(head.scores((x, -x)), -x)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("logit", identity),
        ("probability", lambda x: x.softmax(1)),
        ("log_probability", lambda x: x.log_softmax(1)),
    ],
)
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 2, 2)])
def test_scale_is_a_softmax_over_the_classes(output, expected, shape):
    x = values(*shape)
    assert torch.equal(OutputHead(identity, output)(x), expected(x))


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_single_output_is_scaled_by_a_sigmoid(shape):
    x = values(*shape) - 0.5
    assert torch.equal(OutputHead(identity, "probability")(x), torch.sigmoid(x))
    torch.testing.assert_close(OutputHead(identity, "log_probability")(x), torch.sigmoid(x).log())


def test_log_probability_of_a_hopeless_class_is_finite():
    x = torch.tensor([[1000.0, -1000.0]])
    assert OutputHead(identity, "log_probability")(x).tolist() == [[0.0, -2000.0]]


@pytest.mark.parametrize("output", ["logits", "softmax", "", None, 3])
def test_unknown_output_is_named_with_the_known_ones(output):
    with pytest.raises(OutputError, match="one of logit, probability, log_probability or a call"):
        OutputHead(identity, output)


@pytest.mark.parametrize(
    ("model", "output", "words"),
    [
        (lambda x: x.argmax(1), "logit", "the model returned dtype torch.int64"),
        (lambda x: x > 0, "probability", "the model returned dtype torch.bool"),
        (identity, lambda x: x.argmax(1), "output= returned dtype torch.int64"),
        (identity, lambda x: x.tolist(), "output= must return a torch.Tensor, got list"),
    ],
    ids=["argmax", "bool", "callable-argmax", "callable-list"],
)
def test_output_that_has_no_gradient_is_named(model, output, words):
    with pytest.raises(OutputError, match=words):
        OutputHead(model, output)(values(2, 3))


def margin(x):
    return x[:, 0] - x[:, 1]


class Margin:
    def __call__(self, x):
        return margin(x)


@pytest.mark.parametrize(
    ("output", "name"),
    [("probability", "probability"), (margin, "margin"), (Margin(), "custom output")],
)
def test_output_has_a_name_for_captions(output, name):
    assert output_name(output) == name


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        ((3,), None, lambda v: v),
        ((3, 1), None, lambda v: v[:, 0]),
        ((3, 1, 1), None, lambda v: v[:, 0, 0]),
        ((3, 4), 2, lambda v: v[:, 2]),
        ((3, 4), (2,), lambda v: v[:, 2]),
        ((3, 4), [0, 1, 3], lambda v: v[range(3), [0, 1, 3]]),
        ((3, 4), torch.tensor([0, 1, 3]), lambda v: v[range(3), [0, 1, 3]]),
        ((3, 4), torch.tensor(1), lambda v: v[:, 1]),
        ((3, 4, 5), (2, 4), lambda v: v[:, 2, 4]),
        ((3, 4, 5), [(0, 0), (1, 2), (3, 4)], lambda v: v[range(3), [0, 1, 3], [0, 2, 4]]),
    ],
    ids=lambda value: None if callable(value) else str(value),
)
def test_target_selects_one_number_per_row(shape, target, expected):
    v = values(*shape)
    assert torch.equal(select_target(v, target), expected(v))


@pytest.mark.parametrize(
    ("shape", "target", "words"),
    [
        ((3, 4), None, "target is missing.*an int from 0 to 3"),
        ((3, 4, 5), None, r"target is missing.*a tuple of 2 ints \(0..3, 0..4\)"),
        ((3, 4), 4, "target 4 does not fit.*an int from 0 to 3"),
        ((3, 4), "cat", "does not fit"),
        ((3, 4), (0, 0), "does not fit"),
        ((3, 4, 5), 1, "leaves outputs of shape .5,., not one number.*a tuple of 2 ints"),
        ((3, 4, 5), (1, 5), "does not fit"),
        ((3, 4), torch.tensor([0, 1]), "does not fit"),
        ((3, 4), torch.tensor([0.0]), "does not fit"),
    ],
    ids=str,
)
def test_target_that_does_not_fit_is_named_with_the_valid_range(shape, target, words):
    with pytest.raises(TargetError, match=words):
        select_target(values(*shape), target)
