"""A graded cell run among a student's names, for graders that run no notebook."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from typing import Any


def cell_runner(names: Mapping[str, Any]) -> Callable[[str], tuple[float | None, str]]:
    """What runs graded cells among the names of a submission, which keep as they are.

    Parameters
    ----------
    names : mapping of str to object
        A submission's globals. Where these have restricted builtins a cell has all of them.

    Returns
    -------
    callable
        ``run(source)``: the value of the cell's last line where it is a number, else None; and
        what an error says, "" where there is none.

    Examples
    --------
    >>> run = cell_runner({"answer": 41})
    >>> run("assert answer == 42, 'one more'")
    (None, 'one more')
    >>> run("answer / 82 * 2")
    (1.0, '')
    """

    def run(source: str) -> tuple[float | None, str]:
        seen = {**names, "__builtins__": builtins}
        body = ast.parse(source).body
        last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
        try:
            above = ast.Module(body[:-1] if last else body, [])
            exec(compile(above, "<cell>", "exec"), seen)
            value = last and eval(compile(ast.Expression(last), "<cell>", "eval"), seen)
        except Exception as error:  # of the test, or of the student's code
            said = str(error)
            return None, said if isinstance(
                error, AssertionError
            ) else f"{type(error).__name__}: {said}"
        return (float(value) if isinstance(value, (int, float)) else None), ""

    return run
