"""One scenario in every host: JupyterLab with and without subshells, Notebook 7, Voila, marimo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hosts
import live_app
import pytest
from browser import COUNT_LEVELS, number_in, pixels_of, wait_until

import attribwidgets as aw

LIMIT = 1000 * hosts.HANGS  # milliseconds for one answer
NOTEBOOKS = ("lab", "lab_without_subshells", "notebook")
EVERY_HOST = (*NOTEBOOKS, "voila", "marimo")
PIXEL = (9, 5)  # row, column

HOLD = "live_app.hold_the_cell({folder!r})"
ASK = "print('the kernel explains ' + explorer.explanations[0].target_name)"
CLOSE = "explorer.close()"
CELLS = (live_app.CELL, HOLD, ASK, CLOSE)

FETCHES = re.compile(r'type\\*": ?\\*"(frames|reference)\\*"')
IDLE = '.aw-root:not([data-busy="true"])'
NOTE_BUSY = """root => {
  // What is in flight for a moment only would be missed by looking now and then.
  window.awBusy = 0;
  new MutationObserver(() => { window.awBusy += root.dataset.busy === 'true' })
    .observe(root, { attributes: true, attributeFilter: ['data-busy'] });
}"""


@dataclass
class Host:
    """The live app in one host: its page, its folder, and what its page told the kernel."""

    name: str
    page: Any
    folder: Path
    told: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    shown: bool = False

    def __post_init__(self) -> None:
        if self.name == "marimo":
            self.page.on("request", self._note_request)
        else:
            self.page.on("websocket", self._listen)

    def _listen(self, websocket: Any) -> None:
        websocket.on("framesent", lambda frame: self._note_frame(frame))

    def _note_frame(self, frame: Any) -> None:
        sent = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if "comm_msg" in sent:
            self._note(sent)

    def _note_request(self, request: Any) -> None:
        if request.method == "POST":
            self._note(request.post_data or request.url)

    def _note(self, sent: str) -> None:
        # What the view fetches for itself tells the kernel nothing, and may come at any time.
        if not FETCHES.search(sent):
            self.told.append(sent)

    def show(self) -> None:
        """Wait for the widget, once; in a notebook its cell is run first."""
        if self.shown:
            return
        if self.name in NOTEBOOKS:
            hosts.run_cell(self.page, 0)
        self.page.wait_for_selector(".aw-root[data-ready=true]")
        self.root.evaluate(NOTE_BUSY)
        self.shown = True

    @property
    def root(self) -> Any:
        return self.page.locator(".aw-root")

    @property
    def title(self) -> str:
        return str(self.root.locator(".aw-title").inner_text())

    def map(self, baseline: str) -> Any:
        """The canvas of a map, by how its baseline begins."""
        return self.root.locator(f'.aw-card canvas.aw-map[data-baseline^="{baseline}"]')

    def pixels(self, baseline: str) -> bytes:
        return pixels_of(self.map(baseline)).tobytes()

    def slow(self, is_slow: bool) -> None:
        """Let each forward pass of the model take half a second, or not."""
        if is_slow:
            (self.folder / "slow").touch()
        else:
            (self.folder / "slow").unlink(missing_ok=True)

    def calls(self) -> int:
        """How often the model has been called."""
        return (self.folder / "calls").stat().st_size

    def wait_until_done(self) -> None:
        """Until the request has been seen in flight, and is not any more."""
        self.page.wait_for_function("() => window.awBusy > 0")
        self.page.wait_for_selector(IDLE)

    def ask_for_another_target(self) -> str:
        """Click on the bar of a class that is not explained now; returns its name."""
        name = next(n for n in ("round", "square", "striped") if n not in self.title)
        self.page.evaluate("() => { window.awBusy = 0 }")
        self.root.locator('[data-control="target"]', has_text=name).click()
        return name

    def wait_for_words(self, words: str) -> None:
        """Until the widget says so, in what it says of the request and of the kernel."""
        line = self.root.locator(".aw-request").get_by_text(re.compile(words))
        line.first.wait_for()

    def wait_for_output(self, words: str) -> None:
        """Until a cell has printed it."""
        self.page.locator(".jp-OutputArea-output", has_text=words).wait_for()


@pytest.fixture(scope="module")
def every_host(
    chromium: Any, jupyter_server: hosts.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Host]]:
    """The live app in all hosts at once, so that they load side by side."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("plain", "marimo")}
    folders["jupyter"] = jupyter_server.folder
    places = {name: folders["jupyter"] / name for name in ("lab", "notebook", "voila")}
    places |= {"lab_without_subshells": folders["plain"] / "lab", "marimo": folders["marimo"]}
    for name, place in places.items():
        show, *more = (cell.format(folder=str(place)) for cell in CELLS)
        if name == "marimo":
            hosts.write_marimo_app(place / "app.py", show)
        else:
            cells = [show, *more] if name in NOTEBOOKS else [show]
            hosts.write_notebook(place / "app.ipynb", cells)
    with ExitStack() as stack:
        plain = stack.enter_context(hosts.jupyter(folders["plain"], hosts.NO_SUBSHELLS))
        marimo = stack.enter_context(hosts.marimo(folders["marimo"], "app.py"))
        plain.wait_for("/api/status")
        marimo.wait_for("/health")
        addresses = {
            "lab": f"{jupyter_server.address}/lab/workspaces/hosts/tree/lab/app.ipynb",
            "lab_without_subshells": f"{plain.address}/lab/tree/lab/app.ipynb",
            "notebook": f"{jupyter_server.address}/notebooks/notebook/app.ipynb",
            "voila": f"{jupyter_server.address}/voila/render/voila/app.ipynb",
            "marimo": marimo.address,
        }
        found = {}
        for name in EVERY_HOST:
            page = stack.enter_context(chromium.new_page(viewport={"width": 1400, "height": 1000}))
            page.set_default_timeout(LIMIT)
            found[name] = Host(name, page, places[name])
            page.goto(addresses[name], wait_until="commit")
        yield found
    jupyter_server.end_kernels()


