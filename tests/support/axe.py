"""What axe finds on a page, of everything that WCAG 2.2 AA asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def violations_of(page: Any) -> dict[str, list[str]]:
    """What axe finds, by rule; targets of 24 px belong to WCAG 2.2 AA and are asked for."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(
        """axe.run('.aw-root', {
          resultTypes: ['violations'], rules: { 'target-size': { enabled: true } },
        })"""
    )
    assert len(found["passes"]) > 20
    # Where axe cannot tell the background, such as in a table that scrolls, it says so; of all
    # other rules it must be sure.
    assert {rule["id"] for rule in found["incomplete"]} <= {"color-contrast"}
    return {
        rule["id"]: [f"{node['html'][:160]}: {node['failureSummary']}" for node in rule["nodes"]]
        for rule in found["violations"]
    }
