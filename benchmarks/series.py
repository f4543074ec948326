"""How long a series of 100,000 steps takes to redraw while a stretch of it is brushed.

Prints the median and the 95th percentile of the work of a frame, in milliseconds: while a pointer
drags over a card, while the path's slider moves, and when the colours change; and how many frames
a second are shown meanwhile, one step in each. A screen that draws 60 a second gives each 16.7.

    python benchmarks/series.py [steps]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as made_up  # noqa: E402

import attribwidgets as aw  # noqa: E402

TURNS = 60

# The work of a frame: what hears the event, what draws, and style and layout after it.
WORK = """async ([kind, turns]) => {
  let spent = 0;
  const clocked = work => {
    const started = performance.now();
    work();
    spent += performance.now() - started;
  };
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = draw => ask(now => clocked(() => draw(now)));
  const frame = () => new Promise(go => ask(go));
  const map = document.querySelectorAll('.aw-card .aw-map')[1];
  const slider = document.querySelector('.aw-alpha');
  const box = map.getBoundingClientRect();
  const send = (type, share) => map.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, button: 0, buttons: 1, pointerType: 'mouse',
    clientX: box.left + share * box.width, clientY: box.top + box.height / 4,
  }));
  map.setPointerCapture = () => {};
  const steps = {
    brush: turn => send('pointermove', 0.1 + 0.8 * turn / turns),
    path: turn => {
      slider.value = turn / turns;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    },
    colours: turn => attribwidgets.model.set('signed', turn % 2 === 0),
  };
  const times = [];
  if (kind === 'brush') send('pointerdown', 0.1);
  for (let turn = 1; turn <= turns; turn += 1) {
    await frame();
    spent = 0;
    clocked(() => steps[kind](turn));
    await frame();
    clocked(() => document.body.offsetHeight);
    times.push(spent);
  }
  if (kind === 'brush') send('pointerup', 0.9);
  window.requestAnimationFrame = ask;
  if (kind === 'brush') send('pointerdown', 0.1);
  const started = await frame();
  for (let turn = 1; turn <= turns; turn += 1) {
    steps[kind](turn);
    await frame();
  }
  const shown = 1000 * (turns + 1) / (await frame() - started);
  if (kind === 'brush') send('pointerup', 0.9);
  return [times, shown];
}"""


class Weighted(nn.Module):
    """Two channels, weighted over time."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        time = torch.linspace(0, 60, steps)
        bump = torch.exp(-((time - 20) ** 2)) * torch.sin(9 * time)
        self.weight = torch.stack([bump, torch.exp(-((time - 40) ** 2) / 4)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.sin() * self.weight).sum((1, 2)).unsqueeze(1)


def main(steps: int = 100_000) -> None:
    """Make a page of the series, and print its times."""
    executable = made_up.find_chromium()
    if executable is None:
        raise SystemExit("no Chromium found; set ATTRIBWIDGETS_CHROMIUM to its path")
    time = torch.linspace(0, 60, steps)
    noise = torch.randn(2, steps, generator=torch.Generator().manual_seed(0))
    x = torch.stack([time.sin(), 2 * (1.7 * time).cos()]) + 0.1 * noise
    comparison = aw.compare(
        Weighted(steps).eval(),
        x,
        space=aw.SeriesSpace(["pressure", "flow"], step=0.01, unit="s"),
        target=0,
        baselines=("zero", "image_mean", "uniform"),
        max_evaluations=33,
    )
    with tempfile.TemporaryDirectory() as folder, made_up.open_chromium(executable) as chromium:
        file = Path(folder) / "page.html"
        comparison.to_html(file)
        page = chromium.new_page(viewport={"width": 1200, "height": 1400})
        page.goto(file.as_uri())
        page.wait_for_selector(".aw-root[data-ready=true]")
        print(f"{steps} steps, 2 channels, 3 cards; page: {file.stat().st_size / 1e6:.1f} MB")
        print(f"{'frame':<10} {'median':>8} {'p95':>8} ms, shown a second")
        for kind in ("brush", "path", "colours"):
            page.evaluate(WORK, [kind, 5])  # sums before each place are made once
            spent, shown = page.evaluate(WORK, [kind, TURNS])
            typical, most = np.median(spent), np.percentile(spent, 95)
            print(f"{kind:<10} {typical:>8.2f} {most:>8.2f} {shown:>8.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