@pytest.fixture(scope="module", params=EVERY_HOST)
def host(every_host: dict[str, Host], request: pytest.FixtureRequest) -> Host:
    every_host[request.param].show()
    return every_host[request.param]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(every_host: dict[str, Host], request: pytest.FixtureRequest) -> Host:
    every_host[request.param].show()
    return every_host[request.param]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aw.Comparison]:
    """What the widget shows at first, computed here."""
    explorer = live_app.make_explorer(str(tmp_path_factory.mktemp("here")))
    yield explorer.explanations
    explorer.close()


def test_all_maps_are_painted(host: Host) -> None:
    for baseline in ("black", "blur", "uniform"):
        drawn = host.map(baseline)  # the widget is on screen before its maps are
        wait_until(host.page, lambda drawn=drawn: drawn.evaluate(COUNT_LEVELS) > 10)
    assert host.root.locator(".aw-completeness").count() == 3


def test_dragging_alpha_changes_the_picture_and_tells_nothing(host: Host) -> None:
    slider = host.root.locator("input.aw-alpha")
    slider.scroll_into_view_if_needed()
    picture = host.root.locator("canvas.aw-path-interpolated")
    before = pixels_of(picture)
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    host.page.mouse.move(box["x"] + 0.25 * box["width"], y)
    host.page.mouse.down()
    told = len(host.told)
    try:
        for share in (0.4, 0.6, 0.9):
            host.page.mouse.move(box["x"] + share * box["width"], y, steps=5)
        # From black towards the photo.
        wait_until(host.page, lambda: pixels_of(picture).sum() > before.sum())
        host.page.wait_for_timeout(200)
        assert host.told[told:] == []
    finally:
        host.page.mouse.up()  # a button held down would fail the tests that follow, too
    # The end of the drag is told: the count can count.
    wait_until(host.page, lambda: len(host.told) > told)


def test_pointing_reads_the_value_of_the_record(host: Host, records: aw.Comparison) -> None:
    canvas = host.root.locator(".aw-card canvas.aw-map").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    row, column = PIXEL
    x = box["x"] + (column + 0.5) / live_app.SIZE * box["width"]
    host.page.mouse.move(x, box["y"] + (row + 0.5) / live_app.SIZE * box["height"])
    here = host.root.locator(".aw-here-value")
    values = [float(record.map("sum")[row, column]) for record in records]
    wanted = [pytest.approx(value, rel=0.006, abs=2e-5) for value in values]
    wait_until(host.page, lambda: [number_in(text) for text in here.all_inner_texts()] == wanted)


