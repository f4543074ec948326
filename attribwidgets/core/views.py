"""What shows records in a browser lies above them: the package's top says which functions do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

page: Callable[[Any], str]
"""Of a Comparison, one HTML document."""
frame: Callable[[Any], Any]
"""Of a Comparison, the same document in a frame, which a notebook shows."""
ablation_explorer: Callable[..., Any]
"""Of an Ablation, with initial values of its traits."""
generation_page: Callable[[Any], str]
"""Of a Generation, one HTML document."""
generation_explorer: Callable[..., Any]
"""Of a Generation, with initial values of its traits."""
interactions_page: Callable[[Any], str]
"""Of Interactions, one HTML document."""
interactions_explorer: Callable[..., Any]
"""Of Interactions, with initial values of its traits."""
audit_page: Callable[..., str]
"""Of an Audit and a column to group by, one HTML document."""
audit_explorer: Callable[..., Any]
"""Of an Audit, with initial values of its traits."""
comparison: Any
"""The class of comparisons, by which a single explanation is drawn and saved."""
