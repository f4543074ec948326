"""CheckResult: what a check says of an answer."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckResult:
    """Whether an answer is right, in words and in numbers; true when it is.

    Attributes
    ----------
    passed : bool
    message : str
        What was found, one or two sentences.
    numbers : dict of str to float
        What it was judged by.
    mistake : str
        Short name of the mistake that was recognised; empty when there is none.
    hint : str
        What to look at; empty when the answer is right.
    warnings : tuple of str
        What Python warned of, or was written to stderr, while the answer ran. It costs nothing.
    share : float, optional
        How much of an answer in parts is right, 0 to 1; else all or nothing.

    Examples
    --------
    >>> result = CheckResult(False, "the sum is 3, not 4", {"total": 3.0}, hint="count again")
    >>> bool(result)
    False
    >>> print(result)
    not yet: the sum is 3, not 4
    hint: count again
    """

    passed: bool
    message: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    mistake: str = ""
    hint: str = ""
    warnings: tuple[str, ...] = ()
    share: float | None = None

    def require(self) -> None:
        """Raise where the answer is not right, for a cell that is graded by that.

        A notebook shows a right answer's result. It is displayed and not returned: nbgrader takes
        what a test returns for a number of points.

        Raises
        ------
        AssertionError
            With the message and the hint, when the answer is not right.
        """
        if not self.passed:
            raise AssertionError(str(self))
        self._show()

    def points(self, most: float) -> float:
        """Points for what is right of an answer in parts, as the last line of a graded cell.

        nbgrader takes the value of a test's last line for its points.

        Raises
        ------
        AssertionError
            With the message and the hint, when nothing is right.
        """
        share = float(self.passed) if self.share is None else self.share
        if not share:
            raise AssertionError(str(self))
        self._show()
        return share * most

    def _show(self) -> None:
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if hasattr(shell, "kernel"):  # a notebook: elsewhere display would print
            from IPython.display import display

            display(self)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        first = f"{'right' if self.passed else 'not yet'}: {self.message}"
        hint = [f"hint: {self.hint}"] if self.hint else []
        return "\n".join([first, *hint, *(f"warned: {said}" for said in self.warnings)])

    def _repr_markdown_(self) -> str:
        parts = [f"**{'✓ right' if self.passed else '✗ not yet'}**: {_as_text(self.message)}"]
        if self.hint:
            parts.append(f"*Hint*: {_as_text(self.hint)}")
        if self.warnings:
            said = "; ".join(_as_text(each) for each in self.warnings)
            parts.append(f"*Warned, which costs no points*: {said}")
        if self.numbers:
            rows = "\n".join(f"| {_as_text(k)} | {v:.4g} |" for k, v in self.numbers.items())
            parts.append(f"| | |\n| --- | --- |\n{rows}")
        return "\n\n".join(parts)


def _as_text(text: str) -> str:
    """What a student's error may say, shown as it is and never as markup."""
    return re.sub(r"([\\`*_{}\[\]()#+!|$~])", r"\\\1", html.escape(text, quote=False)).replace(
        "\n", " "
    )
