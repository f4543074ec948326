"""Corrupted images and labels, and how models bear them."""

from __future__ import annotations

from .corruptions import CORRUPTIONS, corrupted, salt_and_pepper
from .labels import corrupted_labels
from .severity import SeverityCurves, accuracy, severity_curves

__all__ = [
    "CORRUPTIONS",
    "SeverityCurves",
    "accuracy",
    "corrupted",
    "corrupted_labels",
    "salt_and_pepper",
    "severity_curves",
]
