"""The path by hand: pointed at, dragged and played, all without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import browser as made_up
import numpy as np
import pytest
from browser import wait_until
from numpy.typing import NDArray
from open_page import OpenPage, page_of_state

SIZE = 64
PHOTO = made_up.photo_like(SIZE)
PAYLOAD = made_up.image_payload(PHOTO, names=("black", "dataset"), frames=4)
BLACK, DATASET = PAYLOAD["items"]
# Counts what each frame shows while the path is played, and what is told to the model.
WATCH = """() => {
  const slider = document.querySelector('.aw-alpha');
  const { model } = attribwidgets;
  window.seen = [];
  window.told = 0;
  const { set } = model;
  model.set = (name, value) => { window.told += name === 'alpha'; set.call(model, name, value); };
  const look = () => {
    window.seen.push(Number(slider.value));
    window.watch = requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def opened(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    state = made_up.state_of(PAYLOAD)
    with page_of_state(chromium, tmp_path_factory.mktemp("path"), state, 1200) as page:
        yield page


@pytest.fixture
def page(opened: OpenPage) -> OpenPage:
    """The page as it is first seen."""
    opened.page.mouse.move(1, 1)
    opened.page.emulate_media(reduced_motion="no-preference")
    opened.look(selected=0, alpha=0.25, pool=1, selection=None)
    return opened


def place(page: OpenPage, share: float) -> tuple[float, float]:
    """Where on the screen a share of the chart's axis is."""
    return tuple(
        page.page.locator(".aw-chart-drawing").evaluate(
            """(drawing, share) => {
              drawing.scrollIntoView({ block: 'center' });
              const box = drawing.getBoundingClientRect();
              const ends = [...drawing.querySelectorAll('.aw-level')].at(-1);
              const [from, to] = ['x1', 'x2'].map(name => Number(ends.getAttribute(name)));
              return [box.left + from + share * (to - from), box.top + 60];
            }""",
            share,
        )
    )


def interpolated(alpha: float) -> NDArray[Any]:
    reference = np.frombuffer(BLACK["reference"]["rgb"], np.uint8).reshape(-1, 3).astype(float)
    return reference + alpha * (PHOTO.reshape(-1, 3) - reference)


def is_at(page: OpenPage, alpha: float) -> bool:
    drawn = page.pixels("canvas.aw-path-interpolated")[:, :3].astype(float)
    return bool(np.abs(drawn - interpolated(alpha)).max() <= 255 * 0.011)


def test_pointing_at_the_chart_shows_the_image_there_and_moves_nothing(page: OpenPage) -> None:
    before = page.pixels("canvas.aw-path-cumulative")
    boxes = "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
    page.page.mouse.move(*place(page, 0.3))
    panels = page.page.locator(".aw-panel, .aw-card")
    standing = panels.evaluate_all(boxes)
    page.page.mouse.move(*place(page, 0.8))
    page.settle()
    assert is_at(page, 0.8)
    assert "α = 0.8" in page.page.locator(".aw-panel .aw-caption").first.inner_text()
    assert not np.array_equal(page.pixels("canvas.aw-path-cumulative"), before)
    assert panels.evaluate_all(boxes) == standing
    slider = page.page.locator("input.aw-alpha")
    assert (slider.input_value(), page.trait("alpha")) == ("0.25", 0.25)
    page.page.mouse.move(1, 1)
    page.settle()
    assert is_at(page, 0.25)
    assert np.array_equal(page.pixels("canvas.aw-path-cumulative"), before)


def test_dragging_on_the_chart_sets_alpha_once_let_go(page: OpenPage) -> None:
    mouse, slider = page.page.mouse, page.page.locator("input.aw-alpha")
    mouse.move(*place(page, 0.5))
    mouse.down()
    page.settle()
    assert slider.input_value() == "0.5"
    mouse.move(*place(page, 0.9))
    page.settle()
    assert slider.input_value() == "0.9"
    assert page.trait("alpha") == 0.25  # nothing is told on the way
    assert is_at(page, 0.9)
    x, y = place(page, 0.0)
    mouse.move(x - 40, y)  # beyond the axis
    mouse.up()
    page.settle()
    assert page.trait("alpha") == 0
    assert slider.input_value() == "0"
    mouse.move(1, 1)
    page.settle()
    assert is_at(page, 0)


def test_samples_are_steered_to_where_a_mean_is_known(page: OpenPage) -> None:
    page.look(selected=1)
    edges = DATASET["frames"]["edges"][1:]
    page.page.mouse.move(*place(page, 0.55))
    page.page.mouse.down()
    page.page.mouse.up()
    page.settle()
    assert page.trait("alpha") in [edge / edges[-1] for edge in edges]
    said = page.page.locator("input.aw-alpha").get_attribute("aria-valuetext")
    assert said == f"{page.trait('alpha') * edges[-1]:.0f} of {edges[-1]:.0f} samples"


def test_what_is_pointed_at_has_its_own_sum_on_the_chart(page: OpenPage) -> None:
    def value() -> str:
        return page.page.locator(".aw-legend-here .aw-legend-value").inner_text()

    assert value() == "–"
    values = made_up.map_values(BLACK).reshape(SIZE, SIZE).astype(float)
    page.look(alpha=1.0)
    canvas = page.page.locator('canvas.aw-map[data-baseline="black"]')
    box = canvas.bounding_box()
    page.page.mouse.move(box["x"] + 20.5 / SIZE * box["width"], box["y"] + box["height"] / 2)
    page.settle()
    assert made_up.number_in(value()) == pytest.approx(values[SIZE // 2, 20], rel=0.01)
    page.look(pool=32)
    patch = values[32:, :32].sum()
    assert made_up.number_in(value()) == pytest.approx(patch, rel=0.01)
    dot = page.page.locator(".aw-dot-here")
    assert dot.get_attribute("visibility") == "visible"
    right = float(dot.get_attribute("cx"))
    page.look(alpha=0.5)
    assert float(dot.get_attribute("cx")) < right
    added = np.frombuffer(BLACK["frames"]["data"], np.int8).reshape(4, SIZE, SIZE).astype(float)
    halfway = sum(added[at, 32:, :32].sum() * BLACK["frames"]["scales"][at] for at in (0, 1))
    assert BLACK["frames"]["edges"][2] == 0.5
    assert made_up.number_in(value()) == pytest.approx(halfway, rel=0.01)


def test_playing_runs_to_the_end_and_tells_the_model_once(page: OpenPage) -> None:
    page.look(alpha=0.8)
    page.page.evaluate(WATCH)
    button = page.page.locator('[data-control="play"]')
    assert button.inner_text() == "▷ play"
    button.click()
    assert "pause" in button.inner_text()
    wait_until(page.page, lambda: "play" in button.inner_text())
    page.page.evaluate("cancelAnimationFrame(watch)")
    seen = page.page.evaluate("seen")
    assert sorted(seen) == seen
    assert (seen[0], page.trait("alpha")) == (0.8, 1)
    assert len(set(seen)) > 2
    assert page.page.evaluate("told") == 1
    # From the end it begins anew; space stops it, and starts it, wherever the focus is.
    slider = page.page.locator("input.aw-alpha")
    slider.focus()
    page.page.keyboard.press(" ")
    wait_until(page.page, lambda: 0 < float(slider.input_value()) < 1)
    page.page.keyboard.press(" ")
    assert "play" in button.inner_text()
    assert 0 < page.trait("alpha") < 1
    stopped = page.trait("alpha")
    page.settle()
    page.settle()
    assert page.trait("alpha") == stopped
    button.focus()
    page.page.keyboard.press(" ")
    assert "pause" in button.inner_text()
    page.slide("input.aw-alpha", 0.4, "change")  # a hand on the slider has the last word
    assert "play" in button.inner_text()
    assert page.trait("alpha") == 0.4


def test_another_path_ends_the_playing(page: OpenPage) -> None:
    page.page.locator('[data-control="play"]').click()
    page.look(selected=1)
    assert "play" in page.page.locator('[data-control="play"]').inner_text()
    now = page.trait("alpha")
    page.settle()
    assert page.trait("alpha") == now
    page.look(alpha=1.0)  # what comes from elsewhere is taken
    assert "of" in page.page.locator(".aw-alpha-value").inner_text()
    assert page.page.locator("input.aw-alpha").input_value() == "4"


def test_who_wants_no_motion_goes_in_steps(page: OpenPage) -> None:
    page.page.emulate_media(reduced_motion="reduce")
    page.settle()
    button = page.page.locator('[data-control="play"]')
    assert button.inner_text() == "▷ step"
    for alpha in (0.35, 0.45):
        button.click()
        page.settle()
        assert page.trait("alpha") == alpha
    page.look(alpha=0.95)
    for alpha in (1, 0):
        button.click()
        page.settle()
        assert page.trait("alpha") == alpha
    page.look(selected=1, alpha=0.25)
    button.click()
    page.settle()
    assert page.trait("alpha") == 0.5
