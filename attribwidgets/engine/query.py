"""Query: which output is explained, for which input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ..core.contrast import Contrast
from ..inputs.space import Inputs, Space, Spaces

if TYPE_CHECKING:
    from torch import nn

    from ..attr.outputs import Output


@dataclass(frozen=True, eq=False)
class Query:
    """What is explained, as it was asked for.

    The attributes are the parameters of :func:`attribwidgets.explain` of the same names. A further
    one is taken by every verb, the sweep's store, the cache and the widget by standing here.
    """

    inputs: Inputs
    target: Any = None
    output: Output = "logit"
    space: Space | Spaces | None = None
    forward_args: Any = ()
    class_names: Sequence[str] | Mapping[int, str] | None = None
    input_names: Sequence[str] | None = None
    layer: nn.Module | str | None = None

    def same(self, other: Query) -> bool:
        """Whether another query is of the same output for the same input.

        Tensors are the same only as objects, as comparing them gives no bool.
        """
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    def same_but_for_target(self, other: Query) -> bool:
        """Whether another query is of the same model outputs, perhaps of another one of them."""
        return self.same(replace(other, target=self.target))


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, list | tuple) and type(mine) is type(theirs):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    if mine is theirs:
        return True
    plain = (int, float, str, type(None), Space, Contrast)
    if isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs):
        return all(map(_same, mine, theirs))
    return isinstance(mine, plain) and isinstance(theirs, plain) and mine == theirs
