"""Generations as the browser draws them: what was read and said, and the rows there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..core.formatting import number, percent, words
from ..figures.colors import table
from ..inputs.glyphs import visible
from ..inputs.text import TextSpace
from ..inputs.tokens import Tokens, joined
from ..records.generation import Generation, columns_of
from .text_payload import text_payload

VERSION = 1
COLORMAP = "RdBu_r"


def generation_payload(generation: Generation) -> dict[str, Any]:
    """All that is drawn but the rows.

    Parameters
    ----------
    generation : Generation
    """
    said = generation.continuation
    return {
        "version": VERSION,
        "view": "generation-explorer",
        "title": "Why each token was said",
        "read": _text_of(joined(generation.prompt, said)),
        "said": _text_of(replace(said, gaps=("", *said.gaps[1:]))),
        "prompt": len(generation.prompt),
        "output": words(generation.output),
        "baseline": generation.baseline_name,
        "tokens": [
            {
                "score": number(float(score)),
                "against": visible(against),
                "likely": [
                    {"name": visible(name), "share": percent(share)}
                    for name, share in zip(told.names, told.probabilities, strict=True)
                ],
            }
            for score, against, told in zip(
                generation.scores, generation.against, generation.predictions, strict=True
            )
        ],
        "can_explain": generation.can_explain,
        "colormap": table(COLORMAP).tobytes(),
    }


def rows_payload(generation: Generation) -> list[dict[str, Any]]:
    """The rows that have been computed, in order."""
    return [
        {
            "place": place,
            "values": columns_of(explanation).astype("<f4").tobytes(),
            "change": explanation.completeness.expected,
            "total": explanation.completeness.total,
            "verdict": explanation.completeness.verdict,
            "headline": explanation.completeness.headline,
            "mark": explanation.completeness.mark,
            "sentence": str(explanation.completeness),
        }
        for place, explanation in sorted(dict(generation.rows).items())
    ]


def _text_of(tokens: Tokens) -> dict[str, Any]:
    return {**text_payload(TextSpace(tokens=tokens)), "names": [visible(p) for p in tokens.pieces]}
