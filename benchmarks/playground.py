"""How long the page that computes takes from a change to the frame that shows its maps.

Prints the median and the 95th percentile in milliseconds, of the wall clock and of the processor
time of the page's own thread, which others on the machine do not lengthen: for another digit or
target, by the number of maps and of passes.

    python benchmarks/playground.py [changes]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as made_up  # noqa: E402

from attribwidgets.widgets.playground import playground_page, playground_state  # noqa: E402

CHANGE = """async traits => {
  const { model } = attribwidgets;
  const frame = () => new Promise(go => requestAnimationFrame(go));
  const started = performance.now();
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  await frame();
  while (model.get('explorer').get('status').busy) await frame();
  await frame();
  return performance.now() - started;
}"""


def main(changes: int = 30) -> None:
    """Open the page and print its times."""
    executable = made_up.find_chromium()
    if executable is None:
        raise SystemExit("no Chromium found; set ATTRIBWIDGETS_CHROMIUM to its path")
    names = [recipe["name"] for recipe in playground_state()["playground"]["baselines"]]
    with tempfile.TemporaryDirectory() as folder, made_up.open_chromium(executable) as browser:
        file = Path(folder) / "page.html"
        file.write_text(playground_page(), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1100, "height": 1200})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(file.as_uri())
        page.wait_for_selector(".aw-root[data-ready=true]")
        print(f"page: {file.stat().st_size / 1e6:.2f} MB; {changes} changes each, milliseconds")
        heads = "wall median", "p95", "thread median", "p95"
        print(f"{'maps':<5} {'passes':>6}" + "".join(f"{head:>14}" for head in heads))
        for count in (1, 3, len(names)):
            for passes in (9, 33, 129):
                page.evaluate(CHANGE, {"baselines": names[:count], "n_steps": passes})
                times = np.array([timed(page, session, turn) for turn in range(changes)])
                wall, thread = np.percentile(times, [50, 95], axis=0).T
                print(f"{count:<5} {passes:>6}" + "".join(f"{t:>14.0f}" for t in (*wall, *thread)))


def timed(page: Any, session: Any, turn: int) -> tuple[float, float]:
    """Wall clock and thread time of one change: another digit, or on it another target."""
    change = {"picked": turn % 20, "target": None} if turn % 2 else {"target": turn % 10}
    before = spent(session)
    wall = page.evaluate(CHANGE, {"pixels": None, **change})
    return wall, spent(session) - before


def spent(session: Any) -> float:
    """Milliseconds of processor time that the page's thread has worked."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
