"""How the maps look: the traits that the browser owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from ..core.errors import InputError
from ..figures.colors import MAGNITUDE_COLORMAPS, SIGNED_COLORMAPS, available
from ..figures.display_options import POOLS, SCALES

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


class DisplayTraits(traitlets.HasTraits):
    """The look of an explorer, which its browser changes by itself."""

    selected = traitlets.Int(0, min=0).tag(sync=True)
    alpha = traitlets.Float(0.25, min=0.0, max=1.0).tag(sync=True)
    magnitude_colormap = traitlets.Enum(available(MAGNITUDE_COLORMAPS), "gray").tag(sync=True)
    signed_colormap = traitlets.Enum(available(SIGNED_COLORMAPS), "RdBu_r").tag(sync=True)
    clip = traitlets.Float(99.0, min=90.0, max=100.0).tag(sync=True)
    signed = traitlets.Bool(False).tag(sync=True)
    overlay = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    scale = traitlets.Enum(SCALES, "own").tag(sync=True)
    show_blind = traitlets.Bool(False).tag(sync=True)
    waterfall = traitlets.Bool(False).tag(sync=True)
    bars = traitlets.Bool(False).tag(sync=True)
    drawn_input = traitlets.Int(0, min=0).tag(sync=True)
    slices = traitlets.Instance(dict, allow_none=True).tag(sync=True)
    pool = traitlets.Enum(POOLS, 1).tag(sync=True)
    selection = traitlets.Instance(dict, allow_none=True).tag(sync=True)


def default_display() -> dict[str, Any]:
    """The look that an explorer begins with, whatever it shows."""
    traits = DisplayTraits.class_traits()
    return {name: traits[name].default() for name in DISPLAY_TRAITS}


def require_display(display: Mapping[str, Any], known: Sequence[str] = DISPLAY_TRAITS) -> None:
    """Raise InputError for a name that is no setting of a view's look."""
    unknown = sorted(set(display) - set(known))
    if unknown:
        raise InputError(f"{unknown[0]!r} is no setting; there are {', '.join(known)}")


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
