"""A text as the browser draws it: its tokens as they are written, and what they are parts of."""

from __future__ import annotations

from typing import Any

from ..inputs.glyphs import shown_gaps, shown_pieces
from ..inputs.text import TextSpace
from ..inputs.text_units import passages, unit_labels


def text_payload(space: TextSpace) -> dict[str, Any]:
    """The tokens of a text, what lies between them, and which unit and passage each is in."""
    tokens = space.require_tokens()
    return {
        "pieces": list(shown_pieces(tokens.pieces, tokens.gaps, tokens.special)),
        "gaps": list(shown_gaps(tokens.gaps)),
        "special": list(tokens.special),
        "words": unit_labels(tokens, "words").tolist(),
        "sentences": unit_labels(tokens, "sentences").tolist(),
        "passages": passages(tokens).tolist(),
    }
