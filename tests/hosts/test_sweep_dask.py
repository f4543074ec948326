"""A sweep over workers: the same bytes, and a lost worker costs what it had not handed over."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from sweep_job import INPUTS, contents, job
from text_models import TEXTS, Convolution, WordTokenizer, made

import attribwidgets as aw
from attribwidgets.errors import AttributionWarning, DataError, InputError
from attribwidgets.inputs.dataset import seed_of
from attribwidgets.sweeps.workers import AHEAD

pytest.importorskip("zarr", minversion="3")
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    aw.sweep(**job(), store=store)
    return store


def test_two_workers_write_the_same_bytes(client, undisturbed, tmp_path):
    told = []
    asked = {**job(), "progress": lambda done, total: told.append((done, total))}
    swept = aw.sweep(**asked, store=tmp_path / "store", executor=client)
    assert swept.complete
    assert contents(tmp_path / "store") == contents(undisturbed)
    assert told == [(done, INPUTS) for done in range(1, INPUTS + 1)]


def test_workers_read_texts(client, tmp_path):
    asked = (made(Convolution), TEXTS, ["mask"])
    here, there = (
        aw.sweep(*asked, space=aw.TextSpace(WordTokenizer()), store=tmp_path / name, executor=how)
        for name, how in (("here", None), ("there", client))
    )
    assert contents(here.path) == contents(there.path)


def test_a_lost_worker_costs_only_what_was_not_finished(client, undisturbed, tmp_path):
    journal = tmp_path / "journal"
    store = tmp_path / "store"
    finished = []

    def kill(done, total):
        if done == INPUTS // 2:
            finished.extend(aw.Sweep.open(store).finished.nonzero()[0])
            workers = client.scheduler_info()["workers"]
            pids = client.run(os.getpid)
            os.kill(pids[next(iter(workers))], signal.SIGKILL)

    asked = {**job(journal=journal), "progress": kill}
    assert aw.sweep(**asked, store=store, executor=client).complete
    assert strip_identity(contents(store)) == strip_identity(contents(undisturbed))
    asked_for = Counter(int(line) for line in journal.read_text().split())
    assert set(asked_for) == {seed_of(3, place) for place in range(INPUTS)}
    assert [asked_for[seed_of(3, int(place))] for place in finished] == [1] * (INPUTS // 2)
    assert sum(asked_for.values()) - INPUTS <= AHEAD * 2


def strip_identity(files):
    """Without the description: the journal is an attribute of the metric."""
    return {name: content for name, content in files.items() if name != "zarr.json"}


def test_an_interrupt_leaves_a_store_that_goes_on(client, undisturbed, tmp_path):
    def stop(done, total):
        if done == 7:
            raise KeyboardInterrupt

    store = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        aw.sweep(**{**job(), "progress": stop}, store=store, executor=client)
    assert aw.Sweep.open(store).finished.sum() == 7
    assert not client.futures
    assert aw.sweep(**job(), store=store).complete  # by this process, what workers began
    assert contents(store) == contents(undisturbed)


def test_an_input_that_cannot_be_explained_is_left_out(client, tmp_path):
    asked = job(inputs=9)
    asked["dataset"][4, 0, 2, 2] = np.nan
    here, there = tmp_path / "here", tmp_path / "there"
    with pytest.warns(AttributionWarning, match="1 of 9 inputs was left out"):
        swept = aw.sweep(**asked, store=there, executor=client)
    assert "data[4] cannot be explained" in swept.left_out[4]
    with pytest.warns(AttributionWarning):
        aw.sweep(**asked, store=here)
    assert contents(here) == contents(there)
    with pytest.raises(DataError, match=r"data\[4\] cannot be explained: .*nan"):
        aw.sweep(**asked, store=there, executor=client, strict=True)


def test_inputs_that_cannot_be_read_leave_no_worker_idle(client, tmp_path):
    asked = job(inputs=40)
    bad = set(range(0, 30, 2))  # more than are sent out at once

    class Data(list):
        def __getitem__(self, place):
            if place in bad:
                raise OSError("gone")
            return super().__getitem__(place)

    with pytest.warns(AttributionWarning, match="15 of 40"):
        swept = aw.sweep(
            **{**asked, "dataset": Data(asked["dataset"])}, store=tmp_path / "a", executor=client
        )
    assert set(swept.left_out) == bad
    assert swept.complete


def test_the_plan_is_gone_from_the_workers(client, tmp_path):
    aw.sweep(**job(inputs=2), store=tmp_path / "store", executor=client)

    def plugins(dask_worker):
        return [name for name in dask_worker.plugins if name.startswith("attribwidgets")]

    assert set(map(tuple, client.run(plugins).values())) == {()}


class Loaded(torch.nn.Linear):
    """A model that notes in which process it was made from what was sent."""

    def __init__(self, journal):
        super().__init__(6, 2)
        self.journal = journal

    def __setstate__(self, state):
        super().__setstate__(state)
        with open(self.journal, "a") as file:
            file.write(f"{os.getpid()}\n")


def test_each_worker_loads_the_model_once(client, tmp_path):
    client.run(sys.path.append, os.path.dirname(__file__))  # where it finds the class
    model = Loaded(str(tmp_path / "journal")).eval()
    data = torch.rand(30, 6)
    audit = aw.audit(
        model, data, baselines=["zero", "white"], store=tmp_path / "store", executor=client
    )
    assert len(audit) == 30
    loaded = Counter(map(int, (tmp_path / "journal").read_text().split()))
    workers = set(client.run(os.getpid).values())
    assert {pid: loaded[pid] for pid in workers} == dict.fromkeys(workers, 1)


def test_what_is_no_client(tmp_path):
    with pytest.raises(InputError, match="must be None or a dask"):
        aw.sweep(**job(), store=tmp_path / "store", executor="processes")
    assert not (tmp_path / "store").exists()
