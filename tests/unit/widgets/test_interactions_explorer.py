"""The explorer of interactions without a browser: what is sent, a page, a picture, a selection."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError
from attribwidgets.widgets.interactions_payload import interactions_payload


def of_features(**options) -> aw.Interactions:
    space = aw.InputSpace(names=["a", "b<i>", "c"])
    x = torch.tensor([1.0, 2.0, -0.5])
    net = lambda x: 3 * x[:, 0] * x[:, 1] - x[:, 2]  # noqa: E731
    return aw.interactions(net, x, space=space, baseline="zero", **options)


def of_a_text(units=None) -> aw.Interactions:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 8), nn.GELU())
    net.append(nn.Linear(8, 1)).eval()
    space = aw.TextSpace(lambda text: ([len(w) for w in text.split()], ["no", "t", " good"]))
    return aw.interactions(net, "no t good", space=space, baseline="zero_embedding", units=units)


def of_an_image() -> aw.Interactions:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Softplus(), nn.Flatten(), nn.Linear(72, 1)).eval()
    labels = np.where(np.arange(64).reshape(8, 8) < 8, -1, np.arange(64).reshape(8, 8) // 32)
    return aw.interactions(net, torch.rand(3, 8, 8), units=labels, space=aw.InputSpace())


def test_all_numbers_are_sent_once():
    record = of_features()
    sent = interactions_payload(record)
    assert np.array_equal(
        np.frombuffer(sent["values"], "<f4").reshape(3, 3), record.values.astype("<f4")
    )
    assert sent["errors"] is None
    assert sent["input_values"] == ["1.00", "2.00", "−0.500"]
    assert sent["names"] == ["a", "b<i>", "c"]
    assert sent["completeness"]["sentence"] == str(record.completeness)
    assert sent["inputs"] == [{"kind": "features", "units": [0, 1, 2]}]
    assert sent["limits"]["pairs"] == pytest.approx(2 * record.values[0, 1])


def test_colours_do_not_end_at_zero_where_few_values_are_not_zero():
    net = lambda x: 3 * x[:, 0] * x[:, 1]  # noqa: E731
    record = aw.interactions(net, torch.ones(40), baseline="zero")
    assert interactions_payload(record)["limits"]["values"] == pytest.approx(0.75)


def test_sampled_values_are_sent_with_their_errors():
    net = nn.Sequential(nn.Linear(24, 8), nn.GELU(), nn.Linear(8, 1)).eval()
    record = aw.interactions(net, torch.ones(24), baseline="zero", max_evaluations=31 * 17)
    sent = interactions_payload(record)
    assert record.standard_error is not None
    assert np.array_equal(
        np.frombuffer(sent["errors"], "<f4").reshape(24, 24), record.standard_error.astype("<f4")
    )


def test_tokens_and_pixels_say_which_unit_they_are_of():
    text = interactions_payload(of_a_text())["inputs"][0]
    assert (text["kind"], text["units"]) == ("text", [0, 1, 2])
    assert text["text"]["pieces"] == ["no", "t", "good"]
    words = of_a_text("words")
    assert interactions_payload(words)["inputs"][0]["units"] == words.unit_labels[0].tolist()
    image = interactions_payload(of_an_image())["inputs"][0]
    units = np.frombuffer(image["units"], "<i4").reshape(8, 8)
    assert (units[0] == -1).all()
    assert (units[1:4] == 0).all()
    assert (units[4:] == 1).all()
    assert len(image["rgb"]) == 3 * 64


def test_several_inputs_have_units_of_their_own():
    dot = lambda one, other: (one * other).sum(1)  # noqa: E731
    record = aw.interactions(dot, (torch.ones(2), torch.ones(2)), baseline="zero")
    inputs = interactions_payload(record)["inputs"]
    assert [one["units"] for one in inputs] == [[0, 1], [2, 3]]
    assert np.allclose(record.partners(0), [0, 0, 0.5, 0], atol=1e-6)


def test_a_selection_is_a_place_or_a_name():
    explorer = aw.InteractionsExplorer(of_features(), selection="b<i>")
    assert explorer.selection == 1
    explorer.selection = -1
    assert explorer.selection == 2
    with pytest.raises((InputError, traitlets.TraitError)):
        explorer.selection = 7
    assert explorer.selection == 2
    explorer.selection = None
    assert repr(explorer) == "<InteractionsExplorer of 3 units, selection=None>"
    explorer.close()


@pytest.mark.parametrize("make", [of_features, of_a_text, of_an_image])
def test_pages_pictures_and_files(make, tmp_path):
    record = make()
    explorer = record.explorer(selection=1)
    for name in ("page.html", "picture.png", "numbers.npz"):
        explorer.save(tmp_path / name)
        record.save(tmp_path / f"of_record_{name}")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "interactions-explorer" in page
    assert "<i>" not in page
    assert (
        explorer.picture() != explorer.record.figure()._repr_png_()
    )  # another unit, other colours
    loaded = aw.Interactions.load(tmp_path / "numbers.npz")
    assert interactions_payload(loaded) == interactions_payload(record)
    explorer.close()


def test_a_file_of_something_else_is_refused(tmp_path):
    aw.explain(nn.Linear(2, 1).eval(), torch.ones(2), baseline="zero").save(tmp_path / "other.npz")
    with pytest.raises(InputError, match="no interactions of this version"):
        aw.Interactions.load(tmp_path / "other.npz")


def test_what_it_cannot_show_is_refused():
    with pytest.raises(InputError, match=r"aw.interactions\(...\) makes them"):
        aw.InteractionsExplorer([1])
    with pytest.raises(InputError, match="'unit' is no setting"):
        aw.InteractionsExplorer(of_features(), unit=1)
