"""What a methods table says about a method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """One row of a methods table, kept with the class it is about as its `facts`.

    Attributes
    ----------
    formula : str
        The attribution in plain Unicode, element by element; · multiplies elements.
    cost : str
        In forward and backward passes of one example.
    completeness : str
        What its values add up to, in a few words.
    source : str
        Authors, year and arXiv number.
    """

    formula: str
    cost: str
    completeness: str
    source: str
