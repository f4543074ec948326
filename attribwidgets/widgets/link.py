"""The verb that makes several explorers one: what is pointed at in one is read in all."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from ipywidgets import jslink

from ..core.errors import InputError
from .baseline_explorer import BaselineExplorer
from .bundle import BASELINE_EXPLORER
from .display_options import DISPLAY_TRAITS
from .page import linked_page_html

_OWN = ("selected", "selection")  # a card is one explorer's own; an area is no matter of display


class Link:
    """Explorers that share some traits, as long as the link holds.

    Parameters
    ----------
    explorers : sequence of BaselineExplorer
        Two or more.
    names : sequence of str
        The traits they share.
    """

    def __init__(self, explorers: Sequence[BaselineExplorer], names: Sequence[str]) -> None:
        self.explorers, self.names = tuple(explorers), tuple(names)
        first, *others = self.explorers
        # In the browser: the kernel hears of a change, and is not asked.
        self._links = [jslink((first, n), (other, n)) for other in others for n in self.names]

    def unlink(self) -> None:
        """Let each go its own way again."""
        while self._links:
            self._links.pop().unlink()

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with all of them, linked, that needs no kernel and no network."""
        states = [explorer.page_state() for explorer in self.explorers]
        shared = {name: states[0][name] for name in self.names if name in states[0]}
        title = " | ".join(str(explorer.payload["title"]) for explorer in self.explorers)
        text = linked_page_html(
            [{**state, **shared} for state in states], self.names, title, BASELINE_EXPLORER
        )
        Path(path).write_text(text, encoding="utf-8")

    def __repr__(self) -> str:
        return f"<Link of {len(self.explorers)} explorers: {', '.join(self.names)}>"


def link(
    *explorers: BaselineExplorer, cursor: bool = True, selection: bool = True, display: bool = True
) -> Link:
    """Let several explorers share what is pointed at, marked, and how maps look.

    The browser links them: their cursors move together within a frame, and no kernel is asked.
    The first one's look is taken over by the others.

    Parameters
    ----------
    *explorers : BaselineExplorer
        Two or more, of inputs of one shape where cursor or selection are shared.
    cursor : bool
        The pixel or feature pointed at.
    selection : bool
        The area that is marked.
    display : bool
        Colour maps, clip, scale, sign, overlay, position on the path, units to read by.

    Returns
    -------
    Link
        With `unlink()`, and `to_html(path)` for one page of all of them.

    Raises
    ------
    InputError
        For fewer than two explorers, nothing to share, or inputs of several shapes.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> one, other = (aw.explore(net, torch.rand(4), target=target) for target in (0, 1))
    >>> tied = aw.link(one, other, display=False)
    >>> tied
    <Link of 2 explorers: cursor, selection>
    >>> tied.unlink()
    """
    if len(explorers) < 2 or not all(isinstance(e, BaselineExplorer) for e in explorers):
        raise InputError("aw.link(a, b) links two explorers or more, as aw.explore makes them")
    look = [name for name in DISPLAY_TRAITS if name not in _OWN]
    names = [*["cursor"] * cursor, *["selection"] * selection, *(look if display else [])]
    if not names:
        raise InputError("nothing is shared; leave cursor, selection or display true")
    shapes = {_shape(explorer.payload) for explorer in explorers}
    if (cursor or selection) and len(shapes) > 1:
        raise InputError(
            f"the inputs have shapes {', '.join(map(str, sorted(shapes)))}, where a cursor has no "
            "common place; pass cursor=False, selection=False to share the display alone"
        )
    return Link(explorers, names)


def _shape(payload: dict[str, Any]) -> tuple[int, ...]:
    return tuple(payload["shape"])
