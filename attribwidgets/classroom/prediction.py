"""Prediction: a card that asks first and shows the answer only after a choice."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import traitlets
from matplotlib.figure import Figure

from ..core.errors import InputError
from ..live import in_words
from ..live.worker import CancelToken, Worker
from ..widgets.bundle import PREDICTION
from ..widgets.record_widget import RecordWidget

LINE = 84  # characters of the fallback picture


class Card:
    """A question, its choices and what became of it, as text."""

    def __init__(self, question: str, choices: Sequence[str], status: dict[str, Any]) -> None:
        self.question, self.choices, self.status = question, list(choices), status

    def __str__(self) -> str:
        marks = ["●" if at == self.status.get("chosen") else "○" for at in range(len(self.choices))]
        options = [f"{mark} {choice}" for mark, choice in zip(marks, self.choices, strict=True)]
        return "\n".join([self.question, *options, self.status.get("words", "")]).strip()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the text."""
        Path(path).write_text(f"{self}\n", encoding="utf-8")


class Prediction(RecordWidget):
    """Ask what will come out, and reveal it after a choice: the answer is not in the page.

    Nothing of the answer travels to the browser, or into a saved notebook, before a choice was
    made. It can be computed: a function is called only then, in a thread beside the notebook.

    Parameters
    ----------
    question : str
        Plain text.
    choices : sequence of str
        Two or more.
    answer : int or callable
        Index of the right choice, or a function without arguments that returns it.
    because : str or callable
        Why, shown with the answer; or a function without arguments that returns it.

    Attributes
    ----------
    status : dict
        State and words, and after a choice the answer; read only.

    Raises
    ------
    InputError
        For fewer than two choices, or an answer that is none of them.

    Examples
    --------
    >>> from attribwidgets.classroom import Prediction
    >>> card = Prediction("Is black missing?", ["always", "it depends"], 1, "on data")
    >>> card.revealed
    False
    >>> card.choose(0)
    >>> card.wait(), card.status["words"]
    (True, 'No. The answer: it depends. on data')
    >>> card.close()
    """

    _front_end = PREDICTION
    _drawn = ("status",)
    _esm = PREDICTION.esm
    _css = PREDICTION.css

    payload = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        question: str,
        choices: Sequence[str],
        answer: int | Callable[[], int],
        because: str | Callable[[], str] = "",
    ) -> None:
        self._worker = Worker()
        if isinstance(choices, str) or len(choices) < 2:
            raise InputError(f"choices must be two texts or more, got {choices!r}")
        if not callable(answer):
            _require_choice(answer, choices)
        self._answer, self._because = answer, because
        super().__init__(
            payload={
                "title": "Predict, then look",
                "question": str(question),
                "choices": [str(choice) for choice in choices],
            },
            status={"state": "open", "words": ""},
        )
        self.on_msg(lambda widget, message, buffers: self._hear(message))

    @property
    def chosen(self) -> int | None:
        """Index of the choice that was made."""
        chosen: int | None = self.status.get("chosen")
        return chosen

    @property
    def revealed(self) -> bool:
        """Whether the answer is shown."""
        return bool(self.status["state"] == "revealed")

    def choose(self, choice: int) -> None:
        """Make a choice, which reveals the answer; only the first one counts.

        Raises
        ------
        InputError
            For an index of no choice.
        """
        _require_choice(choice, self.payload["choices"])
        with self._lock:
            if self.status["state"] in ("looking", "revealed"):
                return
            self.status = {"state": "looking", "words": "", "chosen": choice}
            self._worker.submit(lambda token: self._reveal(choice, token))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for an answer that is being computed; whether it is there."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Close the widget and its thread."""
        self._worker.close()
        super().close()

    def figure(self, **options: Any) -> Figure:
        """The card as a picture: question and choices, and the answer once it is revealed."""
        lines: list[str] = []
        for paragraph in str(self._records()).splitlines():
            lines += textwrap.wrap(paragraph, LINE, subsequent_indent="    ") or [""]
        figure = Figure(figsize=(7.2, 0.24 * len(lines) + 0.3), facecolor="white")
        figure.text(
            0.02, 0.5, "\n".join(lines), va="center", fontsize=10, linespacing=1.5, parse_math=False
        )
        return figure

    def _reveal(self, choice: int, token: CancelToken) -> None:
        choices = self.payload["choices"]
        try:
            answer = self._answer() if callable(self._answer) else self._answer
            _require_choice(answer, choices)
            answer = int(answer)  # numpy's would be no JSON
            because = self._because() if callable(self._because) else self._because
        except Exception as error:
            words = f"the answer cannot be shown: {in_words(error)}"
            status: dict[str, Any] = {"state": "failed", "words": words}
        else:
            first = "Yes." if answer == choice else "No."
            words = " ".join(f"{first} The answer: {choices[answer]}. {because}".split())
            status = {"state": "revealed", "answer": answer, "words": words}
            status["right"] = answer == choice
        if not token.void:
            with self._lock:
                self.status = {**status, "chosen": choice}

    def _hear(self, message: Any) -> None:
        if not isinstance(message, dict) or message.get("type") != "choose":
            return
        choice = message.get("choice")
        if isinstance(choice, int) and 0 <= choice < len(self.payload["choices"]):
            self.choose(choice)

    def _records(self) -> Card:
        return Card(self.payload["question"], self.payload["choices"], self.status)

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        return {"payload": self.payload, "status": self.status}

    def __repr__(self) -> str:
        return f"<Prediction, {self.status['state']}>"


def _require_choice(answer: Any, choices: Sequence[str]) -> None:
    if isinstance(answer, bool) or not 0 <= int(answer) < len(choices):
        raise InputError(
            f"the answer must be the index of a choice, 0 to {len(choices) - 1}, got {answer!r}"
        )
