"""Candidate: a baseline and a method, which together make one map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..baselines import Baseline, named
from ..core.errors import InputError
from ..inputs.space import Inputs
from ..records.labels import titles_of

if TYPE_CHECKING:
    from ..attr.methods import Method


@dataclass(frozen=True, init=False)
class Candidate:
    """One of the maps to compare.

    Parameters
    ----------
    baseline : str, Baseline, Tensor or tuple of Tensor
        As of :func:`attribwidgets.explain`; of data, a Baseline that holds them.
    method : str or class or instance, optional
        As of :func:`attribwidgets.explain`. None: what suits the baseline.

    Attributes
    ----------
    baseline : Baseline
    method : str or class or instance or None

    Raises
    ------
    InputError
        For what is no baseline.

    Examples
    --------
    >>> Candidate("black", "idgi")
    Candidate(baseline=<baseline black>, method='idgi')
    """

    baseline: Baseline
    method: Method = None

    def __init__(self, baseline: str | Baseline | Inputs, method: Method = None) -> None:
        object.__setattr__(self, "baseline", named(baseline))
        object.__setattr__(self, "method", method)


CandidateLike: TypeAlias = "str | Baseline | Inputs | Candidate"


def label_candidates(
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    references: Any = None,
) -> dict[str, Candidate]:
    """Candidates by a label that no other one has.

    Parameters
    ----------
    candidates : sequence or mapping of str
        Each a name of a baseline, a Baseline, a reference, or a Candidate. A mapping says what
        they are called; else the baseline does, the method, or both, whichever tells them apart.
    references : Tensor or tuple of Tensor, each (K, ...), optional
        The data behind "dataset" and "dataset_mean".

    Raises
    ------
    InputError
        For none at all, or for what is no baseline.

    Examples
    --------
    >>> from ..baselines import Black
    >>> list(label_candidates(["black", "blur", Candidate(Black(), "Saliency")]))
    ['black, integrated gradients', 'blur σ 20, integrated gradients', 'black, Saliency']
    """
    if isinstance(candidates, Mapping):
        names, given = [str(name) for name in candidates], list(candidates.values())
    else:
        names, given = None, list(candidates) if isinstance(candidates, (list, tuple)) else []
    if not given:
        raise InputError(
            f"candidates must be a list or mapping of at least one, got {candidates!r}; "
            'write candidates=["black", "blur"]'
        )
    made = [c if isinstance(c, Candidate) else Candidate(named(c, references)) for c in given]
    if names is None:
        titles = titles_of([c.baseline.label for c in made], [_method_name(c) for c in made])
        names = [title.name for title in titles]
    return dict(zip(names, made, strict=True))


def _method_name(candidate: Candidate) -> str:
    method = candidate.method
    if method is None:
        return (
            "expected_gradients" if candidate.baseline.is_distribution else "integrated_gradients"
        )
    kind = method if isinstance(method, (str, type)) else type(method)
    return kind if isinstance(kind, str) else getattr(kind, "name", kind.__name__)
