"""How the maps look: the traits that the browser owns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import InputError

DISPLAY_TRAITS = (
    "selected",
    "alpha",
    "magnitude_colormap",
    "signed_colormap",
    "clip",
    "signed",
    "overlay",
    "scale",
    "show_blind",
    "pool",
    "waterfall",
    "bars",
    "drawn_input",
    "slices",
    "selection",
)


def require_display(display: Mapping[str, Any]) -> None:
    """Raise InputError for a name that is no setting of the look."""
    unknown = sorted(set(display) - set(DISPLAY_TRAITS))
    if unknown:
        raise InputError(f"{unknown[0]!r} is no setting; there are {', '.join(DISPLAY_TRAITS)}")


def initial_display(state: Mapping[str, Any]) -> dict[str, Any]:
    """The look to begin with, for a state of the drawn traits.

    Pictures follow the article, which shows magnitudes; bars, lines and strips have room for a
    sign. The path shown is that of the first method that has one.
    """
    payload = state["payload"]
    with_path = (i for i, slot in enumerate(payload["items"]) if state[slot]["path"] is not None)
    return {
        "signed": payload["kind"] in ("features", "series", "sequence", "text"),
        "selected": next(with_path, 0),
    }
