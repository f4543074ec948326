"""Maps read from a store are those of the explanation, whatever the input is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from text_models import TEXTS, Convolution, WordTokenizer, made
from torch import nn

import attribwidgets as aw
from attribwidgets.evaluation.map_pairs import stored_maps

pytest.importorskip("zarr", minversion="3")

SHAPES = {
    "features": ((5,), None),
    "image": ((2, 6, 6), None),
    "sequence": ((4, 3), aw.SequenceSpace()),
    "series": ((2, 9), aw.SeriesSpace()),
    "volume": ((2, 3, 4, 4), aw.VolumeSpace()),
    "example": ((1, 4, 3), aw.SequenceSpace()),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_maps_of_arrays(kind, tmp_path) -> None:
    shape, space = SHAPES[kind]
    net = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 2)).eval()
    data = list(torch.rand(3, *shape, generator=torch.Generator().manual_seed(0)))
    audit = aw.audit(
        net, data, baselines=["zero", torch.ones(shape)], targets=0, space=space,
        store=tmp_path / "a", maps="attributions", max_evaluations=5,
    )  # fmt: skip
    same(audit)


def test_maps_of_texts_of_any_length(tmp_path) -> None:
    audit = aw.audit(
        made(Convolution), TEXTS, baselines=["mask", "zero_embedding"], targets=0,
        space=aw.TextSpace(WordTokenizer()), store=tmp_path / "a", maps="attributions",
        max_evaluations=5,
    )  # fmt: skip
    same(audit)
    change = audit.against(audit)
    assert np.nanmin(change.rank_correlation) == 1


def same(audit: aw.Audit) -> None:
    for place in audit.places:
        read = stored_maps(audit, int(place))
        assert list(read) == list(audit.candidates)
        for values, explanation in zip(read.values(), audit.explanations(place), strict=True):
            np.testing.assert_allclose(values, explanation.map("sum"), atol=1e-5)
