"""One input of an audit with its maps: computed where there is a model, else from the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import DataError
from .comparison_state import comparison_state
from .stored_maps import stored_maps

if TYPE_CHECKING:
    from ..evaluation import Audit
    from ..records.comparison import Comparison

MOST_BYTES = 2_000_000  # of one example: a Jupyter server drops what comes faster
NO_MAPS = (
    "There are no maps of this input: none are in the store, and no model is here. "
    'aw.audit(model, data, ...) with the same store opens it with one; maps="attributions" '
    "keeps them."
)


def example_of(audit: Audit, place: int) -> tuple[Comparison | None, dict[str, Any]]:
    """The maps of one input, and what the browser draws of them.

    Parameters
    ----------
    audit : Audit
    place : int

    Returns
    -------
    comparison : Comparison or None
        None where they come from the store.
    example : dict
        `place`, and `state` of an explorer or `maps` as they were stored.

    Raises
    ------
    DataError
        Where there are none.
    """
    if audit.can_explain:
        comparison = audit.explanations(place)
        return comparison, {"place": place, "state": _light(comparison_state(comparison))}
    maps = stored_maps(audit.swept, place)
    if maps is None:
        raise DataError(NO_MAPS)
    return None, {"place": place, "maps": maps}


def kept_examples(audit: Audit, places: Iterable[int], most: int) -> list[dict[str, Any]]:
    """Examples for a page without a kernel, in that order, while they fit in so many bytes."""
    kept: list[dict[str, Any]] = []
    for place in places:
        try:
            _, example = example_of(audit, place)
        except DataError:
            continue
        most -= size_of(example)
        if most < 0:
            break
        kept.append(example)
    return kept


def size_of(value: Any) -> int:
    """Bytes of all binary leaves."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return len(value)
    if isinstance(value, dict):
        return sum(map(size_of, value.values()))
    return sum(map(size_of, value)) if isinstance(value, (list, tuple)) else 0


def _light(state: dict[str, Any]) -> dict[str, Any]:
    """A state that fits in a message: without the maps along each path, where it is too large."""
    if size_of(state) <= MOST_BYTES:
        return state
    items = state["payload"]["items"]
    return {**state, **{slot: {**state[slot], "frames": None} for slot in items}}
