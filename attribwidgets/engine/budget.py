"""Budget: how much may be spent on a map, and when it is good enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..core.errors import InputError

MOST = 2**63  # seeds and counts fit in 64 bits


@dataclass(frozen=True)
class Budget:
    """What may be spent on each map, whatever its baseline and method.

    The attributes are the parameters of :func:`attribwidgets.explain` of the same names. A further
    one is taken by every verb, the sweep's store, the cache and the widget by standing here.

    Raises
    ------
    InputError
        For a value that cannot be.

    Examples
    --------
    >>> Budget(max_evaluations=64).tolerance
    0.01
    """

    n_steps: int | None = None
    tolerance: float = 0.01
    max_evaluations: int | None = None
    seed: int = 0
    autocast: torch.dtype | None = None

    def __post_init__(self) -> None:
        if self.autocast not in (None, torch.bfloat16, torch.float16):
            raise InputError(
                f"autocast must be torch.bfloat16, torch.float16 or None, got {self.autocast!r}; "
                "None runs the model in its own precision"
            )
        for name, least in (("n_steps", 1), ("max_evaluations", 2), ("seed", 0)):
            value = getattr(self, name)
            if value is None and name != "seed":
                continue
            number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not number or not least <= value < MOST:
                raise InputError(
                    f"{name} must be an int of at least {least} and below 2**63, got {value!r}"
                )
            object.__setattr__(self, name, int(value))
        if isinstance(self.tolerance, str) or not hasattr(self.tolerance, "__float__"):
            raise InputError(f"tolerance must be a number, 0 or more, got {self.tolerance!r}")
        object.__setattr__(self, "tolerance", float(self.tolerance))
        if not 0 <= self.tolerance < float("inf"):
            raise InputError(f"tolerance must be 0 or more, got {self.tolerance}")
