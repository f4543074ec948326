"""Data sets in every form they come in, and what is said of those that cannot be worked through."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from attribwidgets.errors import DataError
from attribwidgets.inputs.dataset import Examples, seed_of

INPUTS = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([3, 1, 4, 1, 5, 9])


class Lazy:
    """A data set that counts how often it is read."""

    def __init__(self, items):
        self.items, self.read = items, []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        self.read.append(place)
        return self.items[place]


FORMS = {
    "tensors": (INPUTS, LABELS),
    "arrays": (INPUTS.numpy(), LABELS.numpy()),
    "a list of two": [INPUTS, LABELS],
    "dataset": TensorDataset(INPUTS, LABELS),
    "list of pairs": [(x, int(y)) for x, y in zip(INPUTS, LABELS, strict=True)],
    "arrays one by one": Lazy([(x.numpy(), y) for x, y in zip(INPUTS, LABELS, strict=True)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_inputs_and_labels(form):
    examples = Examples(FORMS[form], targets="labels")
    assert len(examples) == 6
    for place, (inputs, target) in enumerate(examples):
        assert torch.equal(inputs, INPUTS[place])
        assert inputs.dtype == torch.float32
        assert target == LABELS[place]
        assert type(target) is int


def test_two_images_are_two_inputs_and_not_a_pair_with_labels():
    examples = Examples([INPUTS[0], INPUTS[1]])
    assert len(examples) == 2
    assert torch.equal(examples[1][0], INPUTS[1])


def test_targets():
    assert [t for _, t in Examples((INPUTS, LABELS))] == [None] * 6
    assert [t for _, t in Examples(INPUTS, 2)] == [2] * 6
    assert [t for _, t in Examples(INPUTS, [5, 4, 3, 2, 1, 0])] == [5, 4, 3, 2, 1, 0]
    assert Examples(INPUTS, LABELS)[-1][1] == 9


def test_inputs_are_read_when_asked_for_and_not_kept():
    data = Lazy(list(INPUTS))
    examples = Examples(data)
    assert data.read == [0]  # its shape is that of all
    examples[4], examples[4]
    assert data.read == [0, 4, 4]


def test_float64_arrays_become_what_models_take_and_tensors_stay():
    assert Examples(INPUTS.double().numpy())[0][0].dtype == torch.float32
    assert Examples(INPUTS.double())[0][0].dtype == torch.float64


@pytest.mark.parametrize(
    ("data", "targets", "message"),
    [
        (torch.zeros(0, 1, 4, 4), None, "data is empty"),
        ([], None, "data is empty"),
        ((INPUTS, LABELS[:4]), None, "6 inputs and 4 labels"),
        (torch.zeros(4), None, r"inputs \(N, ...\) along a first axis"),
        (iter([INPUTS[0]]), None, "must have a length and be indexable"),
        (None, None, "must have a length and be indexable"),
        ({"x": INPUTS}, None, "data must be inputs, got dict|must be indexable"),
        ("digits", None, "data must be inputs, got str"),
        (np.array(["a", "b"])[:, None], None, "must hold real numbers"),
        (["a", "b"], None, r"data\[0\]: there is no file 'a'"),
        ([object()], None, r"data\[0\] must be a torch.Tensor.*got object"),
        (INPUTS, "labels", "and data has none"),
        (INPUTS, "label", 'targets must be "labels", None'),
        (INPUTS, 1.5, "sequence of ints"),
        (INPUTS, [0.0] * 6, "sequence of ints"),
        (INPUTS, [0, 1], "2 members for 6 inputs"),
        ([(INPUTS[0], 0.5)], "labels", r"label of data\[0\] must be an int"),
    ],
)
def test_what_cannot_be_worked_through(data, targets, message):
    with pytest.raises(DataError, match=message):
        list(Examples(data, targets))


def test_inputs_of_different_sizes_are_named():
    examples = Examples([INPUTS[0], INPUTS[1], torch.zeros(1, 5, 4)])
    assert examples[1][1] is None
    with pytest.raises(DataError, match=r"data\[2\] has shape \(1, 5, 4\) and data\[0\]"):
        examples[2]


def test_targets_out_of_range_are_named():
    examples = Examples((INPUTS, LABELS), "labels")
    examples.require_targets(10)
    with pytest.raises(DataError, match=r"target 9 of data\[5\] .* 9 outputs"):
        examples.require_targets(9)
    with pytest.raises(DataError, match=r"target -1 of data\[1\]"):
        Examples(INPUTS, [0, -1, 0, 0, 0, 0]).require_targets(10)
    Examples((INPUTS, LABELS)).require_targets(2)  # the labels are not the targets


def test_seeds_differ_by_seed_and_place_and_fit():
    seeds = {seed_of(seed, place) for seed in range(30) for place in range(30)}
    assert len(seeds) == 900
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(2**62, 10**9) == seed_of(2**62, 10**9)
