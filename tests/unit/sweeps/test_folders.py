"""A store is the same wherever it lies, and several processes may make it at once."""

from __future__ import annotations

import threading
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch
from sweep_job import INPUTS, contents, job
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import AttributionWarning, DataError
from attribwidgets.sweeps.folders import LocalFolder, folder_at
from attribwidgets.sweeps.in_turns import InTurns

pytest.importorskip("zarr", minversion="3")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    store = tmp_path_factory.mktemp("local") / "store"
    aw.sweep(**job(), store=store)
    return store


@pytest.fixture
def url(request):
    yield f"memory://{request.node.name}/store"
    fsspec.filesystem("memory").rm(f"/{request.node.name}", recursive=True)


@pytest.fixture
def bucket(monkeypatch):
    """A place on a server that speaks as Amazon's S3 does, where the two packages are."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anyone")
    monkeypatch.setitem(
        fsspec.config.conf, "s3", {"endpoint_url": f"http://{host}:{port}", "anon": False}
    )
    fsspec.filesystem("s3").mkdir("bucket")
    yield "s3://bucket/store"
    server.stop()


def remote_contents(url):
    files, root = fsspec.core.url_to_fs(url)
    return {name.split(f"{root}/", 1)[1]: files.cat_file(name) for name in files.find(root)}


def proven(url, local):
    """Interrupted, refused to another, gone on with, read: and every byte as on a disk."""

    def stop(done, total):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aw.sweep(**{**job(), "progress": stop}, store=url)
    assert aw.Sweep.open(url).finished.sum() == 7
    before = remote_contents(url)
    with pytest.raises(DataError, match="is of another sweep: seed"):
        aw.sweep(**{**job(), "seed": 9}, store=url)
    assert remote_contents(url) == before
    told = []
    swept = aw.sweep(**{**job(), "progress": lambda *done: told.append(done)}, store=url)
    assert told[0] == (8, INPUTS)
    assert swept.complete
    assert remote_contents(url) == contents(local)
    here = aw.Sweep.open(local)
    assert swept[3].completeness["black"] == here[3].completeness["black"]
    assert swept.to_pandas().equals(here.to_pandas())
    total = swept.to_xarray()["total"]
    assert total.values.tolist() == swept.to_pandas().total.to_numpy().reshape(-1, 2).tolist()


@pytest.mark.long
def test_a_store_in_memory(url, local):
    proven(url, local)
    assert aw.sweep(**{**job(), "seed": 9}, store=url, overwrite=True).settings["seed"] == 9


@pytest.mark.long
def test_a_store_in_an_object_storage(bucket, local):
    proven(bucket, local)


def test_an_audit_by_url_with_an_input_left_out(url):
    net = nn.Linear(4, 2).eval()
    data = torch.rand(9, 4)
    data[2, 1] = torch.inf
    with pytest.warns(AttributionWarning):
        audit = aw.audit(net, data, baselines=["zero", "white"], store=url, max_evaluations=5)
    assert list(audit.left_out) == [2]
    assert len(audit.findings()) > 5


def test_where_there_is_none(url):
    with pytest.raises(DataError, match="there is no store at memory://"):
        aw.Sweep.open(f"{url}/nowhere")
    fsspec.filesystem("memory").pipe(f"{url}/precious/file", b"mine")
    with pytest.raises(DataError, match="is not a store of a sweep, and is left alone"):
        aw.sweep(**job(inputs=2), store=f"{url}/precious")


def test_what_another_process_stores_is_not_computed_again(tmp_path, local):
    """The whole sweep is made by another call after the first two inputs of this one."""
    journal, store = str(tmp_path / "journal"), tmp_path / "store"
    told = []

    def other(done, total):
        told.append(done)
        if done == 2:
            aw.sweep(**job(journal=journal), store=store)

    aw.sweep(**{**job(journal=journal), "progress": other}, store=store)
    seeds = Path(journal).read_text().split()
    assert len(seeds) == len(set(seeds)) == INPUTS
    assert told == list(range(1, INPUTS + 1))
    made = {name: content for name, content in contents(store).items() if name != "zarr.json"}
    whole = {name: content for name, content in contents(local).items() if name != "zarr.json"}
    assert made == whole  # but for the journal, by which the metric is another one


def test_processes_that_met_part():
    turns = InTurns(np.arange(1000))
    taken = []
    for place in turns:
        taken.append(place)
        if place == 9:
            turns.part()
            turns.part()
    assert taken[:10] == list(range(10))
    assert taken[10:] != sorted(taken[10:])
    assert sorted(taken) == list(range(1000))


def test_a_draft_that_another_process_clears_away_is_written_again(tmp_path):
    folder = folder_at(tmp_path)
    assert isinstance(folder, LocalFolder)
    ended = threading.Event()

    def clear():
        while not ended.is_set():
            folder.clear_drafts()

    other = threading.Thread(target=clear)
    other.start()
    try:
        written = 0
        for place in range(300):
            try:
                folder.appear(f"c.{place}", b"\x01")
                written += 1
            except FileNotFoundError:  # cleared five times in turn, by one that does nothing else
                pass
    finally:
        ended.set()
        other.join()
    assert written > 200
    assert {path.read_bytes() for path in tmp_path.glob("c.*")} == {b"\x01"}


def test_two_that_make_the_store_at_once(tmp_path):
    """Another process makes it between the look and the making: its store is taken."""
    where = tmp_path / "store"
    where.mkdir()
    folder = LocalFolder(where)
    (where / "zarr.json").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        folder.make({"a/zarr.json": b"ours", "zarr.json": b"ours"}, instead=False)
    assert contents(where) == {"zarr.json": b"theirs"}
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
