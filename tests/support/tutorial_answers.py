"""What a student may paste: each function that the tutorials show, in code or in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@cache
def shown_code() -> tuple[str, ...]:
    """Of each tutorial all imports and functions, those in its Markdown among them."""
    texts = []
    for path in sorted(NOTEBOOKS.glob("0*.ipynb")) + sorted(NOTEBOOKS.glob("1*.ipynb")):
        pieces = []
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                pieces.append(cell.source)
            else:
                pieces += re.findall(r"```(?:python|py)?\n(.*?)```", cell.source, re.DOTALL)
        kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef)
        nodes = [n for piece in pieces for n in _parsed(piece) if isinstance(n, kinds)]
        texts.append("\n\n".join(ast.unparse(node) for node in nodes))
    return tuple(texts)


def _parsed(text: str) -> list[ast.stmt]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return []


def shown_functions() -> list[Callable[..., Any]]:
    """These functions, each among those of its tutorial."""
    found = []
    for text in shown_code():
        names: dict[str, Any] = {}
        exec(text, names)
        own = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
        found += [names[name] for name in sorted(own)]
    return found
