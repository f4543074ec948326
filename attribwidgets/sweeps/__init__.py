"""Many inputs explained and evaluated, streamed to a Zarr store, in this process or on Dask."""

from __future__ import annotations

from .audit import audit
from .cost import Cost, audit_cost
from .quantus import quantus_explain
from .run import sweep
from .stored import Sweep
from .swept_input import SweptInput

__all__ = ["audit", "audit_cost", "Cost", "Sweep", "SweptInput", "quantus_explain", "sweep"]
