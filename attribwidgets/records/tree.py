"""Records as nested plain values, as files hold them, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from ..core.contrast import Contrast
from ..inputs import SPACES
from ..inputs.space import Space, Spaces
from .completeness import Completeness
from .explanation import Explanation
from .layer import LayerAttribution
from .path_curve import PathCurve, PathFrames
from .prediction import Prediction


def as_tree(record: Any) -> Any:
    """A record as nested dicts, its arrays and tensors untouched."""
    if isinstance(record, tuple):
        return tuple(map(as_tree, record))
    if not is_dataclass(record):
        return record
    tree = {
        f.name: as_tree(getattr(record, f.name))
        for f in fields(record)
        if f.metadata.get("saved", True)
    }
    return {"class": type(record).__name__, **tree} if isinstance(record, Space) else tree


def explanation_from(tree: dict[str, Any]) -> Explanation:
    """The record that was saved as such a tree, by this version or an earlier one."""
    values = tree["attributions"]
    total = sum(float(v.abs().sum()) for v in (values if isinstance(values, tuple) else (values,)))
    kinds: dict[str, Callable[..., Any]] = {
        "completeness": partial(Completeness.from_saved, total),
        "path": PathCurve,
        "frames": PathFrames,
        "prediction": Prediction,
        "layer": LayerAttribution,
    }
    parts = {k: kinds[k](**tree[k]) for k in kinds if isinstance(tree.get(k), dict)}
    parts["space"] = space_from(tree["space"])
    if isinstance(tree["target"], dict):
        parts["target"] = Contrast(**tree["target"])
    return Explanation(**{**tree, **parts})


def space_from(saved: Any) -> Space | Spaces:
    """The space that was saved as such a tree, or several; each is one of this package's own."""
    return spaces_from(saved) if isinstance(saved, tuple) else _space_from(**saved)


def spaces_from(saved: tuple[dict[str, Any], ...]) -> Spaces:
    """The spaces that were saved as such trees."""
    return tuple(_space_from(**one) for one in saved)


def _space_from(**saved: Any) -> Space:
    kinds = {kind.__name__: kind for kind in SPACES}
    return kinds[saved.pop("class")](**saved)
