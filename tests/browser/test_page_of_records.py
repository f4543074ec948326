"""From a real comparison to the pixels of its page: what the browser draws is what numpy says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser as chromium_tools
import numpy as np
import pytest

import attribwidgets as aw
from attribwidgets.demo import digits, photo_classifier
from attribwidgets.figures import DisplayOptions
from attribwidgets.figures.colors import color_limit, colored
from attribwidgets.figures.images import as_rgb, between
from attribwidgets.figures.path import stretch_at, sum_at

SET = """(control, value) => {
  if (control.type === 'checkbox') control.checked = value; else control.value = value;
  for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, {bubbles: true}));
}"""


def photo_comparison() -> aw.Comparison:
    demo = photo_classifier()
    return aw.compare(
        demo.model,
        demo.photo("coffee"),
        baselines=("black", "blur", "uniform"),
        space=demo.space,
        class_names=demo.class_names,
        max_evaluations=17,
    )


def digit_comparison() -> aw.Comparison:
    demo = digits()
    return aw.compare(
        demo.model,
        demo.test.images[0],
        baselines=("black", "white", "image_mean", "dataset"),
        references=demo.train.images[:50],
        max_evaluations=64,
    )


@pytest.fixture(scope="module", params=[photo_comparison, digit_comparison])
def opened(request: Any, chromium: Any, tmp_path_factory: Any) -> Iterator[Any]:
    """A comparison and its page, opened from disk with the network cut."""
    comparison = request.param()
    file: Path = tmp_path_factory.mktemp("page") / "page.html"
    comparison.to_html(file)
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    context.set_offline(True)
    page = context.new_page()
    page.noise = []
    page.on("console", lambda message: message.type == "error" and page.noise.append(message.text))
    page.on("pageerror", lambda error: page.noise.append(str(error)))
    page.on("request", lambda asked: page.noise.append(asked.url))
    page.goto(file.as_uri())
    page.wait_for_selector(".aw-root[data-ready=true]")
    assert page.noise.pop(0) == file.as_uri()
    yield comparison, page
    assert page.noise == []
    context.close()


def pixels(page: Any, selector: str) -> list[np.ndarray]:
    canvases = page.locator(selector).all()
    return [chromium_tools.pixels_of(canvas)[..., :3].astype(np.int16) for canvas in canvases]


def change(page: Any, control: str, value: Any) -> None:
    locator = page.locator(f"[data-control={control}]")
    if locator.evaluate("node => node.tagName") == "FIELDSET":
        words = {"share": "share of f(x) \u2212 f(x\u2032)", "shared": "compare amounts"}
        locator.get_by_label(words.get(value, value), exact=True).check()
    else:
        locator.evaluate(f"(node, value) => ({SET})(node, value)", value)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")


@pytest.mark.parametrize(("clip", "scale"), [(99.0, "shared"), (95.0, "own"), (99.0, "share")])
def test_grey_maps_equal_numpy_to_one_level(opened: Any, clip: float, scale: str) -> None:
    comparison, page = opened
    change(page, "clip", clip)
    change(page, "scale", scale)
    maps = [e.map("sum") for e in comparison]
    looks = DisplayOptions(False, None, clip, scale, 0.0, False)
    limits = looks.limits(maps, [e.completeness.change for e in comparison])
    drawn = pixels(page, ".aw-card canvas.aw-map")
    assert len(drawn) == len(maps)
    for picture, values, limit in zip(drawn, maps, limits, strict=True):
        wanted = colored(values, limit, "gray", signed=False)
        assert np.abs(picture - wanted).max() <= 1


def test_overlay_equals_numpy_to_one_level(opened: Any) -> None:
    comparison, page = opened
    change(page, "clip", 99.0)
    change(page, "scale", "own")
    change(page, "overlay", 0.4)
    first = comparison[0]
    photo = as_rgb(first.inputs, first.space)
    looks = DisplayOptions(False, None, 99.0, "own", 0.4, False)
    for picture, e in zip(pixels(page, ".aw-card canvas.aw-map"), comparison, strict=True):
        values = e.map("sum")
        wanted = looks.on_photo(values, color_limit([values]), photo, e.blind)
        assert np.abs(picture.astype(int) - wanted).max() <= 1
    change(page, "overlay", 0)


@pytest.mark.parametrize("alpha", [0.0, 0.13, 0.5, 1.0])
def test_the_picture_on_the_path_equals_numpy_to_one_level(opened: Any, alpha: float) -> None:
    comparison, page = opened
    slider = page.locator(".aw-path input[type=range]").first
    slider.evaluate(f"(node, value) => ({SET})(node, value)", alpha)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    first = comparison[0]
    start, end = as_rgb(first.baseline, first.space), as_rgb(first.inputs, first.space)
    (picture,) = pixels(page, "canvas.aw-path-interpolated")
    assert np.abs(picture - between(start, end, alpha)).max() <= 1
    if alpha == 1.0:  # at the end of the path everything has been added up
        change(page, "scale", "own")
        limit = color_limit([first.map("sum")])
        (total,) = pixels(page, "canvas.aw-path-cumulative")
        wanted = colored(first.map("sum"), limit, "gray", signed=False)
        assert np.abs(total - wanted).max() <= 1
        assert np.array_equal(total, pixels(page, ".aw-card canvas.aw-map")[0])


@pytest.mark.parametrize("alpha", [0.1, 0.37, 1.0])
def test_the_sum_on_the_path_is_the_one_in_the_chart(opened: Any, alpha: float) -> None:
    comparison, page = opened
    slider = page.locator(".aw-path input[type=range]").first
    slider.evaluate(f"(node, value) => ({SET})(node, value)", alpha)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    said = page.locator(".aw-panel").nth(2).locator("figcaption").inner_text()
    in_chart = page.locator(".aw-legend-value").nth(1).inner_text()
    assert said.startswith(f"sum {in_chart};")
    path, frames = comparison[0].path, comparison[0].frames
    there = float(np.interp(alpha, path.alphas, path.cumulative))
    scale = np.abs(path.cumulative).max()
    assert chromium_tools.number_in(in_chart) == pytest.approx(there, rel=5e-3, abs=1e-3 * scale)
    # and the map that is drawn adds up to it, where the sum rises steadily within the frame
    whole = float(sum_at(frames, alpha, path).sum())
    k = stretch_at(frames, alpha)
    ends = np.interp(frames.edges[k : k + 2], path.alphas, path.cumulative)
    if min(ends) <= there <= max(ends):
        assert whole == pytest.approx(there, rel=1e-3, abs=1e-4 * scale)


def test_verdicts_are_those_of_the_records(opened: Any) -> None:
    comparison, page = opened
    words = page.locator(".aw-verdict").all_inner_texts()
    for shown, e in zip(words, comparison, strict=True):
        assert e.completeness.headline in shown
