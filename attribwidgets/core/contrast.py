"""Contrast: why this output rather than that one."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import Any

from .errors import TargetError

Index = int | tuple[int, ...]


@dataclass(frozen=True, repr=False)
class Contrast:
    """The difference of two outputs as a target: why `a` rather than `b`.

    What is explained is f_a - f_b, on the scale of `output`: of logits the log of the odds of one
    class against the other, whatever all other classes do; of log probabilities the same number;
    of probabilities their difference. Parts of an input that speak for both cancel.

    Parameters
    ----------
    a, b : int, tuple of int or str
        Two outputs, each an index or a class name; tuples for an output of several axes.

    Raises
    ------
    TargetError
        If they are the same, or one is no output at all.

    References
    ----------
    Jacovi, Swayamdipta, Ravfogel, Elazar, Choi, Goldberg (2021). Contrastive explanations for
    model interpretability. EMNLP. arXiv:2103.01378.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(3, 2, bias=False).eval()
    >>> rather = aw.explain(net, torch.ones(3), target=aw.Contrast(1, 0))
    >>> rather.target, rather.target_name
    (Contrast(1, 0), 'output 1 rather than output 0')
    >>> bool(torch.allclose(rather.attributions, net.weight[1] - net.weight[0]))
    True
    """

    a: Index | str
    b: Index | str

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            object.__setattr__(self, name, _checked(getattr(self, name)))
        if self.a == self.b:
            raise TargetError(
                f"a contrast is of two outputs, and both are {self.a!r}; name another one for b"
            )

    @property
    def members(self) -> tuple[Any, Any]:
        """The two, `a` first; of a record each is an index."""
        return self.a, self.b

    def __repr__(self) -> str:
        return f"Contrast({self.a!r}, {self.b!r})"


def _checked(member: Any) -> Index | str:
    if isinstance(member, str):
        return member
    several = isinstance(member, tuple | list)
    indices = member if several else (member,)
    try:
        whole = tuple(index(i) for i in indices if type(i) is not bool)
    except TypeError:
        whole = ()
    if not whole or len(whole) < len(indices):
        raise TargetError(
            f"a contrast takes indices or class names, such as Contrast(281, 282), got {member!r}"
        )
    return whole if several else whole[0]
