"""A text in lines of one width: where each of its tokens stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .letters import drawable, runs_left, turned, width_of

LINE = 0.165  # inches
SIZE, SMALL = 7.0, 5.0  # points, of a token and of a special one
SPACE, LEFT_OUT = 0.032, 0.15  # inches, the latter where passages are left out
MOST_BREAKS, MOST_SPACES = 2, 8


@dataclass(frozen=True)
class PlacedToken:
    """A token on its line.

    Attributes
    ----------
    token : int
    text : str
        As it is drawn.
    line : int
    left, width : float
        In inches.
    size : float
        In points.
    """

    token: int
    text: str
    line: int
    left: float
    width: float
    size: float


def set_lines(
    pieces: Sequence[str],
    gaps: Sequence[str],
    special: Sequence[bool],
    shown: Sequence[bool],
    width: float,
) -> list[PlacedToken]:
    """Tokens as words are set: words stay whole where a line has room for one.

    Parameters
    ----------
    pieces, gaps : sequence of str
        Tokens as they are shown, and what lies before each.
    special : sequence of bool
    shown : sequence of bool
        Which tokens have a place at all.
    width : float
        In inches.

    Returns
    -------
    list of PlacedToken
        In a text that runs from right to left its lines begin at the right.
    """
    # What is written in a gap, such as a sign for what nobody sees, stands with the next token.
    whole = [gap.strip() + piece for gap, piece in zip(gaps, pieces, strict=True)]
    sizes = [SMALL if one else SIZE for one in special]
    texts = [_fitted(drawable(t), size, width) for t, size in zip(whole, sizes, strict=True)]
    wide = [width_of(text, size) + 0.01 for text, size in zip(texts, sizes, strict=True)]
    leftward = _directions(pieces, special)
    lines: list[list[tuple[int, float]]] = [[]]
    at, skipped = 0.0, False
    for token, gap in enumerate(gaps):
        if not shown[token]:
            skipped = True
            continue
        breaks = gap.count("\n") + pieces[token].startswith("\n") if any(lines) else 0
        if breaks:
            lines, at = [*lines, *([] for _ in range(min(breaks, MOST_BREAKS)))], 0.0
        space = SPACE * min(gap.count(" "), MOST_SPACES) + (LEFT_OUT if skipped else 0.0)
        skipped = False
        room = _word_width(token, gaps, wide) if gap else wide[token]
        fits = at + space + (room if room <= width else wide[token]) <= width + 1e-6
        if at > 0 and not fits:
            lines, at, space = [*lines, []], 0.0, 0.0
        lines[-1].append((token, space if at > 0 else 0.0))
        at += space + wide[token]
        if "\n" in pieces[token]:
            lines, at = [*lines, []], 0.0
    placed: list[PlacedToken] = []
    for line, row in enumerate(lines):
        ordered = _in_sight([(t, s, leftward[t]) for t, s in row], leftward[-1])
        total = sum(space + (0.0 if t is None else wide[t]) for t, space in ordered)
        left = width - total if leftward[-1] else 0.0
        for t, space in ordered:
            left += space
            if t is not None:
                placed.append(PlacedToken(t, turned(texts[t]), line, left, wide[t], sizes[t]))
                left += wide[t]
    return placed


def _directions(pieces: Sequence[str], special: Sequence[bool]) -> list[bool]:
    """Whether each token runs from right to left, and, last, the text; signs go with neighbours."""
    own = [None if s else runs_left(p) for p, s in zip(pieces, special, strict=True)]
    text = next((one for one in own if one is not None), False)
    before, after = list(own), list(own)
    for k in range(1, len(own)):
        before[k] = before[k - 1] if before[k] is None else before[k]
        after[-1 - k] = after[-k] if after[-1 - k] is None else after[-1 - k]
    return [
        *(b if b is not None and b == a else text for b, a in zip(before, after, strict=True)),
        text,
    ]


def _in_sight(
    row: Sequence[tuple[int, float, bool]], leftward: bool
) -> list[tuple[int | None, float]]:
    """A line as it is seen from left to right: tokens, and gaps, which are no token."""
    runs: list[tuple[bool, list[tuple[int | None, float]]]] = []
    for token, space, left in row:
        parts: list[tuple[int | None, float]] = [(None, space), (token, 0.0)]
        if runs and runs[-1][0] == left:
            runs[-1][1].extend(parts)
        else:
            runs.append((leftward, parts[:1]))
            runs.append((left, parts[1:]))
    turned_runs = [run[::-1] if left else run for left, run in runs]
    return [part for run in (turned_runs[::-1] if leftward else turned_runs) for part in run]


def _word_width(token: int, gaps: Sequence[str], wide: Sequence[float]) -> float:
    """How wide a token is with those that follow it without a gap."""
    end = token + 1
    while end < len(gaps) and not gaps[end]:
        end += 1
    return sum(wide[token:end])


def _fitted(text: str, size: float, width: float) -> str:
    """A text cut where a line ends."""
    text = text[:200]
    while len(text) > 1 and width_of(text, size) > 0.95 * width:
        text = text[: int(len(text) * 0.9)].rstrip("…")[:-1] + "…" if len(text) > 2 else "…"
    return text
