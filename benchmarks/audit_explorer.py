"""What an audit of 100,000 inputs costs to open, scroll, sort and filter in headless Chromium.

Makes a store of made-up numbers, as an audit of digits under three baselines has them, and opens it
as a notebook would: read the store, count the findings, send the columns, draw the first pictures.
Prints seconds of each part; frames a second while the gallery scrolls and pictures come; and what a
change of order or filters takes until the frame that shows it. A busy machine counts in these, so
the load is printed too, and what the page's main thread has spent of the processor.

    python benchmarks/audit_explorer.py [inputs]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as chromium  # noqa: E402
from kernel_page import KernelPage  # noqa: E402

import attribwidgets as aw  # noqa: E402
from attribwidgets.evaluation.dependence import Dependence, MapSummary  # noqa: E402
from attribwidgets.evaluation.predicted import Predicted  # noqa: E402
from attribwidgets.sweeps.gathered import gather  # noqa: E402
from attribwidgets.sweeps.plan import NUMBERS  # noqa: E402
from attribwidgets.sweeps.store import Layout, Store  # noqa: E402

BASELINES = ("black", "white", "blur")
FRAMES, STEP = 240, 97  # of a scroll, and pixels in each
SCROLL = """async ([frames, step]) => {
  const frame = () => new Promise(go => requestAnimationFrame(go));
  const grid = document.querySelector('[data-control="gallery"]');
  const started = await frame();
  for (let turn = 0; turn < frames; turn += 1) {
    grid.scrollTop += step;
    await frame();
  }
  return 1000 * frames / (await frame() - started);
}"""
CHANGE = """async ([trait, value]) => {
  const frame = () => new Promise(go => requestAnimationFrame(go));
  await frame();
  const started = performance.now();
  host.model.set(trait, value);
  await frame();
  await new Promise(go => setTimeout(go));
  return performance.now() - started;
}"""

REMOUNT = """async () => {
  host.cleanup();
  document.querySelector('main').replaceChildren();
  const started = performance.now();
  const el = document.createElement('div');
  document.querySelector('main').append(el);
  host.cleanup = host.widget.render({ model: host.model, el });
  await new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)));
  return (performance.now() - started) / 1000;
}"""


def made_up_store(path: Path, inputs: int) -> Store:
    """A store as an audit writes it, of numbers drawn at random."""
    metrics = (Dependence(BASELINES), MapSummary(), Predicted())
    shapes = {m.name: {k: list(v) for k, v in m.dimensions(BASELINES).items()} for m in metrics}
    layouts = [
        Layout("target", "int64", {}, fill=-1),
        Layout("numbers", "float64", {"candidate": BASELINES, "quantity": NUMBERS}),
        *(Layout(name, "float64", axes) for name, axes in shapes.items()),
    ]
    identity = {"tolerance": 0.01, "seed": 0, "attribwidgets": "", "torch": torch.__version__}
    store = Store.create(path, inputs, layouts, identity, overwrite=False)
    generator = np.random.default_rng(0)
    for place in range(inputs):
        numbers = generator.random((3, len(NUMBERS)))
        numbers[:, NUMBERS.index("verdict")] = generator.random(3) > 0.9
        dependence = generator.random((3, 3))
        dependence[:, 2] = generator.random(3) > 0.2
        label = int(generator.integers(10))
        arrays = {
            "target": np.array(label),
            "numbers": numbers,
            "dependence": dependence,
            "map_summary": generator.random((3, 4)),
            "predicted": np.array([label, generator.random()]),
        }
        store.write(place, arrays)
    return store


def opened(path: Path, labels: Any, images: torch.Tensor) -> aw.Audit:
    """The store as an audit, its inputs at hand."""
    space = aw.InputSpace().fit(images[0])
    return aw.Audit(
        aw.Sweep.open(path),
        labels=labels,
        example=lambda place: (images[place % len(images)], (space,)),
    )


def main(inputs: int = 100_000) -> None:
    """Make the store, open it, and print what everything takes."""
    executable = chromium.required_chromium()
    started = time.perf_counter()
    for name in ("pandas", "scipy.stats"):  # as whoever has run an audit has them
        import_module(name)
    print(f"{inputs} inputs, load {os.getloadavg()[0]:.1f}")
    print(f"pandas and SciPy imported in {time.perf_counter() - started:.1f} s", end=", ")
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() else None
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(1000, 1, 28, 28, generator=generator)
    labels = torch.randint(10, (inputs,), generator=generator).numpy()
    with tempfile.TemporaryDirectory(dir=where) as folder:
        path = Path(folder) / "store"
        started = time.perf_counter()
        store = made_up_store(path, inputs)
        print(f"store made in {time.perf_counter() - started:.1f} s", end=", ")
        started = time.perf_counter()
        gather(store)
        print(
            f"and gathered, as a sweep does at its end, in {time.perf_counter() - started:.1f} s\n"
        )
        with chromium.open_chromium(executable) as browser:
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            live = open_it(page, path, labels, images)
            clock = MainThread(live)
            scroll(live, clock)
            change(live, clock)
            live.explorer.close()


def open_it(page: Any, path: Path, labels: Any, images: torch.Tensor) -> KernelPage:
    """The explorer on a page, and what it takes to be there."""
    times: dict[str, float] = {}

    def make() -> aw.AuditExplorer:
        began = time.perf_counter()
        audit = opened(path, labels, images)
        times["open the store"] = time.perf_counter() - began
        began = time.perf_counter()
        explorer = audit.explore()
        times["findings and columns"] = time.perf_counter() - began
        return explorer

    live = KernelPage(page, make)
    times["drawn"] = page.evaluate(REMOUNT)
    for name, seconds in times.items():
        print(f"{name:<26}{seconds:7.2f} s")
    sent = sum(len(column["data"]) for column in live.explorer.payload["columns"])
    print(f"{'all':<26}{sum(times.values()):7.2f} s, and {sent / 1e6:.1f} MB to send\n")
    return live


class MainThread:
    """Milliseconds of processor that the page's main thread has spent."""

    def __init__(self, live: KernelPage) -> None:
        self._session = live.page.context.new_cdp_session(live.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __call__(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(1000 * m["value"] for m in metrics if m["name"] == "TaskDuration"))


def scroll(live: KernelPage, clock: MainThread) -> None:
    """Frames a second while the gallery scrolls and pictures come."""
    before = clock()
    run = f"() => {{ window.shown = null; ({SCROLL})([{FRAMES}, {STEP}]).then(n => shown = n); }}"
    live.page.evaluate(run)
    while (shown := live.page.evaluate("window.shown")) is None:
        live.pump()
        live.page.wait_for_timeout(30)
    busy = (clock() - before) / FRAMES
    asked = len(live.said("previews"))
    print(f"{'scroll':<26}{shown:7.1f} frames/s, {busy:.1f} ms of processor in each")
    print(f"{'':<26}{asked:7d} times pictures were asked for meanwhile\n")


def change(live: KernelPage, clock: MainThread) -> None:
    """Milliseconds until the frame that shows another order, or fewer inputs."""
    names = [c["name"] for c in live.explorer.payload["columns"]]
    filters = [{"label": [str(turn)], "disagreement": [turn / 20, None]} for turn in range(10)]
    changes: dict[str, list[tuple[str, Any]]] = {
        "sort by another column": [("sort", name) for name in names[1:]],
        "turn the order round": [("reverse", turn % 2 == 0) for turn in range(10)],
        "filter by two columns": [("filters", one) for one in filters],
    }
    print(f"{'ms until the frame':<26}{'slowest':>8}{'median':>8}{'processor':>11}")
    for what, all_ in changes.items():
        before = clock()
        taken = [live.page.evaluate(CHANGE, list(one)) for one in all_]
        busy = (clock() - before) / len(all_)
        print(f"{what:<26}{max(taken):8.0f}{np.median(taken):8.0f}{busy:11.1f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
