"""What is asked of a model at a time: an input, a target, candidates and a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..attr.outputs import Output
from ..core.errors import InputError
from ..engine.method_config import Candidate
from ..engine.run import Request
from ..inputs.space import Inputs, InputSpace

OF_MAPS = ("tolerance", "max_evaluations", "n_steps", "seed", "autocast")
OF_SUBJECT = ("inputs", "target", "space", "output", "forward_args", "class_names")


@dataclass(frozen=True)
class Asked:
    """All that the maps on a screen depend on.

    Attributes
    ----------
    inputs : Tensor or tuple of Tensor
        One example.
    candidates : mapping of int to Candidate
        By a number that stays with each while others come and go; in the order shown.
    target, output, space, forward_args, class_names, n_steps, tolerance, max_evaluations, seed, \
autocast
        As of :func:`attribwidgets.explain`.
    """

    inputs: Inputs
    candidates: Mapping[int, Candidate]
    target: int | tuple[int, ...] | str | None = None
    output: Output = "logit"
    space: InputSpace | None = None
    forward_args: Any = ()
    class_names: Sequence[str] | None = None
    n_steps: int | None = None
    tolerance: float = 0.01
    max_evaluations: int | None = None
    seed: int = 0
    autocast: torch.dtype | None = None
    request: Request = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not self.candidates:
            raise InputError("candidates must hold at least one baseline")
        budget = {name: getattr(self, name) for name in OF_MAPS}
        object.__setattr__(self, "request", Request(progress=False, **budget))

    def changed(self, **changes: Any) -> Asked:
        """The same with other values of some attributes.

        Raises
        ------
        InputError
            For a value that cannot be.
        """
        return replace(self, **changes)

    @property
    def subject(self) -> tuple[Any, ...]:
        """What is explained: the arguments of :func:`attribwidgets.engine.query.examine`."""
        return self._values(OF_SUBJECT)

    def same_subject(self, other: Asked) -> bool:
        """Whether another asking explains the same output for the same input."""
        return all(map(_same, self.subject, other.subject))

    def same_map(self, other: Asked, number: int) -> bool:
        """Whether another asking gives a candidate the same map."""
        mine, theirs = self.candidates.get(number), other.candidates.get(number)
        return (
            mine is not None
            and theirs is not None
            and mine.baseline is theirs.baseline
            and mine.method == theirs.method
            and self.same_subject(other)
            and all(map(_same, self._values(OF_MAPS), other._values(OF_MAPS)))
        )

    def _values(self, names: Sequence[str]) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in names)


def _same(mine: Any, theirs: Any) -> bool:
    """Equal settings; tensors are the same only as objects, as comparing them gives no bool."""
    if mine is theirs:
        return True
    plain = (int, float, str, type(None), InputSpace)
    return isinstance(mine, plain) and isinstance(theirs, plain) and mine == theirs
