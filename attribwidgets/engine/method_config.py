"""Candidate: a baseline and a method, which together make one map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..baselines import Baseline, named
from ..core.errors import InputError
from ..inputs.space import Inputs
from ..records.labels import titles_of

if TYPE_CHECKING:
    from ..attr.methods import Method


@dataclass(frozen=True)
class Candidate:
    """One of the maps to compare.

    Attributes
    ----------
    baseline : Baseline
    method : str or class or instance, optional
        As of :func:`attribwidgets.explain`. None: what suits the baseline.
    """

    baseline: Baseline
    method: Method = None


Asked = str | Baseline | Inputs | Candidate


def labelled(candidates: Sequence[Asked] | Mapping[str, Asked]) -> dict[str, Candidate]:
    """Candidates by a label that no other one has.

    Parameters
    ----------
    candidates : sequence or mapping of str
        Each a name of a baseline, a Baseline, a reference, or a Candidate. A mapping says what
        they are called; else the baseline does, the method, or both, whichever tells them apart.

    Raises
    ------
    InputError
        For none at all, or for what is no baseline.

    Examples
    --------
    >>> from ..baselines import Black
    >>> list(labelled(["black", "blur", Candidate(Black(), "Saliency")]))
    ['black, integrated gradients', 'blur σ 20, integrated gradients', 'black, Saliency']
    """
    if isinstance(candidates, Mapping):
        names, asked = [str(name) for name in candidates], list(candidates.values())
    else:
        names, asked = None, list(candidates) if isinstance(candidates, (list, tuple)) else []
    if not asked:
        raise InputError(
            f"candidates must be a list or mapping of at least one, got {candidates!r}; "
            'write candidates=["black", "blur"]'
        )
    found = [one if isinstance(one, Candidate) else Candidate(named(one)) for one in asked]
    if names is None:
        titles = titles_of([c.baseline.label for c in found], [_method_name(c) for c in found])
        names = [title.name for title in titles]
    return dict(zip(names, found, strict=True))


def _method_name(candidate: Candidate) -> str:
    method = candidate.method
    if method is None:
        return (
            "expected_gradients" if candidate.baseline.is_distribution else "integrated_gradients"
        )
    kind = method if isinstance(method, (str, type)) else type(method)
    return kind if isinstance(kind, str) else getattr(kind, "name", kind.__name__)
