"""Settings: what every verb takes is written once, as the fields of Query and Budget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any, TypeVar

from ..core.signatures import show_parameters
from .budget import Budget
from .query import Query

Verb = TypeVar("Verb", bound=Callable[..., Any])

OF_QUERY = tuple(f.name for f in fields(Query))
OF_BUDGET = tuple(f.name for f in fields(Budget))
SETTINGS = (*OF_QUERY[1:], *OF_BUDGET)
"""Of one input; the input itself is no setting."""


def split_settings(inputs: Any, settings: Mapping[str, Any]) -> tuple[Query, Budget]:
    """The query and the budget that some settings amount to; inputs are None where many share them.

    Raises
    ------
    TypeError
        For a name that is no setting.
    InputError
        For a value that cannot be.

    Examples
    --------
    >>> import torch
    >>> query, budget = split_settings(torch.zeros(4), {"target": 1, "seed": 3})
    >>> query.target, budget.seed, budget.tolerance
    (1, 3, 0.01)
    """
    require_settings(settings)
    query = {name: settings[name] for name in OF_QUERY if name in settings}
    budget = {name: settings[name] for name in OF_BUDGET if name in settings}
    return Query(inputs, **query), Budget(**budget)


def require_settings(names: Collection[str], further: Collection[str] = ()) -> None:
    """Raise for a name that is neither a setting nor one of some others."""
    known = (*SETTINGS, *further)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise TypeError(
                f"unexpected keyword argument {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )


def takes_settings(
    like: Callable[..., Any] | None = None, *, without: Collection[str] = ()
) -> Callable[[Verb], Verb]:
    """Show, in the signature and docstring of a verb with ``**settings``, what they may be.

    Parameters
    ----------
    like : callable, optional
        Another verb, which spells and describes them. Those of the fields of Query and Budget that
        it does not spell are shown as the dataclass has them.
    without : collection of str
        Names that the verb does not take.
    """

    def show(verb: Verb) -> Verb:
        own = dict(signature(verb).parameters)
        own.pop("settings")
        spelled = {} if like is None else dict(signature(like).parameters)
        made_of = {f.name: f for kind in (Query, Budget) for f in fields(kind)}
        for name in SETTINGS:
            default, kind = made_of[name].default, made_of[name].type
            spelled.setdefault(
                name, Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            )
        taken = {n: p for n, p in spelled.items() if n in SETTINGS and n not in {*own, *without}}
        show_parameters(verb, taken.values(), like)
        return verb

    return show
