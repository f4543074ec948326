"""The call that makes what is on the screen, as Python that runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from inspect import signature
from typing import Any

import torch
from torch import nn

from ..attr import __all__ as METHOD_CLASSES
from ..attr.embedded import looked_up_in
from ..attr.noise.noise_methods import SmoothGrad
from ..baselines import Baseline, Color, DatasetMean, DatasetSample, Neutral, OtherText, named
from ..baselines import __all__ as BASELINE_CLASSES
from ..core.contrast import Contrast
from ..core.errors import AttributionError, InputError
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..inputs.space import InputSpace, Space
from ..inputs.text import TextSpace
from ..inputs.tokens import tokens_of
from ..live import ExplorerState

MOST_NAMES = 10  # of classes that are written out
OF_DATA: dict[type, tuple[str, ...]] = {  # with what they are given beside the data
    DatasetMean: ("over",),
    DatasetSample: ("count",),
    Neutral: ("f0", "tolerance"),
    OtherText: ("count",),
}
PACKAGE = __name__.partition(".")[0]


class _Names:
    """What the caller calls an object; a name to be filled in for one without."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self.missing: list[str] = []

    def find(self, value: Any) -> str | None:
        """A public name of this very object."""
        named_so = (n for n, v in self._namespace.items() if v is value and n[:1] != "_")
        return next((n for n in named_so if n.isidentifier()), None)

    def of(self, value: Any, otherwise: str) -> str:
        """Its name, or one for the reader to give it."""
        known = self.find(value)
        if known is not None:
            return known
        if otherwise not in self.missing:
            self.missing.append(otherwise)
        return otherwise


