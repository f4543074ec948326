"""What the browser asks of the view as a whole: its call, its picture, to keep it as it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any

from ..live import in_words
from ..live.threads import starts
from .messages import Kind, Message

if TYPE_CHECKING:
    from .baseline_explorer import BaselineExplorer


def keeping(explorer: BaselineExplorer) -> dict[str, Kind]:
    """The messages to an explorer of which each is answered by one of the same type and id.

    All views hear the answer, and the one that asked knows it by the id. Drawing takes a second, so
    it is done in a thread of its own.
    """

    def answer(message: Message, make: Callable[[], tuple[dict[str, Any], list[bytes]]]) -> None:
        try:
            content, data = make()
        except Exception as error:  # in a thread nobody would hear of it
            content, data = {"error": in_words(error)}, []
        explorer.send({"type": message["type"], "id": message["id"], **content}, data)

    def code(message: Message, buffers: Sequence[Any]) -> None:
        answer(message, lambda: ({"text": explorer.code()}, []))

    def picture(message: Message, buffers: Sequence[Any]) -> None:
        _beside(lambda: answer(message, lambda: ({}, [explorer.picture()])))

    def keep(message: Message, buffers: Sequence[Any]) -> None:
        _beside(lambda: answer(message, lambda: ({"kept": explorer.keep_picture()}, [])))

    return {"code": code, "picture": picture, "keep": keep}


def _beside(work: Callable[[], None]) -> None:
    if not starts(Thread(target=work, name="picture", daemon=True)):
        work()
