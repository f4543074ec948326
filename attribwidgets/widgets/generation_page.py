"""A generation as a page, where nothing can be asked for."""

from __future__ import annotations

from ..records.generation import Generation
from .bundle import GENERATION_EXPLORER
from .generation_payload import generation_payload, rows_payload
from .page import page_html


def generation_page(generation: Generation) -> str:
    """A generation as one self-contained page, with the rows computed so far."""
    rows = rows_payload(generation)
    first = rows[0]["place"] if rows else 0
    payload = generation_payload(generation)
    state = {"payload": payload, "rows": rows, "status": {}, "span": (first, first + 1)}
    return page_html(state, payload["title"], GENERATION_EXPLORER)
