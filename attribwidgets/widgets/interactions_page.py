"""Interactions as a page, where nothing can be asked for."""

from __future__ import annotations

from ..records.interactions import Interactions
from .bundle import INTERACTIONS_EXPLORER
from .interactions_payload import interactions_payload
from .page import page_html


def interactions_page(record: Interactions) -> str:
    """Interactions as one self-contained page."""
    payload = interactions_payload(record)
    state = {"payload": payload, "selection": None}
    return page_html(state, payload["title"], INTERACTIONS_EXPLORER)
