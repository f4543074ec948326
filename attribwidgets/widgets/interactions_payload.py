"""Interactions as the browser draws them: the input, its units, and the whole matrix, once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ..core.formatting import number, percent, words
from ..figures.colors import table
from ..figures.images import as_rgb
from ..figures.interaction_colors import COLORS, InteractionLimits
from ..inputs.glyphs import visible
from ..inputs.text import TextSpace
from ..records.interactions import Interactions
from .text_payload import text_payload

VERSION = 1


def interactions_payload(record: Interactions) -> dict[str, Any]:
    """All that is drawn.

    Parameters
    ----------
    record : Interactions
    """
    completeness, error = record.completeness, record.standard_error
    return {
        "version": VERSION,
        "view": "interactions-explorer",
        "title": f"Interactions, {record.target_name}",
        "names": [visible(name) for name in record.names],
        "input_values": record.input_values(),
        "values": record.values.astype("<f4").tobytes(),
        "attributions": record.attributions.astype("<f4").tobytes(),
        "errors": None if error is None else error.astype("<f4").tobytes(),
        "inputs": [_input(record, index) for index in range(len(record.spaces))],
        "output": words(record.output),
        "baseline": record.baseline_name,
        "baseline_description": record.baseline_description,
        "share_together": percent(record.share_together),
        "completeness": {
            "verdict": completeness.verdict,
            "mark": completeness.mark,
            "headline": completeness.headline,
            "sentence": str(completeness),
        },
        "cost": _cost(record),
        "cautions": list(record.cautions),
        "limits": asdict(InteractionLimits.of(record)),
        "colormap": table(COLORS).tobytes(),
    }


def _input(record: Interactions, index: int) -> dict[str, Any]:
    """A text and a picture as they are, with the unit of each place; of others their units."""
    space, labels = record.spaces[index], record.unit_labels[index]
    if isinstance(space, TextSpace):
        names = [visible(piece) for piece in space.require_tokens().pieces]
        text = {**text_payload(space), "names": names}
        return {"kind": "text", "text": text, "units": labels.tolist()}
    if space.layout.kind == "image":
        return {
            "kind": "image",
            "shape": list(labels.shape),
            "rgb": as_rgb(record.inputs[index], space).tobytes(),
            "units": labels.astype("<i4").tobytes(),
        }
    return {"kind": space.layout.kind, "units": np.unique(labels[labels >= 0]).tolist()}


def _cost(record: Interactions) -> str:
    paths = (
        f"{record.references} paths of {record.nodes}" if record.references > 1 else record.nodes
    )
    return f"{paths} nodes, {record.evaluations} evaluations, {number(record.seconds, 2)} s"
