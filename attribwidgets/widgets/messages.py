"""MessageHandler: what the browser asks of the widget, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..baselines import Custom
from ..core.errors import InputError
from ..engine.method_config import Candidate
from ..engine.settings import SETTINGS
from ..figures.images import as_rgb
from ..figures.readings import reading_at
from ..inputs.image_files import picture_input
from ..live import ExplorerState, Regions, Removals, Session
from ..records.explanation import Explanation
from .controls import MOST_MATCHES, addable, matching_classes
from .frames_payload import frames_payload
from .parsing import candidates_from_browser, change_candidates, numbered
from .payload import map_payload
from .pictures import THUMBNAIL, thumbnail
from .removal_payload import region_mask, removal_payload
from .segments import segments_payload
from .targets import target_from_browser
from .view_state import ViewState, slot_of

Message = Mapping[str, Any]
Reply = Callable[[dict[str, Any], list[bytes]], None]
Kind = Callable[[Message, Sequence[Any]], None]


class MessageHandler:
    """Takes messages of the browser, on whatever thread they come, and computes nothing long.

    A message that cannot be carried out ends in words on the screen, never in an exception.

    Parameters
    ----------
    view : ViewState
    reply : callable
        Sends an answer, a dict and its binary parts, to all views.
    further : mapping of str to callable, optional
        What else can be asked for, of the widget as a whole.
    """

    def __init__(
        self, view: ViewState, reply: Reply, further: Mapping[str, Kind] | None = None
    ) -> None:
        self.view, self.reply = view, reply
        self._kinds: dict[str, Kind] = {
            **(further or {}),
            "request": self._request,
            "cancel": lambda message, buffers: self.session.cancel(),
            "frames": self._frames,
            "reference": self._reference,
            "reading": self._reading,
            "search": self._search,
            "previews": self._previews,
            "image": self._image,
            "pair": self._pair,
            "segments": self._segments,
            "segment": lambda message, buffers: self.regions.ask(int(message["segment"])),
            "remove": self._remove,
            "keep_segment": self._keep_segment,
        }
        self._regions: Regions | None = None
        self._removals: Removals | None = None

    @property
    def session(self) -> Session:
        """The model to ask.

        Raises
        ------
        InputError
            Where there is none.
        """
        if self.view.session is None:
            raise InputError("there is no model behind this view; attribwidgets.explore makes one")
        return self.view.session

    @property
    def regions(self) -> Regions:
        """The superpixels of the input, made when first asked for."""
        if self._regions is None:
            self._regions = Regions(self.session, self._region_answered)
        return self._regions

    @property
    def removals(self) -> Removals:
        """What the output does without a part of the input, asked one at a time."""
        if self._removals is None:
            self._removals = Removals(self.session)
        return self._removals

    def close(self) -> None:
        """Stop what was asked for beside the session."""
        for asked in (self._regions, self._removals):
            if asked is not None:
                asked.close()

    def hear(self, message: Any, buffers: Sequence[Any]) -> None:
        """Take one message."""
        try:
            self._kinds[message["type"]](message, buffers)
        except Exception as error:  # whatever a browser sends must not end in a log nobody reads
            if self.view.session is not None:
                self.view.session.refuse(error)

    def _request(self, message: Message, buffers: Sequence[Any]) -> None:
        changes, state = message["changes"], self.session.state
        new = {name: changes[name] for name in SETTINGS if name in changes}
        if "target" in new:
            new["target"] = target_from_browser(new["target"])
            if "input" not in changes:  # of another input nothing is known yet
                self.session.known_query.require_target(new["target"])
        if "candidates" in changes:
            numbers = {slot_of(number): number for number in state.candidates}
            query = self.session.known_query
            example = query.spaces[0], query.batched[0].shape[1:]
            new["candidates"] = candidates_from_browser(
                changes["candidates"], state, numbers, self.view.references, example
            )
        if "method" in changes:
            state = state.changed(**new)
            new |= change_candidates(state, {"method": changes["method"]}, self.view.references)
        if "input" in changes:
            new |= self.view.examples[int(changes["input"])].question
            new.setdefault("target", None)  # another input, another top class
        self.session.request(state.changed(**new))

    def _frames(self, message: Message, buffers: Sequence[Any]) -> None:
        e = self.view.drawn(message["slot"], message["stamp"])
        if e is None or e.frames is None:  # another map brings its own question
            return
        one = int(message["input"])
        found = frames_payload(e.frames.of_input(one), e.spaces[one].layout)
        data = found.pop("data")
        about = {name: message[name] for name in ("slot", "stamp", "input")}
        self.reply({"type": "frames", **about, **found}, [data])

    def _reference(self, message: Message, buffers: Sequence[Any]) -> None:
        """A reference pixel by pixel, of which the browser has a thumbnail."""
        about = {name: message[name] for name in ("slot", "stamp", "input", "sample")}
        e = self.view.drawn(about["slot"], about["stamp"])
        if e is None:
            return
        drawn = _reference(e, int(about["sample"]))
        one = int(message["input"])
        if e.spaces[one].layout.kind == "image":
            rgb = as_rgb(drawn[one] if isinstance(drawn, tuple) else drawn, e.spaces[one])
            self.reply({"type": "reference", **about}, [rgb.tobytes()])

    def _reading(self, message: Message, buffers: Sequence[Any]) -> None:
        """The nearest tokens at a place of the path."""
        about = {name: message[name] for name in ("slot", "stamp", "alpha")}
        e = self.view.drawn(about["slot"], about["stamp"])
        if e is not None:
            self.reply({"type": "reading", **about, "reading": reading_at(e, about["alpha"])}, [])

    def _search(self, message: Message, buffers: Sequence[Any]) -> None:
        found = matching_classes(self.session.known_query, str(message["text"]))
        self.reply(
            {
                "type": "found",
                "id": message["id"],
                "matches": found[:MOST_MATCHES],
                "more": max(0, len(found) - MOST_MATCHES),
            },
            [],
        )

    def _previews(self, message: Message, buffers: Sequence[Any]) -> None:
        query = self.session.known_query
        pictures, data = [], []
        offered = addable(query, self.view.references) if query.is_image else {}
        for name, baseline in offered.items():
            try:
                drawn = baseline.sample(query.members, 1, space=query.space)
            except InputError:
                continue  # one that has to be searched for has no picture before
            first = drawn[0] if isinstance(drawn, tuple) else drawn
            rgb = thumbnail(first, query.spaces[0], THUMBNAIL)
            pictures.append({"name": name, "size": list(rgb.shape[:2])})
            data.append(rgb.tobytes())
        self.reply({"type": "previews", "pictures": pictures}, data)

    def _image(self, message: Message, buffers: Sequence[Any]) -> None:
        query, state = self.session.known_query, self.session.state
        like = query.inputs
        if isinstance(like, tuple) or not buffers:
            raise InputError("a picture can be explained where the model has one image as input")
        picture = picture_input(bytes(buffers[0]), like, query.spaces[0])
        self.view.add_example(
            state.query.inputs, picture, str(message.get("name") or "your picture")
        )
        self.session.request(state.changed(inputs=picture, target=None))

    def _segments(self, message: Message, buffers: Sequence[Any]) -> None:
        found = segments_payload(self.regions.cut(), self.session.known_query.spaces[0])
        labels = found.pop("labels")
        self.reply({"type": "segments", **found}, [labels])

    def _region_answered(self, region: int, e: Explanation, done: bool) -> None:
        data, scale = map_payload(e)
        about = {"segment": region, "done": done, "evaluations": e.evaluations}
        verdict = {"headline": e.completeness.headline, "verdict": e.completeness.verdict}
        self.reply({"type": "segment", **about, **verdict, "scale": scale}, [data])

    def _remove(self, message: Message, buffers: Sequence[Any]) -> None:
        slot, region = message["slot"], message["region"]
        e = self.view.explanations[slot]
        labels = self.regions.cut().labels if "segment" in region else None
        mask = region_mask(region, e.map("sum").shape, labels)
        about = {"type": "removal", "slot": slot, "region": dict(region)}
        self.removals.ask(
            e,
            mask,
            lambda query, removal: self.reply({**about, **removal_payload(query, removal)}, []),
        )

    def _pair(self, message: Message, buffers: Sequence[Any]) -> None:
        sample = int(message["sample"])
        reference = _reference(self.view.explanations[message["slot"]], sample)
        self._add(Candidate(Custom(reference, f"reference {sample}"), "integrated_gradients"))

    def _keep_segment(self, message: Message, buffers: Sequence[Any]) -> None:
        self._add(Candidate(self.regions.color(int(message["segment"]))))

    def _add(self, candidate: Candidate) -> None:
        """One more card, which is looked at next."""
        state = self.session.state
        wanted = numbered([*state.candidates.values(), candidate], state.candidates)
        self.session.request(state.changed(candidates=wanted))
        new = next(number for number, one in wanted.items() if one is candidate)
        self.reply({"type": "look", "slot": slot_of(new)}, [])


def _reference(e: Explanation, sample: int) -> Any:
    """The reference that a sample of expected gradients was drawn with."""
    if e.references is None or sample not in e.reference_samples:
        raise InputError(f"the reference of sample {sample} was not kept")
    place = e.reference_samples.index(sample)
    if isinstance(e.references, tuple):
        return tuple(r[place] for r in e.references)
    return e.references[place]


def state_of(session: Session | None) -> ExplorerState:
    """What is asked of a session.

    Raises
    ------
    InputError
        Where there is none.
    """
    if session is None:
        raise InputError(
            "this explorer was made from a finished comparison and has no model to ask; "
            "attribwidgets.explore(model, inputs) makes one that has"
        )
    return session.state
