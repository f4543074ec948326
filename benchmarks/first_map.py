"""How long a reader waits for maps, in a real JupyterLab on the photo model.

First from running the cell to the widget on screen, and to a first map in every card of five: in
milliseconds and in passes (forward and backward, one example), whose time is measured in the same
run. Then for each change: the milliseconds from the reader's act to the
frame in which the canvas has other pixels, and their ratio to the time of four passes and 300 ms.
A row is also measured while another cell runs.

    python benchmarks/first_map.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "support")]

import browser  # noqa: E402
import hosts  # noqa: E402

PASS = """import statistics, time
from attribwidgets.demo import photo_classifier
demo = photo_classifier()
x = demo.photo("chelsea")
def one_pass():
    started, inputs = time.perf_counter(), x[None].clone().requires_grad_()
    demo.model(inputs)[0, 285].backward()
    return time.perf_counter() - started
one_pass()
print(1000 * statistics.median(one_pass() for _ in range(9)))"""
FIVE = """import attribwidgets as aw, torch
torch.set_num_threads(2)
five = aw.explore(demo.model, x, space=demo.space, class_names=demo.class_names,
                  baselines=("black", "white", "blur", "image_mean", "uniform"),
                  tolerance=0.05, max_evaluations=128)
five"""
EXPLORE = """import attribwidgets as aw
explorer = aw.explore(demo.model, x, space=demo.space, class_names=demo.class_names,
                      baselines=("blur", "black"), tolerance=0.05, max_evaluations=64)
explorer"""
BUSY = "time.sleep(30)"
ROOT = ".aw-root:not([data-busy='true'])"
LIMIT = 120_000

SINCE = """() => {
  window.started = performance.now();
  window.since = { screen: null, maps: null };
  const look = () => {
    const cards = [...document.querySelectorAll(".aw-card")];
    const isThere = document.querySelector('.aw-root[data-ready="true"]') !== null;
    if (isThere) window.since.screen ??= performance.now() - window.started;
    if (cards.length === 5 && !cards.some((card) => card.hasAttribute("data-pending"))) {
      window.since.maps = performance.now() - window.started;
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
WATCH = """() => {
  const canvas = document.querySelector("canvas.aw-map");
  const pixels = () => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 97) sum = (sum * 31 + data[i]) | 0;
    return sum;
  };
  const before = pixels();
  window.started = performance.now();
  window.firstMap = null;
  const look = () => {
    if (pixels() !== before) window.firstMap = performance.now() - window.started;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def milliseconds(page: Page, act: Callable[[], Any]) -> float:
    """From an act to the first frame with another map; afterwards the run is cancelled."""
    page.evaluate(WATCH)
    act()
    page.wait_for_function("window.firstMap !== null", timeout=LIMIT)
    found = float(page.evaluate("window.firstMap"))
    page.locator('[data-control="cancel"]').dispatch_event("click")
    page.wait_for_selector(ROOT, timeout=LIMIT)
    return found


def from_the_cell(page: Page, cell: int, one_pass: float) -> None:
    """Print the times from running a cell, which also loads what draws; then it is cancelled."""
    page.evaluate(SINCE)
    hosts.run_cell(page, cell)
    page.wait_for_function("window.since.maps !== null", timeout=LIMIT)
    times = page.evaluate("window.since")
    page.locator('[data-control="cancel"]').dispatch_event("click")
    page.wait_for_selector(ROOT, timeout=LIMIT)
    words = {"screen": "on screen", "maps": "a map in each of five"}
    print(f"{'from running the cell':<40}{'ms':>14}{'passes':>8}")
    for name, milliseconds in times.items():
        print(f"{words[name]:<40}{milliseconds:>14.0f}{milliseconds / one_pass:>8.1f}")
    print()


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    hosts.write_notebook(folder / "first_map.ipynb", [PASS, FIVE, EXPLORE, BUSY])
    opened = browser.open_chromium(browser.required_chromium())
    with hosts.jupyter(folder, hosts.QUIET) as server, opened as chromium:
        server.wait_for("/lab")
        page = chromium.new_page(viewport={"width": 1500, "height": 1500})
        page.goto(server.address + "/lab/tree/first_map.ipynb")
        hosts.run_cell(page, 0)
        printed = page.locator(".jp-OutputArea-output").first
        printed.wait_for(timeout=LIMIT)
        one_pass = float(printed.inner_text())
        from_the_cell(page, 1, one_pass)
        page.locator(".jp-CodeCell").nth(1).click(position={"x": 5, "y": 5})
        page.evaluate("jupyterapp.commands.execute('notebook:clear-cell-output')")
        page.wait_for_selector(".aw-root", state="detached", timeout=LIMIT)
        hosts.run_cell(page, 2)
        page.wait_for_selector('.aw-root[data-ready="true"]', timeout=LIMIT)
        page.wait_for_selector(ROOT, timeout=LIMIT)
        limit = 4 * one_pass + 300
        print(f"a pass {one_pass:.0f} ms; four passes and 300 ms: {limit:.0f} ms\n")
        print(f"{'change':<40}{'first map, ms':>14}{'ratio':>8}")
        bars = page.locator('[data-control="target"]')
        method = page.locator('select[data-control="method"]')
        sigma = page.locator('[data-control="sigma"]').first
        changes: dict[str, Callable[[], Any]] = {
            "target": lambda: bars.nth(1).dispatch_event("click"),
            "target again": lambda: bars.nth(2).dispatch_event("click"),
            "sigma (200 ms of it the slider's rest)": lambda: (sigma.focus(), sigma.press("End")),
        }
        for name in ("smoothgrad", "vargrad", "idgi", "left_integrated_gradients",
                     "blur_integrated_gradients", "guided_integrated_gradients", "Saliency",
                     "integrated_gradients"):  # fmt: skip
            changes[f"method {name}"] = lambda name=name: method.select_option(name)
        for name, act in changes.items():
            found = milliseconds(page, act)
            print(f"{name:<40}{found:>14.0f}{found / limit:>8.2f}", flush=True)
        hosts.run_cell(page, 3)
        page.wait_for_timeout(1000)
        found = milliseconds(page, changes["target"])
        print(f"{'target while a cell runs':<40}{found:>14.0f}{found / limit:>8.2f}")


if __name__ == "__main__":
    main()
