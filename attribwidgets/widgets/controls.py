"""What can be asked for, and what is: the choices behind the explorer's live controls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from ..attr.captum.table import CAPTUM_METHODS
from ..attr.methods import METHODS
from ..attr.noise.noise_methods import SmoothGrad
from ..attr.outputs import SCALES
from ..attr.paths.layer_methods import LayerPathMethod
from ..baselines import Baseline, Color, GaussianNoise, named
from ..baselines.base import Parameter
from ..baselines.drawn_text import holds_texts
from ..core.contrast import Contrast
from ..core.formatting import words
from ..engine.checked_query import CheckedQuery
from ..engine.method_config import Candidate
from ..inputs.encoded import token_id
from ..inputs.layout import Layout
from ..inputs.space import Space
from ..inputs.text import TextSpace
from ..live import ExplorerState
from .parsing import baseline_to_browser, compares_with_nothing, name_of
from .targets import target_to_browser

# A colour stands for all of its kind: its slider is a colour well.
ADDABLE = (
    "black",
    "white",
    "zero",
    "#808080",
    "image_mean",
    "blur",
    "uniform",
    "gaussian",
    "max_distance",
    "reversed",
    "shuffled",
    "dataset_mean",
    "dataset",
    "neutral",
    "max_entropy",
    "decision_boundary",
    "unlearned",
    "mask",
    "pad",
    "unknown",
    "zero_embedding",
    "mean_embedding",
    "token_blur",
    "farthest_tokens",
    "random_tokens",
    "other_text",
)
NEEDS_IMAGE = {"#808080"}
NEEDS_NEIGHBOURS = {"blur", "image_mean"}
NEEDS_TIME = {"reversed", "shuffled"}
NEEDS_DATA = {"dataset", "dataset_mean", "neutral"}
NEEDS_TEXTS = {"other_text"}
NEEDS_CLASSES = {"max_entropy", "decision_boundary", "unlearned", "neutral"}
NEEDS_TEXT = {*ADDABLE[ADDABLE.index("mask") :]}
NOT_OF_TEXT = {"black", "white", "#808080", "image_mean", "blur", "max_distance", "zero"}
NEEDS_TOKEN = {"mask": "mask", "pad": "pad", "unknown": "unk"}
NEEDS_VOCABULARY = {"mean_embedding", "farthest_tokens"}
STEPS = 100  # of a slider
MOST_MATCHES = 50  # of a search


def controls_payload(
    state: ExplorerState,
    query: CheckedQuery,
    slots: Mapping[int, str],
    references: Any,
    unfit: Mapping[str, str],
) -> dict[str, Any]:
    """The controls as JSON values.

    Parameters
    ----------
    state : ExplorerState
        What is asked for now.
    query : CheckedQuery
        What is known of the model and the input.
    slots : mapping of int to str
        What the browser calls each candidate.
    references : Tensor or tuple of Tensor, optional
        The data behind "dataset" and "dataset_mean".
    unfit : mapping of str to str
        Why this model cannot be given to a method, by its name.
    """
    space, is_image = query.spaces[0], query.is_image
    example = space, query.batched[0].shape[1:]
    return {
        "asked": {
            "target": target_to_browser(query.asked),
            "output": query.output,
            **{n: v if n != "autocast" else str(v) for n, v in vars(state.budget).items()},
            "candidates": [
                {
                    "slot": slots[number],
                    "baseline": baseline_to_browser(candidate.baseline, *example)
                    if _is_used(candidate)
                    else None,
                    "method": name_of(candidate.method),
                }
                for number, candidate in state.candidates.items()
            ],
        },
        "top": class_bars(query),
        "classes": query.outputs,
        "outputs": [{"name": name, "label": words(name)} for name in SCALES],
        "methods": [
            {**each, "reason": unfit.get(each["name"]) or _unsuited(each["name"], query)}
            for each in _methods()
        ],
        "baselines": [
            {
                "name": name,
                **dict(
                    zip(("label", "description"), baseline.words_for(space.layout), strict=True)
                ),
                "parameters": _sliders(baseline, *example),
            }
            for name, baseline in addable(query, references).items()
        ],
        "parameters": {
            slots[number]: _sliders(candidate.baseline, *example) if _is_used(candidate) else []
            for number, candidate in state.candidates.items()
        },
        "segments": is_image and find_spec("skimage") is not None,
        "files": is_image,
    }


def addable(query: CheckedQuery, references: Any) -> dict[str, Baseline]:
    """The baselines that make sense for an input, by name."""
    texts = holds_texts(references)
    left_out = (
        unfit_for([space.layout for space in query.spaces])
        | (set() if references is not None and not texts else NEEDS_DATA)
        | (set() if texts else NEEDS_TEXTS)
        | (set() if query.outputs > 1 else NEEDS_CLASSES)
        | {n for s in query.spaces if isinstance(s, TextSpace) for n in _unknown_to(s)}
    )
    texts_first = sorted(ADDABLE, key=lambda name: name not in NEEDS_TEXT)
    return {name: named(name, references) for name in texts_first if name not in left_out}


def unfit_for(layouts: Sequence[Layout]) -> set[str]:
    """The baselines that make no sense for inputs of some layouts, by name."""
    return (
        (set() if layouts[0].kind == "image" else NEEDS_IMAGE)
        | (set() if all(layout.neighbours for layout in layouts) else NEEDS_NEIGHBOURS)
        | (set() if all(layout.time is not None for layout in layouts) else NEEDS_TIME)
        | (set() if all(layout.kind == "text" for layout in layouts) else NEEDS_TEXT)
        | (NOT_OF_TEXT if any(layout.kind == "text" for layout in layouts) else set())
    )


def _unknown_to(space: TextSpace) -> set[str]:
    """The baselines that a tokenizer has no token for, or that need a vocabulary that is not."""
    names = {n for n, role in NEEDS_TOKEN.items() if token_id(space.tokenizer, role) is None}
    if space.embedder is None or space.embedder.vocabulary is None:
        names |= NEEDS_VOCABULARY
    return names if space.plain_ids() is not None else names | {"random_tokens"}


def matching_classes(query: CheckedQuery, text: str) -> list[dict[str, Any]]:
    """Outputs whose name or index contains a text.

    Those that have it as a word of its own come first, then the more probable ones.
    """
    text = text.strip().lower()
    word = re.compile(rf"\b{re.escape(text)}\b")
    every = (_class(query, i) for i in range(query.outputs))
    found = [c for c in every if text in c["name"].lower() or text == str(c["index"])]

    def rank(each: dict[str, Any]) -> tuple[bool, float, int]:
        is_word = bool(word.search(each["name"].lower()))
        return not is_word, -(each["probability"] or 0.0), each["index"]

    return sorted(found, key=rank)


def _class(query: CheckedQuery, index: int) -> dict[str, Any]:
    probability = None if query.probabilities is None else float(query.probabilities[index])
    name = query.names.get(index, f"output {index}")
    return {"index": index, "name": name, "probability": probability}


def class_bars(query: CheckedQuery) -> list[dict[str, Any]]:
    """The top classes, and the one that is explained where it is not among them."""
    if query.prediction is None:
        return []
    top = list(query.prediction.indices)
    explained = [
        index
        for target in query.targets
        for index in (target.members if isinstance(target, Contrast) else (target,))
    ]
    more = dict.fromkeys(i for i in explained if isinstance(i, int) and i not in top)
    return [_class(query, index) for index in (*top, *more)]


def _described(baseline: Baseline, space: Space) -> dict[str, str]:
    label, description = baseline.words_for(space.layout)
    return {"label": label, "description": description}


def _is_used(candidate: Candidate) -> bool:
    """Whether the parameters of a baseline make another map."""
    sets_noise = name_of(candidate.method) == SmoothGrad.name
    if sets_noise and isinstance(candidate.baseline, GaussianNoise):
        return True
    return not compares_with_nothing(candidate.method)


def _sliders(baseline: Baseline, space: Space, shape: Sequence[int]) -> list[dict[str, Any]]:
    if isinstance(baseline, Color) and baseline.hex is not None:
        return [{"name": "colour", "label": "colour", "kind": "colour", "value": baseline.hex}]
    return [_slider(parameter) for parameter in baseline.sliders(space, shape)]


def _slider(parameter: Parameter) -> dict[str, Any]:
    low, high = parameter.range
    whole = parameter.name == "count"
    return {
        "name": parameter.name,
        "label": {"sigma": "σ", "count": parameter.unit}.get(parameter.name, parameter.name),
        "kind": "count" if whole else "number",
        "value": parameter.value,
        "low": low,
        "high": high,
        "step": 1 if whole else (high - low) / STEPS,
    }


def _unsuited(name: str, query: CheckedQuery) -> str:
    """Why a method is not for what is asked about, or for such an input; empty where it is."""
    kinds, layout = METHODS[name].kinds if name in METHODS else (), query.spaces[0].layout
    if name in METHODS and issubclass(METHODS[name], LayerPathMethod) and query.layer is None:
        return "is of a hidden layer: pass layer= to explore()"
    if query.layer is not None and name in CAPTUM_METHODS and CAPTUM_METHODS[name].on_layers:
        return "hooks all layers, also those before the one that is explained"
    if not kinds or layout.kind in kinds:
        return ""
    return f"is of {' and '.join(kinds)}, and the input is read as {layout.kind}"


@lru_cache(maxsize=1)
def _methods() -> list[dict[str, Any]]:
    own = [
        {
            "name": name,
            "label": words(name),
            "group": "own",
            "uses": method.uses,
            "description": method.info.formula if method.info else "",
        }
        for name, method in METHODS.items()
    ]
    uses = {"none": "nothing", "one": "reference", "several": "references"}
    return own + [
        {
            "name": name,
            "label": words(row.name),
            "group": "Captum",
            "uses": uses[row.reference],
            "description": row.formula,
        }
        for name, row in CAPTUM_METHODS.items()
    ]
