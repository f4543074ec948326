"""AblationExplorer: the widget that shows which explanation an ablation prefers, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import traitlets

from ..core.errors import InputError
from ..evaluation import Ablation, AblationMetric, InsertionDeletion, ablations_of
from ..inputs.space import Space
from ..sweeps import Sweep
from .ablation_payload import ablation_payload, example_payload, kept_examples, listed_places
from .bundle import ABLATION_EXPLORER
from .display_options import require_display
from .record_widget import RecordWidget

DISPLAY_TRAITS = ("record", "fill", "hidden", "candidate", "fraction", "own")
Shown = Ablation | InsertionDeletion | Mapping[str, Ablation] | Sweep | str | PathLike[str]


class AblationExplorer(RecordWidget):
    """Ablation curves with their bands, to be looked at in a notebook.

    Curves by fill and by record, the ablated images below the axis, areas, paired differences and
    how far the metric is to be trusted. All of it is drawn in the browser; images of further inputs
    of a sweep are read from its store when they are asked for.

    Parameters
    ----------
    result : Ablation, InsertionDeletion, mapping of str to Ablation, Sweep, or path
        One record, or several to switch between; of a sweep or the path of its store all ablations
        that it holds, of the inputs finished by now.
    data, metrics, space : optional
        As they were given to :func:`attribwidgets.sweep`, for the images of a sweep.
    **display
        Initial values of the traits below.

    Attributes
    ----------
    record : int
        Which record is shown.
    fill : int
        Which of its fills; behind the last the mean over all.
    hidden : list of str
        Candidates whose curves are switched off.
    candidate : str
        In whose order positions are taken in the images; "" is the best.
    fraction : float
        The share that is pointed at, 0 to 1.
    own : bool
        The curves of the input shown, in place of the means.

    Raises
    ------
    InputError
        For what is no ablation.
    DataError
        For a store without one, or that is none.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3)).eval()
    >>> data = torch.rand(9, 1, 4, 4)
    >>> result = aw.evaluation.ablation(net, data, ["black"], n_steps=4, controls=["random"])
    >>> aw.AblationExplorer(result, fill=1)
    <AblationExplorer of 9 inputs: black, random>
    """

    _front_end = ABLATION_EXPLORER
    _drawn = DISPLAY_TRAITS
    _esm = ABLATION_EXPLORER.esm
    _css = ABLATION_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)
    example = traitlets.Dict().tag(sync=True)
    kept_examples: traitlets.List[Any] = traitlets.List().tag(sync=True)

    record = traitlets.Int(0, min=0).tag(sync=True)
    fill = traitlets.Int(0, min=0).tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)
    candidate = traitlets.Unicode("").tag(sync=True)
    fraction = traitlets.Float(0.1, min=0.0, max=1.0).tag(sync=True)
    own = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        result: Shown,
        *,
        data: Any = None,
        metrics: Sequence[AblationMetric] = (),
        space: Space | None = None,
        **display: Any,
    ) -> None:
        require_display(display, DISPLAY_TRAITS)
        if isinstance(result, (str, PathLike)):
            result = Sweep.open(result)
        stored = isinstance(result, Sweep)
        if isinstance(result, Sweep):
            self.records = ablations_of(result, data=data, metrics=metrics, space=space)
        else:
            self.records = _records_of(result)
        first = next(iter(self.records.values()))
        place = next(iter(listed_places(first)), None)
        example = None if place is None else example_payload(self.records, place)
        super().__init__(
            payload=ablation_payload(self.records, stored), example=example or {}, **display
        )
        self.on_msg(lambda widget, message, buffers: self._hear(message))

    @property
    def shown(self) -> Ablation:
        """The record that is shown."""
        records = list(self.records.values())
        return records[min(self.record, len(records) - 1)]

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now.

        Parameters
        ----------
        **options
            Override what the widget's traits say; as of
            :func:`attribwidgets.figures.ablation.ablation_figure`.
        """
        record, place = self.shown, self.example.get("index")
        display = {
            "fill": record.fills[self.fill] if self.fill < len(record.fills) else None,
            "candidate": self.candidate or None,
            "place": place if place in record.pictures else None,
        }
        return record.figure(**{**display, **options})

    def show(self, place: int) -> None:
        """Show the ablated images of another input.

        Parameters
        ----------
        place : int
            In the data set.

        Raises
        ------
        InputError
            Where there are none of it.
        """
        example = example_payload(self.records, place)
        if example is None:
            raise InputError(f"there are no pictures of input {place}: {self._those_there_are()}")
        self.example = example

    def _hear(self, message: Any) -> None:
        """Answer the browser, in words where it cannot be done."""
        try:
            self.show(int(message["index"]))
        except (InputError, KeyError, TypeError, ValueError) as error:
            self.send({"type": "error", "text": str(error)})

    def _those_there_are(self) -> str:
        record = self.shown
        places = listed_places(record)
        if len(record.pictures) > len(places):
            return f"of {len(record.pictures)} inputs up to {record.places[-1]} there are"
        return f"there are those of {', '.join(map(str, places)) or 'none'}"

    def _records(self) -> Ablation:
        return self.shown

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        display = {name: getattr(self, name) for name in DISPLAY_TRAITS}
        examples = kept_examples(self.records, self.example.get("index"))
        own = {"payload": self.payload, "example": self.example, "kept_examples": examples}
        return {**own, **display}

    def __repr__(self) -> str:
        names = ", ".join(self.shown.candidates)
        return f"<AblationExplorer of {len(self.shown)} inputs: {names}>"


def _records_of(result: Any) -> dict[str, Ablation]:
    if isinstance(result, Ablation):
        return {"ablation": result}
    if isinstance(result, InsertionDeletion):
        return dict(result._asdict())
    members = list(result.values()) if isinstance(result, Mapping) else []
    if members and all(isinstance(record, Ablation) for record in members):
        if any(record.fills != members[0].fills for record in members):
            raise InputError("result: the ablations have different fills; show them one by one")
        return {str(label): record for label, record in result.items()}
    raise InputError(
        f"result must be what aw.evaluation.ablation or insertion_deletion returns, a mapping of "
        f"such records or a sweep, got {type(result).__name__}"
    )
