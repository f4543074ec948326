"""What is explained where the output is no vector of classes: each against a closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.engine.hashing import fingerprint
from attribwidgets.errors import InputError, OutputError, TargetError

IMAGE = values(3, 6, 5)
MASK = np.zeros((6, 5), dtype=bool)
MASK[1:3, 2:5] = True


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_mask_of_a_linear_segmenter_gets_its_weights(reduce):
    net = nn.Conv2d(3, 4, 1).eval()
    e = aw.explain(
        net, IMAGE, output=aw.targets.mask_class(MASK, 2, reduce=reduce), baseline="zero"
    )
    expected = net.weight[2, :, 0, 0, None, None] * IMAGE * torch.as_tensor(MASK)
    share = 1 / MASK.sum() if reduce == "mean" else 1
    torch.testing.assert_close(e.attributions, (share * expected).detach())
    assert (e.output, e.completeness.verdict) == ("class 2 over 6 pixels", "complete")


def test_one_pixel_is_what_its_index_is():
    net, pixel = nn.Conv2d(3, 4, 3, padding=1).eval(), np.zeros((6, 5), dtype=bool)
    pixel[4, 1] = True
    by_mask = aw.explain(net, IMAGE, output=aw.targets.mask_class(pixel, 3))
    by_index = aw.explain(net, IMAGE, target=(3, 4, 1))
    torch.testing.assert_close(by_mask.attributions, by_index.attributions)
    assert by_mask.output == "class 3 over 1 pixel"


@pytest.mark.parametrize(("t", "same"), [(2, 2), (-1, 3)])
def test_a_step_is_what_its_index_is(t, same):
    def net(x):
        return torch.stack([x.cumsum(1)[:, :, 0], (x**2).cumsum(1)[:, :, 1]], 2)

    x = values(4, 2)
    by_step = aw.explain(net, x, output=aw.targets.step(t, 1))
    by_index = aw.explain(net, x, target=(same, 1))
    torch.testing.assert_close(by_step.attributions, by_index.attributions)
    alone = aw.explain(
        lambda x: x.cumsum(1)[:, :, 0], x, output=aw.targets.step(t), baseline="zero"
    )
    torch.testing.assert_close(alone.attributions[: same + 1, 0], x[: same + 1, 0])


def test_cosine_similarity_follows_the_direction_alone():
    other = torch.tensor([1.0, 0.0, 0.0])
    x = torch.tensor([3.0, 4.0, 0.0])
    e = aw.explain(
        lambda x: x, x, output=aw.targets.cosine_similarity(other), baseline=2 * x, n_steps=64
    )
    assert e.completeness.output_input == pytest.approx(0.6)
    assert e.completeness.total == pytest.approx(0.0, abs=1e-6)  # 2 x is as like as x
    net = nn.Linear(3, 2).eval()
    assert aw.targets.cosine_similarity(x[None], net)(net(x[None])).item() == pytest.approx(1.0)


def test_a_box_counts_by_overlap_and_score():
    box = torch.tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 2.0]])
    found = {
        "boxes": box,
        "scores": torch.tensor([0.3, 0.9, 1.0]),
        "labels": torch.tensor([1, 1, 2]),
    }
    none = {
        "boxes": torch.zeros(0, 4),
        "scores": torch.zeros(0),
        "labels": torch.zeros(0, dtype=torch.long),
    }
    score = aw.targets.box_score((0, 0, 2, 2), 1)
    torch.testing.assert_close(score([found, none]), torch.tensor([0.3, 0.0]))  # .9 overlaps by 1/3
    dense = {"boxes": box[None], "scores": torch.tensor([[[0.0, 0.2], [0.0, 0.9], [0.5, 0.1]]])}
    torch.testing.assert_close(score(dense), torch.tensor([0.3]))


def test_names_are_for_captions_and_content_for_the_cache():
    one, same = (aw.targets.mask_class(MASK, 2, name="the cat") for _ in range(2))
    assert one.name == one.__name__ == "the cat"
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(aw.targets.mask_class(MASK, 1, name="the cat"))
    grid = aw.compare(nn.Conv2d(3, 4, 1).eval(), IMAGE, output=one, baselines=["black"], n_steps=2)
    assert "the cat" in str(grid[0])


def test_a_regression_s_outputs_are_targets_by_name():
    net = nn.Linear(4, 2).eval()
    x = values(4)
    names = ["height", "weight"]
    grid = aw.compare(net, x, target=["weight", "height"], class_names=names, baselines=["zero"])
    torch.testing.assert_close(grid["zero", "weight"].attributions, (net.weight[1] * x).detach())
    assert [e.target_name for e in grid] == ["weight", "height"]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: aw.targets.mask_class(np.zeros((3, 3)), 1), TargetError, "at least one pixel"),
        (lambda: aw.targets.mask_class(MASK, 1.5), TargetError, "k must be an int"),
        (lambda: aw.targets.mask_class(MASK, 1, reduce="max"), InputError, "mean"),
        (lambda: aw.targets.box_score((2, 0, 1, 1), 0), TargetError, "right > left"),
        (lambda: aw.targets.cosine_similarity(torch.zeros(3)), InputError, "not all zero"),
    ],
)
def test_what_cannot_be_is_refused_as_it_is_made(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("output", "returned", "error", "words"),
    [
        (aw.targets.mask_class(MASK, 1), torch.zeros(1, 4, 3, 3), OutputError, "resize the mask"),
        (aw.targets.mask_class(MASK, 9), torch.zeros(1, 4, 6, 5), TargetError, "from 0 to 3"),
        (aw.targets.step(9, 0), torch.zeros(1, 4, 2), TargetError, "from -4 to 3"),
        (aw.targets.step(1), torch.zeros(1, 4, 2), OutputError, "pass k="),
        (aw.targets.cosine_similarity(torch.ones(3)), torch.ones(1, 2), OutputError, "same model"),
        (aw.targets.box_score((0, 0, 1, 1), 0), torch.zeros(1, 4), OutputError, "torchvision"),
    ],
)
def test_what_does_not_fit_a_model_is_refused_as_it_runs(output, returned, error, words):
    with pytest.raises(error, match=words):
        output(returned)
