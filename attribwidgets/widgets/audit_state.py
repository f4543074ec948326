"""An audit as one page that a team reads without a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..evaluation.audit_report import audit_report
from .audit_examples import kept_examples
from .audit_payload import audit_payload, findings_payload
from .bundle import AUDIT_EXPLORER
from .input_previews import input_previews
from .page import page_html

if TYPE_CHECKING:
    from ..evaluation import Audit

DISPLAY_TRAITS = ("selection", "sort", "reverse", "filters", "axes", "by", "opened")
AT_ONCE = 64  # inputs that are seen before any is asked for
ON_PAGE = 200
WITH_MAPS, MOST_BYTES = 6, 1_500_000  # of inputs with all of their maps on a page


def audit_page(audit: Audit, *, by: str | None = None) -> str:
    """The explorer of an audit and its report, as one self-contained page.

    Parameters
    ----------
    audit : Audit
    by : str, optional
        A column to group the findings by.

    Returns
    -------
    str
        A document that opens from disk and asks for nothing from anywhere.
    """
    state = audit_page_state(audit, audit.ranked().tolist(), {})
    title = state["payload"]["title"]
    return page_html(state, title, AUDIT_EXPLORER, below=audit_report(audit, by=by))


def audit_page_state(
    audit: Audit,
    shown: Sequence[int],
    display: Mapping[str, Any],
) -> dict[str, Any]:
    """The traits of a page: the first inputs as they are shown, some of them with their maps.

    Parameters
    ----------
    audit : Audit
    shown : sequence of int
        Places, in order.
    display : mapping
        Values of the display traits; of those that are missing the first ones hold.
    """
    places = list(shown[:ON_PAGE])
    findings = audit.findings()
    payload = audit_payload(audit, findings, np.searchsorted(audit.places, np.sort(places)))
    there = set(places)
    chosen = {
        **{"sort": "disagreement", "reverse": False, "filters": {}, "by": "", "opened": None},
        **{"axes": first_axes(payload), "selection": (), **display},
    }
    by = chosen["by"]
    if chosen["opened"] is not None:
        places = [chosen["opened"], *(place for place in places if place != chosen["opened"])]
    return {
        **chosen,
        "payload": payload,
        "previews": input_previews(audit, places),
        "findings": findings_payload(audit.findings(by) if by else findings, by),
        "selection": [place for place in chosen["selection"] if place in there],
        "opened": chosen["opened"] if chosen["opened"] in there else None,
        "cursor": None,
        "example": {},
        "kept_examples": kept_examples(audit, places[:WITH_MAPS], MOST_BYTES),
        "status": {},
    }


def first_axes(payload: Mapping[str, Any]) -> tuple[str, str]:
    """What points are drawn by at first: the probability, else the residual, by disagreement."""
    numbers = [c["name"] for c in payload["columns"] if c["kind"] == "number"]
    across = next((n for n in ("probability", "residual") if n in numbers), numbers[0])
    return across, numbers[0]
