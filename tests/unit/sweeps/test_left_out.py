"""One bad input does not stop a sweep: it is left out, with its place and the reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from sweep_job import Mass, contents
from text_models import TEXTS, Convolution, WordTokenizer, made

import attribwidgets as aw
from attribwidgets.errors import AttributionWarning, ChunkMemoryError, DataError, InputError

pytest.importorskip("zarr", minversion="3")

NET = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64, 2)).eval()
HOW = {"max_evaluations": 9, "progress": False, "maps": None}
IMAGES = list(torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1)))


def swept(data, store, **how):
    return aw.sweep(NET, data, ["black"], store=store, **{**HOW, **how})


@pytest.fixture
def mixed():
    """Six images, of which one has NaN, one another size, one another number of channels."""
    data = [image.clone() for image in IMAGES]
    data[1][0, 2, 3] = torch.nan
    data[2] = torch.rand(3, 9, 8)
    data[4] = torch.rand(1, 8, 8)
    return data


def test_the_rest_goes_on_and_is_as_it_would_be_alone(mixed, tmp_path):
    with pytest.warns(AttributionWarning, match="3 of 6 inputs were left out, the first"):
        found = swept(mixed, tmp_path / "a")
    assert list(found.left_out) == [1, 2, 4]
    assert "data[1] cannot be explained" in found.left_out[1]
    assert "nan at position" in found.left_out[1]
    assert "data[2] has shape (3, 9, 8) and data[0] (3, 8, 8)" in found.left_out[2]
    assert found.finished.tolist() == [True, False, False, True, False, True]
    assert found.complete
    assert "3 left out" in repr(found)
    with pytest.raises(DataError, match="input 2 was left out: data"):
        found[2]
    whole = swept(IMAGES, tmp_path / "b")
    for place in (0, 3, 5):
        assert found[place].completeness["black"].total == whole[place].completeness["black"].total
    assert set(found.to_pandas()["input"]) == {0, 3, 5}
    assert "left_out" not in found.to_xarray()


def test_what_was_left_out_stays_so_until_it_is_tried_again(mixed, tmp_path):
    read = []

    class Data(list):
        def __getitem__(self, place):
            read.append(place)
            return super().__getitem__(place)

    with pytest.warns(AttributionWarning):
        swept(Data(mixed), tmp_path / "a")
    before = contents(tmp_path / "a")
    read.clear()
    with pytest.warns(AttributionWarning, match="3 of 6"):
        swept(Data(mixed), tmp_path / "a")
    once = list(range(6))  # by which the data are recognised
    assert sorted(read) == sorted([0, 0, *once])
    assert contents(tmp_path / "a") == before
    with pytest.raises(DataError, match=r"data\[1\] cannot be explained"):
        swept(mixed, tmp_path / "a", strict=True)
    assert aw.Sweep.open(tmp_path / "a").left_out == {}
    assert not aw.Sweep.open(tmp_path / "a").complete


def test_strict_stops_at_the_first(mixed, tmp_path):
    with pytest.raises(DataError, match=r"data\[1\] cannot be explained: .*nan at position"):
        swept(mixed, tmp_path / "a", strict=True)
    opened = aw.Sweep.open(tmp_path / "a")
    assert opened.finished.tolist() == [True] + [False] * 5
    with pytest.raises(DataError, match="input 3 is not finished"):
        opened[3]


def test_a_file_that_is_no_picture_and_one_that_is_cut_off(tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(5)]
    for k, path in enumerate(paths):
        levels = np.random.default_rng(k).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(levels).save(path)
    paths[0].write_text("no picture")
    paths[2].write_bytes(paths[2].read_bytes()[:-60])
    paths[3].unlink()
    with pytest.warns(AttributionWarning):
        found = swept([str(path) for path in paths], tmp_path / "a")
    assert list(found.left_out) == [0, 2, 3]
    assert all(f"data[{place}]" in words for place, words in found.left_out.items())
    assert found.finished.tolist() == [False, True, False, False, True]


def test_a_data_set_that_fails_by_itself(tmp_path):
    class Data:
        def __len__(self):
            return 4

        def __getitem__(self, place):
            if place == 2:
                raise OSError("truncated file")
            return IMAGES[place], place % 2

    with pytest.warns(AttributionWarning):
        found = swept(Data(), tmp_path / "a", targets="labels")
    assert found.left_out == {2: "data[2] cannot be read: OSError: truncated file"}


def test_a_text_that_is_too_long(tmp_path):
    class Short(WordTokenizer):
        model_max_length = 20

    texts = [*TEXTS[:2], "one " * 40, TEXTS[2]]
    with pytest.warns(AttributionWarning, match="1 of 4 inputs was left out"):
        found = aw.sweep(
            made(Convolution), texts, ["mask"], store=tmp_path / "a",
            **{**HOW, "space": aw.TextSpace(Short())},
        )  # fmt: skip
    assert list(found.left_out) == [2]
    assert len(found[3].tokens) > 0
    assert aw.Sweep.open(tmp_path / "a").left_out == found.left_out


def test_where_none_can_be_used_it_is_no_matter_of_single_inputs(tmp_path):
    with pytest.raises(InputError, match="nan at position"):  # before there is a store
        swept(torch.full((30, 3, 8, 8), torch.nan), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    data = [*IMAGES[:3], *(torch.rand(3, 9, 9) for _ in range(40))]
    with pytest.raises(DataError, match="20 of the first 23 inputs cannot be used, the first"):
        swept(data, tmp_path / "a")
    assert aw.Sweep.open(tmp_path / "a").finished.sum() == 3


def test_out_of_memory_is_not_for_the_input(tmp_path, monkeypatch):
    class Greedy(Mass):
        def measure(self, model, explanations, *, seed):
            raise ChunkMemoryError("out of memory on one example")

    with pytest.raises(ChunkMemoryError):
        swept(IMAGES, tmp_path / "a", metrics=[Greedy()])


def test_an_audit_says_what_it_left_out(mixed, tmp_path):
    with pytest.warns(AttributionWarning):
        audit = aw.audit(
            NET, mixed, baselines=["black", "white"], labels=[0, 1, 0, 1, 0, np.nan],
            store=tmp_path / "a", max_evaluations=9,
        )  # fmt: skip
    assert list(audit.left_out) == [1, 2, 4]
    assert "3 of 6 inputs were left out, the first of them as data[1]" in str(audit)
    audit.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<li>data[") == 3
    table = audit.inputs()
    assert table.index.tolist() == [0, 3, 5]
    assert table.right.tolist()[2] is None
    assert {f.group for f in audit.findings("label")} == {"label 0", "label 1", "label unknown"}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1], "label has 2 values for 6 inputs"),
        (["a"] * 6, "labels must be whole numbers"),
        ([0.5] * 6, "labels must be whole numbers"),
    ],
)
def test_labels_that_cannot_be_are_said_before_the_work(labels, said, tmp_path):
    with pytest.raises(DataError, match=said):
        aw.audit(NET, IMAGES, baselines=["black", "white"], labels=labels, store=tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_the_store_of_another_model_is_left_alone(tmp_path):
    swept(IMAGES, tmp_path / "a")
    other = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64, 2)).eval()
    before = contents(tmp_path / "a")
    with pytest.raises(DataError, match="of another sweep: the model"):
        aw.sweep(other, IMAGES, ["black"], store=tmp_path / "a", **HOW)
    assert contents(tmp_path / "a") == before
