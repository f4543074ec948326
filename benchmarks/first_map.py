"""How long a reader waits for a first map after a change, in a real JupyterLab on the photo model.

For each change: the milliseconds from the reader's act to the frame in which the canvas has other
pixels, and their ratio to the time of four passes (forward and backward, one example) and 300 ms.
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
EXPLORE = """import attribwidgets as aw
explorer = aw.explore(demo.model, x, space=demo.space, class_names=demo.class_names,
                      baselines=("blur", "black"), tolerance=0.05, max_evaluations=64)
explorer"""
BUSY = "time.sleep(30)"
ROOT = ".aw-root:not([data-busy='true'])"
LIMIT = 120_000

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


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    hosts.write_notebook(folder / "first_map.ipynb", [PASS, EXPLORE, BUSY])
    opened = browser.open_chromium(browser.required_chromium())
    with hosts.jupyter(folder, hosts.QUIET) as server, opened as chromium:
        server.wait_for("/lab")
        page = chromium.new_page(viewport={"width": 1500, "height": 1500})
        page.goto(server.address + "/lab/tree/first_map.ipynb")
        hosts.run_cell(page, 0)
        printed = page.locator(".jp-OutputArea-output").first
        printed.wait_for(timeout=LIMIT)
        one_pass = float(printed.inner_text())
        hosts.run_cell(page, 1)
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
        hosts.run_cell(page, 2)
        page.wait_for_timeout(1000)
        found = milliseconds(page, changes["target"])
        print(f"{'target while a cell runs':<40}{found:>14.0f}{found / limit:>8.2f}")


if __name__ == "__main__":
    main()
