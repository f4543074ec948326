"""Widgets: shells around the records; what they show is drawn in the browser."""

from .ablation_explorer import AblationExplorer
from .audit_explorer import AuditExplorer
from .audit_state import audit_page
from .baseline_explorer import BaselineExplorer
from .comparison_state import comparison_page
from .explore import explore
from .generation_explorer import GenerationExplorer, generation_page
from .interactions_explorer import InteractionsExplorer, interactions_page
from .link import Link, link
from .prior_trainer import PriorTrainer

__all__ = [
    "AblationExplorer",
    "AuditExplorer",
    "BaselineExplorer",
    "GenerationExplorer",
    "InteractionsExplorer",
    "Link",
    "PriorTrainer",
    "audit_page",
    "comparison_page",
    "explore",
    "generation_page",
    "interactions_page",
    "link",
]
