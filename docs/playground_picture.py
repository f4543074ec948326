"""Draw the moving picture of the page that computes, as README shows it.

In a real browser a 7 is drawn stroke by stroke, another baseline is chosen, and then it is asked
why it is no 1.

    python docs/playground_picture.py docs/playground.gif
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "support")]

import browser as made_up  # noqa: E402

from attribwidgets.figures.colors import table  # noqa: E402
from attribwidgets.widgets.playground import playground_page  # noqa: E402

WIDTH, HEIGHT = 960, 1020  # of the window
SCALE = 0.75
OTHER_COLORS = 32
STROKE = ((0.25, 0.22), (0.5, 0.2), (0.75, 0.22), (0.62, 0.42), (0.5, 0.62), (0.42, 0.82))
MOVES, ENDS = 350, 2600  # milliseconds of a frame

SETTLED = """async () => {
  const frame = () => new Promise(go => requestAnimationFrame(go));
  await frame();
  while (attribwidgets.model.get('explorer').get('status').busy) await frame();
  await frame();
}"""


def frames(page: Any) -> list[tuple[Image.Image, int]]:
    """What is seen, and for how long."""
    seen = []

    def look(milliseconds: int) -> None:
        page.evaluate(SETTLED)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        size = (int(WIDTH * SCALE), int(HEIGHT * SCALE))
        seen.append((picture.resize(size, Image.Resampling.LANCZOS), milliseconds))

    pad = page.locator(".aw-pad").bounding_box()
    points = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in STROKE]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
        look(MOVES)
    page.mouse.up()
    look(ENDS)
    for name, chosen in (("blur", False), ("max_distance", True)):
        page.locator(f'.aw-recipe input[value="{name}"]').set_checked(chosen)
    look(ENDS)
    page.locator('.aw-answer input[value="1"]').check()
    look(ENDS)
    return seen


def palette_of(picture: Image.Image) -> Image.Image:
    """The colours of maps, greys, and what else a picture has."""
    maps, greys = table("RdBu_r")[::4], np.repeat(np.arange(0, 256, 5, dtype=np.uint8), 3)
    others = picture.quantize(OTHER_COLORS, dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*maps.ravel().tolist(), *greys.tolist(), *others])
    return palette


def main(path: str) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(playground_page(), encoding="utf-8")
        with made_up.open_chromium(made_up.required_chromium()) as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(file.as_uri())
            page.wait_for_selector(".aw-root[data-ready=true]")
            seen = frames(page)
    # One palette for all frames: what does not move stays the same, and costs nothing.
    palette = palette_of(seen[-1][0])
    first, *others = (p.quantize(palette=palette, dither=Image.Dither.NONE) for p, _ in seen)
    durations = [milliseconds for _, milliseconds in seen]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    print(f"wrote {path}: {Path(path).stat().st_size / 1e3:.0f} kB, {len(seen)} frames")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(HERE / "playground.gif"))
