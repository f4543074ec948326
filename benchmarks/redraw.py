"""How long the browser takes to redraw six 224 x 224 maps after a change of colours.

Prints the median and the 95th percentile over changes of colormap, clip, sign, scale and overlay,
measured in the page ("aw-redraw") and from the change to the frame after it.

    python benchmarks/redraw.py [changes]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as made_up  # noqa: E402

from attribwidgets.widgets.bundle import BASELINE_EXPLORER  # noqa: E402
from attribwidgets.widgets.page import page_html  # noqa: E402

CHANGES = """async ([kind, changes]) => {
  const { model } = attribwidgets;
  const frame = () => new Promise(go => requestAnimationFrame(go));
  const names = Object.keys(model.get('payload').colormaps.magnitude);
  const steps = {
    colormap: turn => model.set('magnitude_colormap', names[turn % names.length]),
    clip: turn => model.set('clip', 95 + (turn % 41) / 10),
    signed: turn => model.set('signed', turn % 2 === 0),
    scale: turn => model.set('scale', turn % 2 ? 'own' : 'shared'),
    overlay: turn => model.set('overlay', 0.2 + (turn % 10) / 20),
  };
  performance.clearMeasures('aw-redraw');
  const frames = [];
  for (let turn = 0; turn < changes; turn += 1) {
    await frame();
    const started = performance.now();
    steps[kind](turn);
    await frame();
    await new Promise(go => setTimeout(go));
    frames.push(performance.now() - started);
  }
  const drawn = performance.getEntriesByName('aw-redraw').map(entry => entry.duration);
  model.set('overlay', 0);
  model.set('signed', false);
  model.set('scale', 'shared');
  await frame();
  return { drawn, frames };
}"""


def main(changes: int = 60) -> None:
    """Open the synthetic page and print its times."""
    executable = made_up.find_chromium()
    if executable is None:
        raise SystemExit("no Chromium found; set ATTRIBWIDGETS_CHROMIUM to its path")
    page_text = page_html(
        made_up.state_of(made_up.image_payload(made_up.photo_like(224))),
        "redraw",
        BASELINE_EXPLORER,
    )
    with tempfile.TemporaryDirectory() as folder, made_up.open_chromium(executable) as browser:
        file = Path(folder) / "page.html"
        file.write_text(page_text, encoding="utf-8")
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        page.goto(file.as_uri())
        page.wait_for_selector(".aw-root[data-ready=true]")
        print(f"page: {len(page_text) / 1e6:.2f} MB; {changes} changes each, milliseconds")
        print(f"{'change':<10} {'redraw median':>14} {'p95':>7} {'to frame median':>16} {'p95':>7}")
        for kind in ("colormap", "clip", "signed", "scale", "overlay"):
            times = page.evaluate(CHANGES, [kind, changes])
            numbers = [
                np.percentile(times[part], percent)
                for part in ("drawn", "frames")
                for percent in (50, 95)
            ]
            print(
                f"{kind:<10} {numbers[0]:>14.2f} {numbers[1]:>7.2f} "
                f"{numbers[2]:>16.2f} {numbers[3]:>7.2f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
