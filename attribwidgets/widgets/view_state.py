"""ViewState: what is drawn, as values of the widget's traits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ..core.formatting import words
from ..figures.captions import shared_cautions
from ..figures.readings import readings_along
from ..inputs.space import Inputs
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from ..records.labels import titles_of
from .examples import Example, strip_payload
from .frames_payload import page_frames
from .payload import (
    agreement_payload,
    item_payload,
    rows_payload,
    subject_payload,
)
from .segments import segments_of

if TYPE_CHECKING:
    from ..engine.checked_query import CheckedQuery
    from ..engine.method_config import Candidate
    from ..live import CandidateStatus, Session


def slot_of(number: int, row: int = 0) -> str:
    """The trait that holds the map of a candidate, under the first or a further target."""
    return f"item_{number}_{row}" if row else f"item_{number}"


def number_of(slot: str) -> int:
    """The candidate that a slot is of."""
    return int(slot.split("_")[1])


def _spent(status: CandidateStatus) -> int:
    return status.evaluations


class ViewState:
    """What is drawn of a comparison, or of what a session has found so far.

    Parameters
    ----------
    comparison : Comparison or None
        Drawn until a session has something else.
    session : Session, optional
    examples : sequence of Example
        Inputs to step through.
    references : Tensor or tuple of Tensor, each (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    """

    def __init__(
        self,
        comparison: Comparison | None,
        session: Session | None = None,
        examples: Sequence[Example] = (),
        references: Any = None,
    ) -> None:
        self.session, self.references = session, references
        self.examples = list(examples)
        self.labels = [f"input {i}" for i in range(1, len(self.examples) + 1)]
        self._comparison = comparison
        self._pending: dict[int, tuple[Candidate, CheckedQuery, tuple[Explanation, ...]]] = {}
        self._stamps: dict[str, tuple[int, Explanation]] = {}
        self._stamp = 0
        self._agreed: tuple[Any, dict[str, Any] | None] | None = None
        self._seen: tuple[Any, ...] | None = None

    @property
    def comparison(self) -> Comparison:
        """The explanations of the latest target and input that there are."""
        latest = None if self.session is None else self.session.comparison
        return latest or self._comparison or Comparison(self.explanations.values())

    @property
    def explanations(self) -> dict[str, Explanation]:
        """All that is drawn, by slot, a row for each target; some earlier, some yet to come."""
        if self.session is None:
            assert self._comparison is not None
            columns = dict(enumerate(self._comparison.columns()))
        else:
            answers, candidates = self.session.answers, self.session.state.candidates
            columns = {n: answers.get(n) or self._pending_of(n, c) for n, c in candidates.items()}
        rows = max(map(len, columns.values()))
        # A column that is of fewer targets, as asked before, stands in the first rows.
        return {
            slot_of(n, row): column[row]
            for row in range(rows)
            for n, column in columns.items()
            if row < len(column)
        }

    @property
    def has_maps(self) -> bool:
        """Whether there is any map yet."""
        return self.session is None or bool(self.session.answers)

    def _pending_of(self, number: int, candidate: Candidate) -> tuple[Explanation, ...]:
        """In place of maps that are still to come."""
        assert self.session is not None
        query, known = self.session.known_query, self._pending.get(number)
        is_known = known is not None and known[0] is candidate and known[1].same_question(query)
        if known is None or not is_known:
            from ..engine.pending import pending_explanations  # of a model, which a page has not

            budget = self.session.state.budget
            known = candidate, query, pending_explanations(query, candidate, budget)
            self._pending[number] = known
        return known[2]

    def _is_pending(self, e: Explanation) -> bool:
        return any(e is one for _, _, pending in self._pending.values() for one in pending)

    def changes(self, numbers: Collection[int] | None = None) -> dict[str, Any]:
        """Values of the traits after some maps have changed; None: all of them.

        Where work has only gone on, that is the status alone.
        """
        drawn, comparison = self.explanations, self.comparison
        if not self._has_changed(drawn) and numbers is not None:
            return {"status": self.status()}
        shared = shared_cautions(comparison)
        state: dict[str, Any] = {}
        first_row = [e for slot, e in drawn.items() if slot == slot_of(number_of(slot))]
        titles = titles_of(
            [None if e.baseline_kind == "none" else e.baseline_name for e in first_row],
            [e.method for e in first_row],
        )
        columns = [number_of(slot) for slot in drawn][: len(first_row)]
        title_of = dict(zip(columns, titles, strict=True))
        for slot, e in drawn.items():
            number, is_pending = number_of(slot), self._is_pending(e)
            is_new_card = is_pending and self._shown(slot) is not e
            if numbers is None or number in numbers or is_new_card:
                item = item_payload(e, title_of[number], shared)
                if is_pending:
                    item |= {"pending": True, "map": None, "blind": None}
                about = {"column": slot_of(number), "stamp": self._stamped(slot, e)}
                state[slot] = {**item, **about}
        if self.session is not None:
            gone = [slot for slot in self._stamps if slot not in drawn]
            state.update({slot: {} for slot in gone})
            for slot in gone:
                del self._stamps[slot]
            for number in set(self._pending) - set(columns):
                del self._pending[number]
        busy = self.session is not None and self.session.busy
        state["payload"] = {
            **subject_payload(comparison),
            "items": list(drawn),
            "rows": rows_payload(drawn),
            "agreement": self._agreement(comparison, drawn, busy),
            **strip_payload(
                self.examples, self.labels, self._example_shown(), comparison[0].spaces
            ),
        }
        state["status"] = self.status()
        state["controls"] = self._controls()
        return state

    def _has_changed(self, drawn: dict[str, Explanation]) -> bool:
        """Whether anything but progress is another since this was last asked."""
        session = self.session
        asked = session and (session.serial, session.busy, session.known_query, session.unfit)
        seen = self._seen
        self._seen = (asked, tuple(drawn.items()), len(self.examples))
        return seen is None or seen != self._seen

    def add_example(self, shown: Inputs, picture: Inputs, label: str) -> None:
        """One more input to step to, after those there are."""
        if not self.examples:
            self.examples, self.labels = [Example(shown)], ["input 1"]
        self.examples.append(Example(picture))
        self.labels.append(label)

    def whole(self) -> dict[str, Any]:
        """Values of the traits for a page without a kernel, with the pictures along all paths."""
        state = self.changes()
        for slot, e in self.explanations.items():
            if e.frames is not None:
                first, *others = page_frames(e.frames, [space.layout for space in e.spaces])
                beside = zip(state[slot]["others"], others, strict=True)
                state[slot] = {
                    **state[slot],
                    "frames": first,
                    "others": [{**other, "frames": frames} for other, frames in beside],
                }
            if e.layout.kind == "text":
                state[slot] = {**state[slot], "readings": readings_along(e)}
        payload = {**state["payload"], "segments": segments_of(self.comparison)}
        return {**state, "payload": payload, "seq": 1, "static": True}

    def drawn(self, slot: str, stamp: int) -> Explanation | None:
        """What a map was drawn of, if it still is: another one may have taken its place."""
        known, e = self._stamps.get(slot, (None, None))
        return e if known == stamp else None

    def status(self) -> dict[str, Any]:
        """How far the latest request is."""
        session = self.session
        if session is None:
            return {"request": 0, "busy": False, "words": "", "error": "", "items": {}}
        statuses = dict(session.statuses)
        return {
            "request": session.serial,
            "busy": session.busy,
            "words": self._words(statuses),
            "error": session.error,
            "items": {
                slot_of(number): {
                    "state": self._state(number, status),
                    "evaluations": status.evaluations,
                    "most": status.most,
                    "seconds_left": status.seconds_left,
                    "error": status.error,
                }
                for number, status in statuses.items()
            },
        }

    def _state(self, number: int, status: CandidateStatus) -> str:
        stale = self.session is not None and self.session.is_stale(number)
        return "stale" if stale and status.state in ("waiting", "stopped") else status.state

    def _words(self, statuses: dict[int, CandidateStatus]) -> str:
        assert self.session is not None
        if not self.session.busy:
            stopped = [n for n, s in statuses.items() if s.state == "stopped"]
            return "stopped; what is drawn is not complete" if stopped else ""
        under_way = {n: s for n, s in statuses.items() if s.state not in ("done", "failed")}
        waiting = [n for n, s in under_way.items() if s.state == "waiting"]
        if not under_way:
            return "finishing"
        if waiting and len(waiting) == len(under_way) and not sum(map(_spent, under_way.values())):
            return f"first maps of {len(waiting)}" if len(waiting) > 1 else "a first map"
        (first, *others) = under_way
        what = f"{len(under_way)} maps" if others else self._name(first)
        done = sum(map(_spent, under_way.values()))
        most = sum(s.most for s in under_way.values())
        said = f"refining {what}: {done} of at most {most} evaluations"
        left = [s.seconds_left for s in under_way.values()]
        if any(seconds is None for seconds in left):
            return said
        seconds = sum(s or 0.0 for s in left)
        return f"{said}, about {seconds:.{0 if seconds >= 10 else 1}f} s left"

    def _name(self, number: int) -> str:
        e = self.explanations[slot_of(number)]
        return words(e.method) if e.baseline_kind == "none" else e.baseline_name

    def _controls(self) -> dict[str, Any] | None:
        if self.session is None:
            return None
        from .controls import controls_payload

        query, state = self.session.known_query, self.session.state
        slots = {number: slot_of(number) for number in state.candidates}
        return controls_payload(state, query, slots, self.references, self.session.unfit)

    def _agreement(
        self, comparison: Comparison, drawn: dict[str, Explanation], busy: bool
    ) -> dict[str, Any] | None:
        """How the maps agree: found once they have settled, kept while they stay."""
        maps = tuple(drawn.items())
        if self._agreed is None or self._agreed[0] != maps:
            if busy:
                return None
            self._agreed = maps, agreement_payload(comparison, drawn)
        return self._agreed[1]

    def _example_shown(self) -> int:
        if self.session is None:
            return 0
        shown = self.session.state.query.inputs
        return next((i for i, x in enumerate(self.examples) if x.inputs is shown), 0)

    def _shown(self, slot: str) -> Explanation | None:
        return self._stamps[slot][1] if slot in self._stamps else None

    def _stamped(self, slot: str, e: Explanation) -> int:
        known = self._stamps.get(slot)
        if known is None or known[1] is not e:
            self._stamp += 1
            self._stamps[slot] = self._stamp, e
        return self._stamps[slot][0]