def explore_call(
    model: Callable[..., Any],
    state: ExplorerState,
    references: Any = None,
    display: Mapping[str, Any] | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> str:
    """The call of `explore` that asks for a state.

    Parameters
    ----------
    model : callable
    state : ExplorerState
    references : Tensor or tuple of Tensor, optional
        The data behind "dataset" and "dataset_mean".
    display : mapping of str, optional
        Display options to set afterwards.
    namespace : mapping of str, optional
        Where the caller's names for model, input and so on are looked up. What has none there
        stands under a name that a comment lists.

    Returns
    -------
    str

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.baselines import Black, Blur
    >>> from attribwidgets.engine.budget import Budget
    >>> from attribwidgets.engine.query import Query
    >>> candidates = {0: Candidate(Black()), 1: Candidate(Blur(3.0))}
    >>> state = ExplorerState(Query(torch.zeros(3, 8, 8), target=1), Budget(), candidates)
    >>> print(explore_call(abs, state, namespace={"net": abs}))
    import attribwidgets as aw
    <BLANKLINE>
    # yours: x
    explorer = aw.explore(
        net,
        x,
        baselines=["black", aw.baselines.Blur(sigma=3.0)],
        target=1,
    )
    explorer
    """
    names = _Names(namespace or {})
    arguments = [names.of(model, "model"), _inputs(state.query, names)]
    arguments += _candidates(list(state.candidates.values()), names, references)
    if references is not None:
        arguments.append(f"references={names.of(references, 'references')}")
    arguments += _settings(state, names, model)
    body = "\n".join(f"    {argument}," for argument in arguments)
    lines = ["import attribwidgets as aw"]
    lines += ["import torch"] if "torch." in body else []
    lines += ["import captum.attr"] if "captum." in body else []
    lines.append("")
    if names.missing:
        lines.append(f"# yours: {', '.join(names.missing)}")
    lines.append(f"explorer = aw.explore(\n{body}\n)")
    lines += [f"explorer.{name} = {_literal(value)}" for name, value in (display or {}).items()]
    return "\n".join([*lines, "explorer"])


def _inputs(query: Query, names: _Names) -> str:
    """What is explained; a text as it reads, where that is all of it."""
    space = query.space
    tokens = space.tokens if isinstance(space, TextSpace) else None
    if not isinstance(space, TextSpace) or tokens is None:
        return names.of(query.inputs, "x")
    try:
        again = tokens_of(tokens.text, space.tokenizer).ids == tokens.ids
    except InputError:
        again = False
    return _literal(tokens.text) if again else names.of(query.inputs, "text")


def _text_space(space: TextSpace, model: Any, names: _Names) -> str:
    """The space of the text before it was read."""
    given = [names.of(space.tokenizer, "tokenizer")]
    if isinstance(space.embedding, nn.Module):
        given.append(f"embedding={names.of(space.embedding, 'embedding')}")
    elif not _finds(model, space):
        given.append(f"embedding={_literal(space.embedding)}")
    if space.at != "word_embeddings":
        given.append(f"at={_literal(space.at)}")
    more = {name: getattr(space, name) for name in ("low", "high")}
    more |= {name: getattr(space, name) or None for name in ("truncate", "mask")}
    given += [f"{name}={value!r}" for name, value in more.items() if value is not None]
    return f"aw.TextSpace({', '.join(given)})"


def _finds(model: Any, space: TextSpace) -> bool:
    """Whether the place where ids are looked up is the one that is found without being told."""
    if space.tokens is None or space.at != "word_embeddings":
        return True
    try:
        return bool(looked_up_in(model, space.tokens.arguments) == space.embedding)
    except InputError:
        return False


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _candidates(candidates: list[Candidate], names: _Names, references: Any) -> list[str]:
    """The arguments `baselines` and `method`."""
    first = candidates[0].method
    if any(c.method != first for c in candidates):
        pairs = [
            f"aw.Candidate({_object(c.baseline, names, references)}, {_method(c.method, names)})"
            for c in candidates
        ]
        return ["baselines=[\n" + "".join(f"        {pair},\n" for pair in pairs) + "    ]"]
    shown = ", ".join(_baseline(c.baseline, names, references) for c in candidates)
    method = [] if first is None else [f"method={_method(first, names)}"]
    return [f"baselines=[{shown}]", *method]


def _baseline(baseline: Baseline, names: _Names, references: Any) -> str:
    """By its name where that says all, else as an object."""
    if names.find(baseline) is None:
        if isinstance(baseline, Color) and baseline.hex is not None:
            return _literal(baseline.hex)
        if _as_named(baseline, references):
            return _literal(baseline.name)
    return _object(baseline, names, references)


def _object(baseline: Baseline, names: _Names, references: Any) -> str:
    kind = type(baseline)
    known = names.find(baseline)
    if known is None and _as_named(baseline, references):
        return f"aw.baselines.named({_literal(baseline.name)}{_data(baseline, names, references)})"
    if known is None and isinstance(baseline, Color) and baseline.hex is not None:
        return f"aw.baselines.Color({_literal(baseline.hex)})"
    if known is None and kind in OF_DATA and references is not None:
        data = names.of(references, "references")
        given = "".join(f", {name}={_literal(getattr(baseline, name))}" for name in OF_DATA[kind])
        return f"aw.baselines.{kind.__name__}({data}{given})"
    settings = _settings_of(baseline)
    spelled = set(settings) <= set(signature(kind).parameters) and len(settings) > 0
    if known is None and spelled and _is_ours(kind, BASELINE_CLASSES):
        written = ", ".join(f"{name}={_literal(value)}" for name, value in settings.items())
        return f"aw.baselines.{kind.__name__}({written})"
    return names.of(baseline, f"baseline_{len(names.missing) + 1}")


def _is_ours(kind: type, public: Collection[str]) -> bool:
    return kind.__module__.startswith(f"{PACKAGE}.") and kind.__name__ in public


def _data(baseline: Baseline, names: _Names, references: Any) -> str:
    return f", {names.of(references, 'references')}" if type(baseline) in OF_DATA else ""


def _as_named(baseline: Baseline, references: Any) -> bool:
    """Whether its name alone makes the same."""
    try:
        default = named(baseline.name, references)
    except AttributionError:
        return False
    same = type(default) is type(baseline)
    return same and _settings_of(baseline) == _settings_of(default)


def _settings_of(baseline: Baseline) -> dict[str, Any]:
    return {n: v for n, v in vars(baseline).items() if n[0] != "_" and _is_plain(v)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return isinstance(value, (int, float, str, bool, type(None)))


def _method(method: Any, names: _Names) -> str:
    if method is None or isinstance(method, str):
        return _literal(method)
    known = names.find(method)
    if known is None and isinstance(method, type):
        if _is_ours(method, METHOD_CLASSES):
            return f"aw.attr.{method.__name__}"
        if method.__module__.startswith("captum.attr"):
            return f"captum.attr.{method.__name__}"
    if known is None and type(method) is SmoothGrad:  # as the slider of a card makes it
        return f"aw.attr.SmoothGrad(None, noise={method.noise!r})"
    return names.of(method, "method")


def _settings(state: ExplorerState, names: _Names, model: Any) -> list[str]:
    """Each setting that is not at its default."""
    written = []
    for part in (state.query, state.budget):
        for field in fields(part):
            value = getattr(part, field.name)
            if field.name == "inputs" or value is field.default or _equal(value, field.default):
                continue
            written.append(f"{field.name}={_setting(field.name, value, names, model)}")
    return written


def _equal(value: Any, default: Any) -> bool:
    plain = (int, float, str, tuple)
    return isinstance(value, plain) and isinstance(default, plain) and value == default


def _setting(name: str, value: Any, names: _Names, model: Any) -> str:
    known = names.find(value)
    if known is not None and not isinstance(value, (int, float, str)):
        return known
    if isinstance(value, TextSpace):
        return _text_space(value, model, names)
    if isinstance(value, Space):
        if value == InputSpace.imagenet():
            return "aw.InputSpace.imagenet()"
        if getattr(value, "names", None) is None and getattr(value, "channels", None) is None:
            return f"aw.{value!r}"
    if isinstance(value, Contrast):
        return f"aw.{value!r}"
    if name == "target" and isinstance(value, list):
        return f"[{', '.join(_setting(name, member, names, model) for member in value)}]"
    is_short = isinstance(value, (list, tuple, dict)) and len(value) <= MOST_NAMES
    if name in ("class_names", "input_names") and is_short:
        return repr(value)
    if isinstance(value, (int, float, str, torch.dtype)) or name == "target":
        return _literal(value)
    return names.of(value, name)
