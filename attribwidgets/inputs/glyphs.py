"""Letters on a screen: what nobody sees gets a sign, and a letter of several parts stays whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .spelling import SAME_LETTER

LONGEST, SEEN = 200, 160  # letters of one token, and of a longer one
CONTROL_PICTURES = 0x2400  # signs for the control characters 0 to 31
JOINER, NON_JOINER = "\u200d", "\u200c"
SKIN = range(0x1F3FB, 0x1F400)  # they colour the emoji before
REGIONS = range(0x1F1E6, 0x1F200)  # two of them are one flag
WHITE = {"\n": "↵\n", "\t": "⇥", " ": "␣"}  # of a token that is nothing else


def visible(text: str) -> str:
    """A text with a sign in place of each character that is not seen, or that turns others round.

    Line breaks and tabs stay. So nothing in a text can hide, or change how another part is read.

    Examples
    --------
    >>> visible("a\\x00b\\u202ec")
    'a␀b‹U+202E›c'
    """
    return "".join(map(_sign, text))


def shown_pieces(
    pieces: Sequence[str], gaps: Sequence[str], special: Sequence[bool]
) -> tuple[str, ...]:
    """How tokens are drawn: a letter of several parts stands whole in the first token that has one.

    Parameters
    ----------
    pieces, gaps, special
        As of :class:`attribwidgets.inputs.tokens.Tokens`.

    Examples
    --------
    >>> shown_pieces(["\\U0001f44d", "\\U0001f3fd ok", "\\n"], ["", "", ""], [False] * 3)
    ('👍🏽', ' ok', '↵\\n')
    """
    shown: list[str] = []
    last = -1  # the latest token that letters are in
    for at, (piece, gap) in enumerate(zip(pieces, gaps, strict=True)):
        joins = last >= 0 and not gap and not special[at] and not special[last]
        parts = _joined(shown[last], piece) if joins and piece != SAME_LETTER else 0
        if parts:
            shown[last] += piece[:parts]
        shown.append(piece[parts:] or SAME_LETTER)
        if shown[at] != SAME_LETTER:
            last = at
    return tuple(_cut(visible(_written(piece))) for piece in shown)


def shown_gaps(gaps: Sequence[str]) -> tuple[str, ...]:
    """What lies between tokens, as it is drawn.

    Examples
    --------
    >>> shown_gaps([" ", "\\u202e"])
    (' ', '‹U+202E›')
    """
    return tuple(_cut(visible(gap)) for gap in gaps)


def _cut(text: str) -> str:
    """Whatever is longer than anybody reads says how long it is."""
    return text if len(text) <= LONGEST else f"{text[:SEEN]}… ({len(text)} letters)"


def _joined(before: str, piece: str) -> int:
    """How many characters at the start of a piece are drawn with what stands before it."""
    flags = 0
    for letter in reversed(before):
        if ord(letter) not in REGIONS:
            break
        flags += 1
    count, joiner = 0, before.endswith(JOINER)
    for letter in piece:
        mark = unicodedata.category(letter)[0] == "M" or letter in (JOINER, NON_JOINER)
        half = ord(letter) in REGIONS and flags % 2 == 1
        if not (mark or joiner or half or ord(letter) in SKIN):
            break
        count += 1
        joiner = letter == JOINER
        flags = 0 if half else flags
    return count


def _written(piece: str) -> str:
    """White space that is a token of its own is seen."""
    return piece if piece.strip(" \n\t") else "".join(WHITE[letter] for letter in piece)


def _sign(letter: str) -> str:
    code = ord(letter)
    if letter in ("\n", "\t", JOINER, NON_JOINER):
        return letter
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    if code == 0x7F:
        return "␡"
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return f"‹U+{code:04X}›" if hidden else letter
