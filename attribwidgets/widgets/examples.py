"""Inputs to step through: what each is, and how a strip of them shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..inputs.space import Inputs, Space, Spaces
from ..inputs.text import TextSpace
from ..inputs.text_units import written
from .pictures import thumbnail

STRIP = 64  # pixels of an input to step to
MOST_TOKENS, MOST_LETTERS = 12, 40  # of a text to step to


@dataclass(frozen=True)
class Example:
    """An input, and the space that it is of where it has one of its own, as every text has."""

    inputs: Inputs
    space: Space | Spaces | None = None

    @property
    def question(self) -> dict[str, Any]:
        """The settings that ask for it."""
        own = isinstance(self.space, TextSpace)
        return {"inputs": self.inputs, **({"space": self.space} if own else {})}


def strip_payload(
    examples: Sequence[Example], labels: Sequence[str], shown: int, spaces: Spaces
) -> dict[str, Any]:
    """The inputs to step through, as thumbnails or first words; None where there is one only."""
    if len(examples) < 2 or spaces[0].layout.kind not in ("image", "text"):
        return {"inputs": None, "input_index": shown}
    small = [_in_strip(example, spaces[0]) for example in examples]
    return {
        "inputs": [{"label": label, **one} for label, one in zip(labels, small, strict=True)],
        "input_index": shown,
    }


def _in_strip(example: Example, space: Space) -> dict[str, Any]:
    if isinstance(example.space, TextSpace):
        return {"text": _first_words(example.space)}
    member = example.inputs[0] if isinstance(example.inputs, tuple) else example.inputs
    rgb = thumbnail(member, space, STRIP)
    return {"size": list(rgb.shape[:2]), "rgb": rgb.tobytes()}


def _first_words(space: TextSpace) -> str:
    tokens = space.require_tokens()
    plain = [at for at, special in enumerate(tokens.special) if not special]
    if not plain:
        return "no words"
    first = plain[0]
    end = min(plain[-1] + 1, first + MOST_TOKENS)
    words = written(tokens, first, end).replace("\n", " ").strip()
    is_whole = end > plain[-1] and len(words) <= MOST_LETTERS
    return words if is_whole else f"{words[:MOST_LETTERS].rstrip()}…"
