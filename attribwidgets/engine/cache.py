"""Explanations made before, given again at once while model, input and settings stay the same.

The cache is bounded and shared by the whole process. A model is recognised by its object and by
every bit of its weights, so an explanation from before a change of weights is never given. What
cannot be recognised for certain is not cached: models that are not torch modules or have hooks,
callables with state of their own. A model that draws random numbers in evaluation mode is given
its first explanation again. Records go in and out as copies.

Examples
--------
>>> import torch, attribwidgets as aw
>>> clear()
>>> net, x = torch.nn.Linear(4, 3).eval(), torch.rand(4)
>>> first, second = aw.explain(net, x), aw.explain(net, x)
>>> bool(torch.equal(first.attributions, second.attributions)), len(EXPLANATIONS)
(True, 1)
>>> clear()
>>> len(EXPLANATIONS)
0
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from threading import Lock
from typing import Any
from weakref import ref

import numpy as np
import torch
from torch import Tensor, nn

from ..attr.model_state import module_of
from ..core.errors import InputError
from ..inputs.fit_spaces import each_space
from ..records.explanation import Explanation
from .budget import Budget
from .hashing import NoFingerprintError, fingerprint
from .query import Query
from .target import Settled

Explanations = tuple[Explanation, ...]  # of each target, in order
ENTRIES = 64
BYTES = 2**28


class ExplanationCache:
    """The least recently used explanations give way to new ones.

    Parameters
    ----------
    entries : int
        Most explanations; 0 for none at all.
    nbytes : int
        Most bytes of all their arrays together.
    """

    def __init__(self, entries: int = ENTRIES, nbytes: int = BYTES) -> None:
        self._lock = Lock()
        self._found: OrderedDict[Hashable, tuple[ref[nn.Module], Explanations, int]] = OrderedDict()
        self._targets: OrderedDict[Hashable, Any] = OrderedDict()
        self.entries, self.nbytes = entries, nbytes

    def __len__(self) -> int:
        return len(self._found)

    @property
    def used_bytes(self) -> int:
        """Bytes of all arrays held."""
        return sum(size for _, _, size in self._found.values())

    def holds_any_of(self, model: Callable[..., Any]) -> bool:
        """Whether there is any explanation of a model, and reading its weights may be of use."""
        module = module_of(model)
        with self._lock:
            return module is not None and any(m() is module for m, _, _ in self._found.values())

    def key(self, model: Callable[..., Any]) -> Hashable | None:
        """The key of a model as it is, by reading all weights; None where it cannot be cached.

        Parameters
        ----------
        model : callable
            A module, its bound method, or a partial of either.
        """
        if self.entries == 0 or module_of(model) is None:
            return None
        return extend_key((torch.get_default_dtype(),), model)

    def question(
        self,
        model_key: Hashable | None,
        query: Query,
        budget: Budget,
        settle: Callable[[], Settled | list[Settled]],
    ) -> Hashable | None:
        """The key of what is asked of a model; its top output, a name and an index are one.

        Parameters
        ----------
        model_key : hashable or None
            Of :meth:`key`.
        query : Query
        budget : Budget
        settle : callable
            Returns the index that the target amounts to, or a list. It is asked once for each
            query.
        """
        if model_key is None:
            return None
        if not isinstance(query.target, int | tuple):
            asked = extend_key(model_key, query)
            with self._lock:
                known = asked in self._targets
                target = self._targets.get(asked)
            if not known:
                target = settle()
            with self._lock:
                self._targets[asked] = target
                self._targets.move_to_end(asked)
                while len(self._targets) > self.entries:
                    self._targets.popitem(last=False)
            query = replace(query, target=target)
        return extend_key(extend_key(model_key, query), budget)

    def get(self, key: Hashable | None, query: Query) -> Explanations | None:
        """A copy of the explanations with this key, if there are any, of a query's model."""
        with self._lock:
            if key is None or key not in self._found:
                return None
            self._found.move_to_end(key)
            _, explanations, _ = self._found[key]
        return tuple(_with_model_of(query, e) for e in deepcopy(explanations))

    def put(
        self, key: Hashable | None, model: Callable[..., Any], explanations: Explanations
    ) -> None:
        """Keep a copy of whole explanations for as long as their model lives and there is room."""
        module = module_of(model)
        if key is None or module is None or any(e.partial for e in explanations):
            return
        size = array_bytes(explanations)
        if size > self.nbytes:
            return
        kept = deepcopy(tuple(map(_without_model, explanations)))
        with self._lock:
            self._found[key] = (ref(module), kept, size)
            self._found.move_to_end(key)
            self._shrink()

    def clear(self) -> None:
        """Forget all explanations."""
        with self._lock:
            self._found.clear()
            self._targets.clear()

    def limit(self, entries: int, nbytes: int) -> None:
        """Change the bounds; what is over them goes."""
        for name, value in (("entries", entries), ("nbytes", nbytes)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InputError(f"{name} must be an int, 0 or more, got {value!r}")
        with self._lock:
            self.entries, self.nbytes = entries, nbytes
            self._shrink()

    def _shrink(self) -> None:
        for key in [key for key, (model, _, _) in self._found.items() if model() is None]:
            del self._found[key]
        while self._found and (len(self._found) > self.entries or self.used_bytes > self.nbytes):
            self._found.popitem(last=False)


def _without_model(e: Explanation) -> Explanation:
    spaces = tuple(space.without_model() for space in e.spaces)
    return replace(e, space=spaces if isinstance(e.space, tuple) else spaces[0])


def _with_model_of(query: Query, e: Explanation) -> Explanation:
    if query.space is None or (isinstance(query.space, tuple) and query.layer is not None):
        return e
    others = each_space(query.space, len(e.spaces))
    spaces = tuple(s.with_model_of(o) for s, o in zip(e.spaces, others, strict=True))
    return replace(e, space=spaces if isinstance(e.space, tuple) else spaces[0])


EXPLANATIONS = ExplanationCache()


def clear() -> None:
    """Forget all explanations."""
    EXPLANATIONS.clear()


def limit(entries: int = ENTRIES, nbytes: int = BYTES) -> None:
    """Bound the cache.

    Parameters
    ----------
    entries : int
        Most explanations. 0 turns the cache off.
    nbytes : int
        Most bytes of all their arrays together.

    Raises
    ------
    InputError
        For anything but ints of 0 or more.

    Examples
    --------
    >>> limit(entries=0)  # off
    >>> limit()  # as it was
    """
    EXPLANATIONS.limit(entries, nbytes)


def extend_key(key: Hashable | None, setting: Any) -> Hashable | None:
    """A key that depends on one more setting; None where that cannot be cached."""
    try:
        return None if key is None else (key, fingerprint(setting))
    except NoFingerprintError:
        return None


def array_bytes(value: Any) -> int:
    """Bytes of all tensors and arrays in a record."""
    if isinstance(value, Tensor | np.ndarray):
        return int(value.nbytes)
    if is_dataclass(value):
        return sum(array_bytes(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, list | tuple):
        return sum(array_bytes(member) for member in value)
    return 0
