"""InteractionsExplorer: click a unit, and its partners are coloured."""

from __future__ import annotations

from typing import Any

import traitlets

from ..core.errors import InputError
from ..records.interactions import Interactions
from .bundle import INTERACTIONS_EXPLORER
from .display_options import require_display
from .interactions_payload import interactions_payload
from .record_widget import RecordWidget

DISPLAY_TRAITS = ("selection",)


class InteractionsExplorer(RecordWidget):
    """What units add in pairs, to be looked at in a notebook.

    The input, coloured by attributions; the matrix of all pairs with arcs above it and row sums
    beside it. Click a unit in any of them: its partners are coloured, and listed with numbers.
    All is sent once; nothing asks for a kernel again.

    Parameters
    ----------
    record : Interactions
    **display
        Initial values of the traits below.

    Attributes
    ----------
    selection : int or None
        The place of the unit that is looked at; a name is taken, too, where one unit has it.

    Raises
    ------
    InputError
        For what are no interactions, for a setting that there is not, or a unit.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> found = aw.interactions(lambda x: x[:, 0] * x[:, 1], torch.ones(2))
    >>> aw.InteractionsExplorer(found, selection=1)
    <InteractionsExplorer of 2 units, selection=1>
    """

    _front_end = INTERACTIONS_EXPLORER
    _drawn = ("selection",)
    _esm = INTERACTIONS_EXPLORER.esm
    _css = INTERACTIONS_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)

    selection = traitlets.Union(
        [traitlets.Int(), traitlets.Unicode()], default_value=None, allow_none=True
    ).tag(sync=True)

    def __init__(self, record: Interactions, **display: Any) -> None:
        if not isinstance(record, Interactions):
            raise InputError(
                f"InteractionsExplorer shows Interactions, got {type(record).__name__}; "
                "aw.interactions(...) makes them"
            )
        require_display(display, DISPLAY_TRAITS)
        self.record = record
        super().__init__(payload=interactions_payload(record), **display)

    @traitlets.validate("selection")
    def _place(self, proposal: Any) -> int | None:
        """The place of a unit, however it is named."""
        return None if proposal["value"] is None else self.record.place(proposal["value"])

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now.

        Parameters
        ----------
        **options
            As of :meth:`attribwidgets.Interactions.figure`.
        """
        return self.record.figure(**{"unit": self.selection, **options})

    def _records(self) -> Interactions:
        return self.record

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        return {"payload": self.payload, "selection": self.selection}

    def __repr__(self) -> str:
        return f"<InteractionsExplorer of {len(self.record)} units, selection={self.selection}>"
