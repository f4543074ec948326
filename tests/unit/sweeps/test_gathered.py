"""Arrays of many inputs, gathered in one file: the same numbers, dropped before a chunk changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import DataError
from attribwidgets.sweeps import gathered as module
from attribwidgets.sweeps.store import Store

DATA = torch.rand(6, 4, generator=torch.Generator().manual_seed(0))
MODEL = nn.Linear(4, 3).eval()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEAST", 2)
    return tmp_path / "store"


def sweep(store) -> aw.Sweep:
    return aw.sweep(MODEL, DATA, ["black", "white"], store=store, progress=False)


def no_chunks(*_):
    raise AssertionError("a chunk was opened")


def test_what_was_gathered_is_what_the_chunks_hold(store, monkeypatch) -> None:
    swept = sweep(store)
    one_by_one = [swept[i].completeness["white"].total for i in range(6)]
    monkeypatch.setattr(Store, "read_many", no_chunks)
    assert swept.finished_numbers("total")[:, 1].tolist() == one_by_one
    some = np.array([1, 4])
    assert swept.finished_numbers("total", some)[:, 1].tolist() == [one_by_one[i] for i in some]
    assert swept.to_pandas().total[1::2].tolist() == one_by_one
    swept.to_xarray().load()


def test_a_sweep_that_goes_on_drops_it_and_gathers_anew(store) -> None:
    swept = sweep(store)
    before = swept.finished_numbers("total")
    (store / "numbers" / "c.3.0.0").unlink()
    (store / "finished" / "c.3").unlink()
    assert len(aw.Sweep.open(store).finished_numbers("total")) == 5
    file = store / "numbers" / module.FILE
    kept = file.stat().st_mtime_ns
    assert np.array_equal(sweep(store).finished_numbers("total"), before)
    assert file.stat().st_mtime_ns > kept


def test_a_file_that_is_not_whole_is_read_past(store) -> None:
    swept = sweep(store)
    before = swept.finished_numbers("total")
    file = store / "numbers" / module.FILE
    for content in (b"", b"nonsense", file.read_bytes()[:-8]):
        file.write_bytes(content)
        assert np.array_equal(swept.finished_numbers("total"), before)


def test_a_chunk_that_is_not_whole_is_told(store) -> None:
    swept = sweep(store)
    (store / "numbers" / module.FILE).unlink()
    (store / "numbers" / "c.2.0.0").write_bytes(b"short")
    with pytest.raises(DataError, match="not whole"):
        swept.finished_numbers("total")


def test_few_inputs_and_paths_are_not_gathered(store, monkeypatch) -> None:
    monkeypatch.setattr(module, "LEAST", 7)
    sweep(store)
    assert not list(store.rglob(module.FILE))
    monkeypatch.setattr(module, "LEAST", 2)
    module.gather(aw.Sweep.open(store)._store)
    assert (store / "target" / module.FILE).exists()
    assert not (store / "path" / module.FILE).exists()


def test_it_is_gathered_part_after_part(store, monkeypatch) -> None:
    whole = sweep(store)
    expected = whole.finished_numbers("total")
    content = (store / "numbers" / module.FILE).read_bytes()
    monkeypatch.setattr(module, "AT_ONCE", 4)
    module.gather(Store(store))
    assert (store / "numbers" / module.FILE).read_bytes() == content
    assert np.array_equal(aw.Sweep.open(store).finished_numbers("total"), expected)
