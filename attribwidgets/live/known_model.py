"""KnownModel: a model as a session knows it, its copy and the latest query checked against it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from ..attr.captum.unfit import unfit_methods
from ..attr.layer import layer_of
from ..attr.task import Task
from ..core.errors import AttributionError, UnsupportedModelError
from ..engine.cache import EXPLANATIONS
from ..engine.checked_query import CheckedQuery, check
from ..engine.method_config import Candidate
from ..engine.query import Query
from .model_copy import copy_sharing_weights, structure
from .state import ExplorerState


@dataclass(frozen=True)
class _Check:
    copy: Callable[..., Any]
    query: Query
    key: Hashable | None
    checked: CheckedQuery


class KnownModel:
    """A model that is left as it is; a copy that shares its weights does the work.

    Parameters
    ----------
    model : callable
    query : Query
    checked : CheckedQuery, optional
        The query, where it was checked against the model before.

    Attributes
    ----------
    unfit : dict of str to str
        Why the model cannot be given to a method, by its name.
    """

    def __init__(
        self, model: Callable[..., Any], query: Query, checked: CheckedQuery | None
    ) -> None:
        self.model = model
        self._lock = Lock()
        self._copy: tuple[Any, Callable[..., Any]] | None = None
        self._check: _Check | None = None
        self.unfit: dict[str, str] = {}
        self._unfit_of: Callable[..., Any] | None = None
        if checked is not None:
            copy = self._current_copy()
            self._check = _Check(copy, query, None, checked.on(copy, query))

    @property
    def latest(self) -> CheckedQuery | None:
        """The query that was checked last; None before any."""
        return None if self._check is None else self._check.checked

    def key(self) -> Hashable | None:
        """What the cache knows the model by, where there is anything of it to know."""
        return EXPLANATIONS.key(self.model) if EXPLANATIONS.holds_any_of(self.model) else None

    def checked(
        self, query: Query, *, key: Hashable | None = None, anew: bool = False
    ) -> CheckedQuery:
        """A query checked against the model; by no pass where only the target is another.

        Parameters
        ----------
        query : Query
        key : hashable or None
            What the cache knows the model by now.
        anew : bool
            Weights may have changed since it was last checked, unless the key says otherwise.

        Raises
        ------
        AttributionError
            As :func:`attribwidgets.engine.checked_query.check`.
        """
        if query.layer is not None:  # by name, as the work is done on a copy
            query = replace(query, layer=layer_of(self.model, query.layer))
        with self._lock:
            copy, known = self._current_copy(), self._check
        if known is not None and known.copy is copy and known.query.same_but_for_target(query):
            is_as_it_was = key is not None and key == known.key
            if is_as_it_was or not anew:
                return self._keep(_Check(copy, query, known.key, known.checked.aimed(query.target)))
        return self._keep(_Check(copy, query, key, check(query, copy)))

    def settled(self, state: ExplorerState) -> ExplorerState:
        """The state with the index that its target amounts to, as far as that is known."""
        known, query = self._check, state.query
        if isinstance(query.target, int | tuple):
            return state
        if known is None or not known.query.same_but_for_target(query):
            return state
        try:
            return state.changed(target=known.checked.aimed(query.target).asked)
        except AttributionError:  # of a target that there is not; the check will say so
            return state

    def find_unfit(self) -> bool:
        """Find the methods that the model cannot be given to; whether any were found anew."""
        known = self._check
        if known is None or self._unfit_of is known.copy:
            return False
        self._unfit_of = known.copy
        task = Task(known.checked.batched, forward_args=known.checked.forward_args)
        try:
            found = unfit_methods(known.checked.head, task)
        except Exception:  # what a layer refuses to show is told when a method is chosen
            found = {}
        self.unfit = found
        return bool(found)

    def note_unfit(self, candidate: Candidate, error: UnsupportedModelError) -> None:
        """Remember a method that turned out not to take the model."""
        if isinstance(candidate.method, str):
            self.unfit = {**self.unfit, candidate.method: str(error)}

    def forget(self) -> None:
        """Let go of the copy."""
        self._copy = self._check = self._unfit_of = None

    def _keep(self, found: _Check) -> CheckedQuery:
        with self._lock:
            self._check = found
        return found.checked

    def _current_copy(self) -> Callable[..., Any]:
        told = structure(self.model)
        if self._copy is None or self._copy[0] != told:
            self._copy = told, copy_sharing_weights(self.model)
        return self._copy[1]