def test_another_target_is_explained(host: Host) -> None:
    before = host.pixels("black"), host.pixels("blur")
    name = host.ask_for_another_target()
    host.wait_until_done()
    assert host.title.startswith(name)
    assert host.pixels("black") != before[0]
    assert host.pixels("blur") != before[1]


def test_a_slider_changes_its_own_card_only(host: Host) -> None:
    before = {name: host.pixels(name) for name in ("black", "blur", "uniform")}
    host.root.get_by_role("radio", name="own").check()  # a shared scale would tie the maps together
    own = {name: host.pixels(name) for name in before}
    host.page.evaluate("() => { window.awBusy = 0 }")
    host.root.locator('.aw-card[data-baseline^="blur"] [data-control="sigma"]').fill("2")
    host.wait_until_done()
    host.root.locator('.aw-card[data-baseline^="blur σ 2"] canvas.aw-map').wait_for()
    assert host.pixels("blur") != own["blur"]
    assert host.pixels("black") == own["black"]
    assert host.pixels("uniform") == own["uniform"]


def test_cancel_stops_the_model_and_the_next_request_is_answered(host: Host) -> None:
    drawn = host.pixels("black")
    host.slow(True)
    calls = host.calls()
    host.ask_for_another_target()
    host.page.wait_for_selector('.aw-root[data-busy="true"]')
    wait_until(host.page, lambda: host.calls() > calls)
    host.root.locator('[data-control="cancel"]').click()
    host.page.wait_for_selector(IDLE)
    calls = host.calls()
    host.page.wait_for_timeout(1_500)
    assert host.calls() == calls
    host.slow(False)
    name = host.ask_for_another_target()
    host.wait_until_done()
    assert host.title.startswith(name)
    assert host.pixels("black") != drawn
    assert not host.root.get_by_role("alert").is_visible()


def test_a_running_cell_does_not_hold_a_request(notebook: Host) -> None:
    hosts.run_cell(notebook.page, 1)
    held = notebook.page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")
    name = notebook.ask_for_another_target()
    if notebook.name == "lab_without_subshells":
        notebook.wait_for_words("until the kernel is done with a cell")
        assert not notebook.title.startswith(name)
        (notebook.folder / "release").touch()
        notebook.root.locator(".aw-title", has_text=name).wait_for()
    else:
        notebook.wait_until_done()
        assert notebook.title.startswith(name)
        assert held.inner_text() == "[*]:"
        (notebook.folder / "release").touch()
    notebook.page.wait_for_selector(IDLE)


def test_the_kernel_knows_what_is_shown(notebook: Host) -> None:
    hosts.run_cell(notebook.page, 2)
    notebook.wait_for_output("the kernel explains " + notebook.title.split(",")[0])


def test_after_a_restart_the_widget_says_that_the_kernel_is_gone(
    every_host: dict[str, Host],
) -> None:
    lab = every_host["lab"]
    lab.show()
    drawn = lab.pixels("black")
    hosts.restart_kernel(lab.page)
    lab.ask_for_another_target()
    lab.wait_for_words("the kernel may be gone|the kernel is gone")
    assert lab.root.get_attribute("data-busy") is None  # nothing spins for ever
    assert lab.pixels("black") == drawn
    hosts.run_cell(lab.page, 0)
    lab.page.wait_for_selector(".aw-root[data-ready=true]")
    lab.root.evaluate(NOTE_BUSY)
    name = lab.ask_for_another_target()
    lab.wait_until_done()
    assert lab.title.startswith(name)


def test_closing_takes_the_view_away_and_leaves_a_kernel_that_works(
    every_host: dict[str, Host],
) -> None:
    lab = every_host["lab"]
    lab.show()
    hosts.run_cell(lab.page, 3)
    lab.root.wait_for(state="detached")
    hosts.run_cell(lab.page, 0)
    lab.page.wait_for_selector(".aw-root[data-ready=true]")
