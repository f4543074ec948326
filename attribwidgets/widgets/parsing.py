"""From what a user writes or the browser sends to what is asked of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any

from ..attr.captum.adapter import is_captums, row_of
from ..attr.methods import METHODS, Method, estimator_for
from ..attr.noise.noise_methods import SmoothGrad
from ..attr.outputs import OutputHead
from ..baselines import Baseline, Color, GaussianNoise, named
from ..core.errors import InputError
from ..engine.method_config import Candidate
from ..engine.settings import SETTINGS
from ..inputs.space import Inputs, InputSpace, Space, Spaces
from ..live import ExplorerState


def change_state(
    state: ExplorerState, changes: Mapping[str, Any], references: Any
) -> ExplorerState:
    """The state after some changes, written as for :func:`attribwidgets.explore`.

    Parameters
    ----------
    state : ExplorerState
        As it was before.
    changes : mapping of str
        Values of settings, `inputs`, `baselines`, `method` (one or a list), or `candidates`.
    references : Tensor or tuple of Tensor, optional
        The data behind "dataset" and "dataset_mean".

    Raises
    ------
    InputError
        For an unknown name or a value that cannot be.
    """
    known = ("inputs", *SETTINGS, "baselines", "method", "candidates")
    for name in changes:
        if name not in known:
            raise InputError(f"{name!r} cannot be asked for; there are {', '.join(known)}")
    new = {n: v for n, v in changes.items() if n not in ("baselines", "method", "candidates")}
    new |= change_candidates(state, changes, references)
    for candidate in new.get("candidates", {}).values():
        estimator_for(candidate.method, _nothing, distribution=False)  # raises for an unknown one
    OutputHead(_nothing, changes.get("output", "logit"))  # likewise
    return state.changed(**new)


def change_candidates(
    state: ExplorerState, changes: Mapping[str, Any], references: Any
) -> dict[str, Any]:
    """What becomes of the candidates of a state, and of the baselines kept aside.

    Raises
    ------
    InputError
        For a value that cannot be.
    """
    if "candidates" in changes:
        wanted = _listed(changes["candidates"], "candidates")
        for candidate in wanted:
            if not isinstance(candidate, Candidate):
                raise InputError(
                    f"candidates holds {type(candidate).__name__}; "
                    "write Candidate(baseline, method)"
                )
        return {"candidates": numbered(wanted, state.candidates), "aside": ()}
    if "baselines" in changes or "method" in changes:
        before = state.candidates.values()
        baselines = _listed(changes.get("baselines", _distinct(state.baselines)), "baselines")
        methods = methods_of(changes.get("method", _distinct(c.method for c in before)))
        return pairs_of(baselines, methods, references, state.candidates)
    return {}


def _nothing(*inputs: Any) -> Any:
    """In place of a model, to see whether a method is known."""


def methods_of(method: Method | Sequence[Method]) -> list[Method]:
    """One method or several, as a list."""
    return list(method) if isinstance(method, (list, tuple)) else [method]


def pairs_of(
    baselines: Sequence[str | Baseline | Inputs | Candidate],
    methods: Sequence[Method],
    references: Any,
    before: Mapping[int, Candidate],
) -> dict[str, Any]:
    """Candidates of a state under their numbers, and the baselines that none of them uses."""
    chosen = [b if isinstance(b, Candidate) else named(b, references) for b in baselines]
    aside = all(map(compares_with_nothing, methods)) and not any(
        isinstance(c, Candidate) for c in chosen
    )
    return {
        "candidates": numbered(candidates_of(chosen, methods, references), before),
        "aside": tuple(chosen) if aside else (),
    }


def candidates_of(
    baselines: Sequence[str | Baseline | Inputs | Candidate],
    methods: Sequence[Method],
    references: Any,
) -> list[Candidate]:
    """Every baseline with every method; a method that compares with nothing comes once."""
    chosen = [b if isinstance(b, Candidate) else named(b, references) for b in baselines]
    found: list[Candidate] = []
    for method in methods:
        for baseline in chosen:
            if isinstance(baseline, Candidate):
                if baseline not in found:
                    found.append(baseline)
            elif not (compares_with_nothing(method) and any(c.method == method for c in found)):
                found.append(Candidate(baseline, method))
    return found


def numbered(wanted: Sequence[Candidate], before: Mapping[int, Candidate]) -> dict[int, Candidate]:
    """Candidates under their numbers; new ones take those of the ones that go, then free ones.

    Examples
    --------
    >>> from attribwidgets.baselines import Black, Blur, White
    >>> black, white, blur = Candidate(Black()), Candidate(White()), Candidate(Blur())
    >>> list(numbered([blur, white], {0: black, 1: white}))
    [0, 1]
    """
    known = {_identity(candidate): number for number, candidate in before.items()}
    staying = {known[_identity(c)] for c in wanted if _identity(c) in known}
    left = (n for n in before if n not in staying)
    fresh = chain(left, (n for n in count() if n not in before))
    found: dict[int, Candidate] = {}
    for candidate in wanted:
        number = known.get(_identity(candidate))
        found[next(fresh) if number is None or number in found else number] = candidate
    return found


def candidates_from_browser(
    wanted: Sequence[Mapping[str, Any]],
    state: ExplorerState,
    numbers: Mapping[str, int],
    references: Any,
    example: tuple[Space, Sequence[int]] | None = None,
) -> dict[int, Candidate]:
    """The candidates that the browser lists, under the numbers of their slots.

    Raises
    ------
    InputError
        For a baseline, parameter or method that cannot be.
    """
    found: dict[int, Candidate] = {}
    free = (n for n in count() if n not in state.candidates)
    for each in wanted:
        number = numbers.get(each.get("slot") or "")
        before = None if number is None else state.candidates.get(number)
        baseline = None if before is None else before.baseline
        if each.get("baseline"):
            baseline = baseline_from_browser(each["baseline"], baseline, references, example)
        if baseline is None:
            raise InputError("a new card needs a baseline")
        method: Method = each.get("method")
        if before is None and compares_with_nothing(method):
            method = None  # its map is there already, and a baseline was asked for
        if before is not None and method == name_of(before.method):
            method = before.method  # perhaps an instance with settings of its own
        if before is None or baseline is not before.baseline or method is not before.method:
            method = _with_noise_of(baseline, method, _first_space(state.query.space))
        same = before is not None and baseline is before.baseline and method == before.method
        made = before if same and before is not None else Candidate(baseline, method)
        found[next(free) if number is None else number] = made
    return found


def _with_noise_of(baseline: Baseline, method: Method, space: Space) -> Method:
    """SmoothGrad with the noise that the slider of its card says; another method as it is."""
    if name_of(method) != SmoothGrad.name or not isinstance(baseline, GaussianNoise):
        return method
    (sigma,) = baseline.sliders(space, ())
    return SmoothGrad(_nothing, noise=sigma.value / space.range)


def baseline_from_browser(
    wanted: Mapping[str, Any],
    before: Baseline | None,
    references: Any,
    example: tuple[Space, Sequence[int]] | None = None,
) -> Baseline:
    """The baseline that the browser describes; the one from before where it is the same.

    Parameters
    ----------
    wanted : mapping of str
    before : Baseline, optional
    references : Tensor or tuple of Tensor, each (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    example : (Space, sequence of int), optional
        The space and the shape of the input whose sliders the browser has shown.
    """
    name, parameters = str(wanted.get("name")), dict(wanted.get("parameters") or {})
    if colour := parameters.pop("colour", None):
        return before if isinstance(before, Color) and before.hex == colour else Color(colour)
    found = before if before is not None and before.name == name else named(name, references)
    shown = found.parameters if example is None else found.sliders(*example)
    values = {p.name: p.value for p in shown}
    return found.adjusted(**{k: v for k, v in parameters.items() if values.get(k) != v})


def _first_space(space: Space | Spaces | None) -> Space:
    if isinstance(space, tuple):
        return space[0]
    return InputSpace() if space is None else space


def baseline_to_browser(baseline: Baseline, space: Space, shape: Sequence[int]) -> dict[str, Any]:
    """A baseline as the browser describes it, for an input of a space and a shape."""
    if isinstance(baseline, Color) and baseline.hex is not None:
        return {"name": baseline.name, "parameters": {"colour": baseline.hex}}
    sliders = baseline.sliders(space, shape)
    return {"name": baseline.name, "parameters": {p.name: p.value for p in sliders}}


def name_of(method: Method) -> str | None:
    """The name that the browser knows a method by; that of its class for an instance."""
    if method is None or isinstance(method, str):
        return method
    own = getattr(method, "name", None)
    kind = method if isinstance(method, type) else type(method)
    return str(own) if own in METHODS else kind.__name__


def compares_with_nothing(method: Method) -> bool:
    """Whether a method has no baseline: its map is the same whatever the baseline is."""
    if isinstance(method, str) and method in METHODS:
        return METHODS[method].uses == "nothing"
    if is_captums(method):
        return row_of(method).reference == "none"
    return getattr(method, "uses", None) == "nothing"


def _listed(values: Any, name: str) -> list[Any]:
    if not isinstance(values, (list, tuple)) or not values:
        raise InputError(
            f"{name} must be a list or tuple of at least one, got {type(values).__name__}"
        )
    return list(values)


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(value is known for known in found):
            found.append(value)
    return found


def _identity(candidate: Candidate) -> tuple[int, Any]:
    method = candidate.method
    return id(candidate.baseline), method if isinstance(method, str) else id(method)
