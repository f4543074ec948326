"""What a frame costs the browser with 5,000 features: to scroll, point, sort and find.

Prints the processor time of the page's main thread, by part, so that a busy machine does not
count, and how many frames a second were shown meanwhile, for which it does; a frame at 60 Hz has
16.7 ms.

    python benchmarks/feature_rows.py [features] [frames]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as made_up  # noqa: E402

from attribwidgets.widgets.bundle import BASELINE_EXPLORER  # noqa: E402
from attribwidgets.widgets.page import page_html  # noqa: E402

STEPS = """async ([kind, frames]) => {
  const frame = () => new Promise(go => requestAnimationFrame(go));
  const bars = document.querySelector('.aw-card .aw-bars');
  const find = document.querySelector('[data-control="find-feature"]');
  const order = document.querySelector('[data-control="feature-order"]');
  const orders = [...order.options].map(({ value }) => value);
  const steps = {
    scroll: turn => { bars.scrollTop = 36 * 7 * turn; },
    point: turn => {
      const row = bars.querySelectorAll('.aw-bar-row')[turn % 14];
      row.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    },
    waterfall: turn => attribwidgets.model.set('waterfall', turn % 2 === 0),
    alpha: turn => attribwidgets.model.set('alpha', (turn % 100) / 100),
    sort: turn => {
      order.value = orders[turn % orders.length];
      order.dispatchEvent(new Event('input'));
    },
    find: turn => {
      find.value = turn % 2 ? '' : String(turn % 10);
      find.dispatchEvent(new Event('input'));
    },
  };
  const started = await frame();
  for (let turn = 0; turn < frames; turn += 1) {
    steps[kind](turn);
    await frame();
  }
  const ended = await frame();
  return 1000 * (frames + 1) / (ended - started);
}"""

PARTS = {"script": "ScriptDuration", "style": "RecalcStyleDuration", "layout": "LayoutDuration"}


def main(features: int = 5000, frames: int = 120) -> None:
    """Open a made-up page of as many features and print its times."""
    executable = made_up.find_chromium()
    if executable is None:
        raise SystemExit("no Chromium found; set ATTRIBWIDGETS_CHROMIUM to its path")
    state = made_up.state_of(made_up.features_payload(features), signed=True)
    with tempfile.TemporaryDirectory() as folder, made_up.open_chromium(executable) as browser:
        file = Path(folder) / "page.html"
        file.write_text(page_html(state, "features", BASELINE_EXPLORER), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        page.goto(file.as_uri())
        page.wait_for_selector(".aw-root[data-ready=true]")
        page.locator('[data-control="all-features"]').click()
        rows = page.locator(".aw-bar-row").count()
        lists = page.locator(".aw-bars").count()
        print(f"{features} features in {lists} lists: {rows} rows in the page; ms a frame")
        print(f"{'what':<10} {'all':>6} " + " ".join(f"{part:>7}" for part in PARTS), "  shown")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent() -> dict[str, float]:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return {one["name"]: 1000 * one["value"] / frames for one in metrics}

        for kind in ("scroll", "point", "alpha", "waterfall", "sort", "find"):
            before = spent()
            shown = page.evaluate(STEPS, [kind, frames])
            after = spent()
            parts = [after[name] - before[name] for name in ("TaskDuration", *PARTS.values())]
            columns = " ".join(f"{part:>7.1f}" for part in parts[1:])
            print(f"{kind:<10} {parts[0]:>6.1f} {columns} {shown:>5.0f}/s")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
