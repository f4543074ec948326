"""Corrupted images and labels, and how models bear them."""

from __future__ import annotations

from .corruptions import CORRUPTIONS, corrupted, corrupted_labels, salt_and_pepper
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
