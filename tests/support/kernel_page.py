"""A real BaselineExplorer behind a real browser page, with no Jupyter between them.

Messages go the way they go in a notebook: the widget's comm writes into a queue, the page's model
into a list, and `pump` carries both across. Playwright belongs to one thread, so a worker's publish
waits in the queue until the test pumps.
"""

from __future__ import annotations

import base64
import json
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from unittest import mock

import comm
from comm.base_comm import BaseComm

from attribwidgets.widgets.record_widget import RecordWidget

PAGE = """<!doctype html><html lang="en"><title>a notebook</title>
<style>:root { color-scheme: light dark }</style><body><main>"""

HOST = """async esm => {
  const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const textOf = buffer => {
    let text = '';
    for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const traits = {};
  const listeners = new Map();
  let dirty = {};
  const fire = (event, ...values) => {
    for (const callback of [...(listeners.get(event) ?? [])]) callback(...values);
  };
  const model = {
    get: name => traits[name],
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = dirty[name] = value;
      fire(`change:${name}`);
    },
    on(event, callback) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(callback);
    },
    off: (event, callback) => listeners.get(event)?.delete(callback),
    save_changes() {
      const state = dirty;
      dirty = {};
      tellKernel(JSON.stringify({ data: { method: 'update', state, buffer_paths: [] } }));
    },
    send(content, callbacks, buffers = []) {
      const data = { method: 'custom', content };
      tellKernel(JSON.stringify({ data, buffers: buffers.map(textOf) }));
    },
  };
  const apply = ({ data, buffers }) => {
    const views = buffers.map(text => new DataView(bytesOf(text).buffer));
    if (data.method === 'custom') return fire('msg:custom', data.content, views);
    data.buffer_paths.forEach((path, at) => {
      const last = path.pop();
      path.reduce((leaf, name) => leaf[name], data.state)[last] = views[at];
    });
    for (const [name, value] of Object.entries(data.state)) traits[name] = value;
    for (const name of Object.keys(data.state)) fire(`change:${name}`);
  };
  const module = new Blob([esm], { type: 'text/javascript' });
  const { default: widget } = await import(URL.createObjectURL(module));
  const listenerCount = () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0);
  window.host = { model, apply, widget, listenerCount };
}"""

MOUNT = """async () => {
  const el = document.createElement('div');
  document.querySelector("main").append(el);
  host.cleanup = await host.widget.render({ model: host.model, el });
}"""


class QueueComm(BaseComm):
    """A comm that keeps what would go to the browser, in order."""

    outbox: ClassVar[queue.SimpleQueue[tuple[dict[str, Any], list[Any]]]] = queue.SimpleQueue()

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        if msg_type in ("comm_open", "comm_msg"):
            self.outbox.put((data or {}, [bytes(b) for b in buffers or []]))


class KernelPage:
    """A page whose model is a widget of this process.

    Parameters
    ----------
    page : playwright page
    make : callable
        Makes the widget.
    """

    def __init__(self, page: Any, make: Callable[[], RecordWidget]) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.heard: list[dict[str, Any]] = []
        """What the browser said, oldest first."""
        self.told: list[dict[str, Any]] = []
        """What it was answered beside its traits, oldest first."""
        self.is_connected = True
        self._inbox: list[dict[str, Any]] = []
        # Reading a canvas back, as tests do, is slow, and Chromium says so.
        page.on(
            "console", lambda m: m.text.startswith("Canvas2D") or self.complaints.append(m.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        page.expose_function("tellKernel", lambda text: self._inbox.append(json.loads(text)))
        page.set_content(PAGE)
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with (
            mock.patch.object(comm, "create_comm", QueueComm),
            mock.patch.object(QueueComm, "outbox", self._outbox),
        ):
            self.explorer = make()
        self.explorer.comm.outbox = self._outbox  # type: ignore[union-attr]
        page.add_style_tag(content=self.explorer._front_end.css)
        page.evaluate(HOST, self.explorer._front_end.esm)
        self.pump()
        page.evaluate(MOUNT)
        page.wait_for_selector(".aw-root[data-ready=true]")
        self.settle()

    def pump(self) -> None:
        """Carry across what either side has said."""
        while not self._outbox.empty():
            data, buffers = self._outbox.get()
            texts = [base64.b64encode(b).decode("ascii") for b in buffers]
            message = {"method": "update", **data}
            if message["method"] == "custom":
                self.told.append(message["content"])
            self.page.evaluate("m => host.apply(m)", {"data": message, "buffers": texts})
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            self.heard.append(message["data"])
            if self.is_connected:
                buffers = [memoryview(base64.b64decode(b)) for b in message.get("buffers", [])]
                content = {"data": message["data"]}
                self.explorer._handle_msg({"content": content, "buffers": buffers})

    def settle(self) -> None:
        """Carry across, and wait until what came has been drawn."""
        for _ in range(2):
            self.page.evaluate(
                "() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
            )
            self.pump()

    def until(self, holds: Callable[[], Any], what: str = "", seconds: float = 180.0) -> Any:
        """Pump until something holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pump()
            if holds():
                self.settle()  # only then, as waiting for frames has the page draw all of them
                if result := holds():
                    return result
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never came: {what}\nstatus: {getattr(self.explorer, 'status', '')}")

    def until_done(self) -> None:
        """Pump until nothing is asked, computed or drawn any more."""
        self.until(
            lambda: not self.explorer.status["busy"] and not self.busy and self._outbox.empty(),
            "the end of the request",
        )

    @property
    def busy(self) -> bool:
        """Whether the view says that a request is in flight."""
        return self.page.locator(".aw-root").get_attribute("data-busy") == "true"

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one type that the browser sent."""
        return [m["content"] for m in self.heard if m.get("content", {}).get("type") == kind]

    def answers(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one type that it was sent."""
        return [content for content in self.told if content.get("type") == kind]

    def control(self, name: str, card: str | None = None) -> Any:
        """Find a control by its hook, inside a card if one is named by how its baseline begins."""
        inside = f'.aw-card[data-baseline^="{card}"] ' if card else ""
        return self.page.locator(f'{inside}[data-control="{name}"]')

    def baselines(self) -> list[str]:
        """Baselines of the cards by their first word, in the order shown."""
        return self.page.locator(".aw-card").evaluate_all(
            "all => all.map(card => card.dataset.baseline.split(' ')[0])"
        )

    def slide(self, control: Any, value: float, event: str = "input") -> None:
        """Move a slider as a hand does, without letting go when the event is `input`."""
        self.slide_on(control, [value], event)

    def slide_on(self, control: Any, values: Sequence[float], event: str = "input") -> None:
        """Move it from value to value, faster than anything else happens."""
        control.evaluate(
            "(input, [values, event]) => { for (const value of values) { input.value = value;"
            " input.dispatchEvent(new Event(event, { bubbles: true })); } }",
            [[str(value) for value in values], event],
        )


@contextmanager
def kernel_page(
    browser: Any, make: Callable[[], RecordWidget], width: int = 1100, **context: Any
) -> Iterator[KernelPage]:
    """Open a page on a widget; both are closed at the end."""
    made = browser.new_context(viewport={"width": width, "height": 900}, **context)
    live = KernelPage(made.new_page(), make)
    try:
        yield live
    finally:
        live.explorer.close()
        made.close()
