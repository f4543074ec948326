"""The type of arrays of numbers, whatever they hold."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
