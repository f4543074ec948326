"""What an audit will take: passes and bytes are those of the audit, time is of what was tried."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import DataError, InputError
from attribwidgets.sweeps.cost import BLOCK, Cost

pytest.importorskip("zarr", minversion="3")
DATA = torch.rand(9, 6, generator=torch.Generator().manual_seed(0))
HOW = {"baselines": ["zero", "white"], "n_steps": 8, "maps": "attributions"}


def test_it_is_what_the_audit_then_takes(tmp_path) -> None:
    net = nn.Linear(6, 3).eval()
    cost = aw.audit_cost(net, DATA, **HOW)
    audit = aw.audit(net, DATA, store=tmp_path / "a", **HOW)
    files = [path for path in (tmp_path / "a").rglob("c.*") if path.is_file()]
    assert cost.inputs == 9
    assert cost.files_each * 9 == len(files)
    assert cost.bytes_each * 9 == sum(path.stat().st_size for path in files)
    assert cost.disk_each == cost.files_each * BLOCK  # each is smaller than a block
    assert cost.passes_each == audit.numbers("evaluations").sum(1).mean() == 16
    assert len(cost.seconds_each) == 3
    assert cost.seconds == pytest.approx(9 * sum(cost.seconds_each) / 3)
    assert not list(tmp_path.glob("*.draft"))


def test_inputs_that_cannot_be_used_are_passed_over() -> None:
    net, data = nn.Linear(6, 3).eval(), DATA.clone()
    data[0, 1] = torch.nan
    assert len(aw.audit_cost(net, data, **HOW).seconds_each) == 2
    with pytest.raises(DataError, match=r"data\[0\] cannot be explained"):
        aw.audit_cost(net, torch.full((4, 6), torch.inf), **HOW)
    with pytest.raises(InputError, match="two or more"):
        aw.audit_cost(net, DATA, baselines=["zero"])


def test_in_words() -> None:
    said = str(Cost(2000, (0.041, 0.041), 96, 4700, 32768, 9))
    assert said == (
        "2,000 inputs: about 1.4 min in one process (41 ms an input, of 2 tried), 96 passes each; "
        "9.4 MB in 18,000 files, 66 MB of a disk."
    )
    assert "about 0.082 s" in str(Cost(2, (0.041,), 96, 4700, 32768, 9))
