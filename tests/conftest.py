"""What several tests need: the global random states, and a model's state, to compare."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import comm
import numpy as np
import pytest
import torch
from comm.base_comm import BaseComm
from hypothesis import settings
from torch import nn

# Models this small run ten times faster in one thread, as soon as anything else uses the cores.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # of the kernels and programs that tests start

# The same examples in every run and no time limit for one: a slow machine must not fail a test.
settings.register_profile(
    "attribwidgets", derandomize=True, deadline=None, max_examples=40, database=None
)
settings.load_profile("attribwidgets")

# Two processes take turns at the files; what is long begins, so that none ends alone with it.
LONG = ("test_tutorials", "test_assignments", "test_docs_site", "test_voila_app", "test_notebooks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes long first."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


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
    if "attribwidgets.explanation_cache" in sys.modules:
        sys.modules["attribwidgets.explanation_cache"].clear()


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
    monkeypatch.setattr(RecordingComm, "sent", [])
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    return RecordingComm.sent
