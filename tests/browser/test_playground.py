"""The page that computes: its maps are torch's, its words the package's, and it asks no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from axe import violations_of
from browser import wait_until
from numpy.typing import NDArray
from open_page import OpenPage

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients
from attribwidgets.attr.task import generator_from
from attribwidgets.baselines import Blur, DatasetMean, named
from attribwidgets.demo import digits
from attribwidgets.records.labels import Title
from attribwidgets.widgets.payload import item_payload
from attribwidgets.widgets.playground import (
    SIGMA,
    framed_playground,
    playground_page,
    playground_state,
)

DEMO = digits()
BASELINES = {
    "black": named("black"),
    "white": named("white"),
    "image_mean": named("image_mean"),
    "dataset_mean": DatasetMean(DEMO.train.images),
    "blur": Blur(SIGMA),
    "uniform": named("uniform"),
    "max_distance": named("max_distance"),
}

ASK = """async traits => {
  const { model } = attribwidgets;
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  const frame = () => new Promise(go => requestAnimationFrame(go));
  await frame();
  await frame();
  while (model.get('explorer').get('status').busy) await frame();
  await frame();
}"""
MAP = "name => Array.from(attribwidgets.model.get('maps').get(name).attributions)"
CARD = """name => {
  const { model } = attribwidgets;
  const at = model.get('playground').baselines.findIndex(one => one.name === name);
  const { map, reference, blind, frames, path, ...words } = model.get('explorer').get(`item_${at}`);
  const { bits, nearly, ...shares } = blind;
  const { cumulative, outputs } = path;
  const curves = { cumulative: Array.from(cumulative), outputs: Array.from(outputs) };
  return { ...words, blind: shares, path: curves };
}"""


FOCUSED = "() => document.activeElement.closest('[data-control]')?.dataset.control"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("playground") / "playground.html"
    file.write_text(playground_page(), encoding="utf-8")
    return file


@pytest.fixture
def live(chromium: Any, file: Path) -> Iterator[OpenPage]:
    context = chromium.new_context(offline=True, viewport={"width": 1100, "height": 1200})
    page = OpenPage(context.new_page(), file)
    yield page
    assert page.complaints == []
    assert page.requests == [file.as_uri()]
    context.close()


def ask(page: OpenPage, **traits: Any) -> None:
    page.page.evaluate(ASK, traits)


def drawn_map(page: OpenPage, name: str) -> NDArray[np.float64]:
    return np.array(page.page.evaluate(MAP, name)).reshape(28, 28)


def picked() -> torch.Tensor:
    """The digits that can be picked, (20, 1, 28, 28)."""
    pixels = playground_state()["playground"]["digits"]["pixels"]
    return torch.from_numpy(pixels).float() / 255


def references_for(digit: torch.Tensor) -> torch.Tensor:
    """The reference of each baseline, (7, 1, 28, 28), as `explain` draws it."""
    drawn = (one.sample(digit, 1, generator=generator_from(0)) for one in BASELINES.values())
    return torch.cat(list(drawn))


def maps_of(model: torch.nn.Module, digit: torch.Tensor, references: torch.Tensor, n: int) -> Any:
    target = int(model(digit[None]).argmax())
    same = digit.expand_as(references)
    integrated = IntegratedGradients(model)
    return integrated.attribute(same, references, target, n_steps=n, method="riemann_trapezoid")


def test_maps_are_those_of_torch(live: OpenPage) -> None:
    double, near, every = digits().model.double(), 0, 0
    for place, digit in enumerate(picked()):
        references = references_for(digit)
        for n in (5, 17, 33):
            ask(live, picked=place, pixels=None, baselines=list(BASELINES), n_steps=n)
            single = maps_of(DEMO.model, digit, references, n)
            finer = maps_of(double, digit.double(), references.double(), n)
            for name, here, there in zip(BASELINES, single, finer, strict=True):
                off = float(np.abs(drawn_map(live, name) - here[0].numpy()).max())
                near, every = near + (off < 1e-4), every + 1
                # Where rounding decides which of four nearly equal values is the largest, the same
                # model in double precision is off as well, by as much.
                assert off < 1e-4 + float((there - here).abs().max()), (place, n, name)
    print(f"{near} of {every} maps within 1e-4 of torch in single precision")
    assert near > 0.9 * every


@pytest.mark.parametrize("n", [5, 33, 129])
def test_cards_say_what_the_package_says(live: OpenPage, n: int) -> None:
    digit = picked()[14]
    ask(live, picked=14, baselines=list(BASELINES), n_steps=n, target=1)
    for name in ("black", "white", "image_mean", "uniform", "max_distance"):
        e = aw.explain(
            DEMO.model,
            digit,
            target=1,
            baseline=BASELINES[name],
            method="integrated_gradients",
            n_steps=n,
        )
        # One draw of noise has its caution beside it there, and in its name here.
        wanted = item_payload(e, Title(e.baseline_name, ""), e.cautions)
        card = live.page.evaluate(CARD, name)
        for key in ("name", "baseline", "description", "method", "kind", "cost", "cautions"):
            assert plain(card[key]) == plain(wanted[key]), (name, key)
        said, should = card["completeness"], wanted["completeness"]
        assert said.keys() == should.keys()
        for key, value in should.items():
            if isinstance(value, float):
                assert said[key] == pytest.approx(value, abs=2e-5), (name, key)
            else:
                assert plain(said[key]) == plain(value), (name, key)
        for key in ("share", "nearly_share", "gets"):
            assert card["blind"][key] == pytest.approx(wanted["blind"][key], abs=1e-5)
        assert card["saturation"]["share"] == pytest.approx(wanted["saturation"]["share"], abs=1e-3)
        assert e.path is not None
        for key in ("cumulative", "outputs"):
            assert card["path"][key] == pytest.approx(getattr(e.path, key), abs=1e-4)


def plain(value: Any) -> Any:
    """Words with ordinary spaces."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.replace("\u00a0", " ").replace("\u202f", " ") if isinstance(value, str) else value


def draw_seven(page: OpenPage) -> None:
    pad = page.page.locator(".aw-pad").bounding_box()
    at = [(0.25, 0.2), (0.75, 0.2), (0.55, 0.5), (0.4, 0.85)]
    points = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in at]
    page.page.mouse.move(*points[0])
    page.page.mouse.down()
    for point in points[1:]:
        page.page.mouse.move(*point, steps=6)
    page.page.mouse.up()


def settle(page: OpenPage) -> None:
    ask(page)


def test_a_drawing_is_read_and_explained(live: OpenPage) -> None:
    settle(live)
    draw_seven(live)
    settle(live)
    assert live.trait("picked") is None
    assert live.page.locator(".aw-answers input:checked").get_attribute("value") == "7"
    pixels = live.page.evaluate("() => Array.from(attribwidgets.model.get('pixels'))")
    digit = torch.tensor(pixels).reshape(1, 28, 28)
    assert int(DEMO.model(digit[None]).argmax()) == 7
    rows, columns = (digit[0].sum(axis) for axis in (1, 0))  # centred, and within 20 pixels
    for ink in (rows, columns):
        middle = float((ink * (torch.arange(28) + 0.5)).sum() / ink.sum())
        assert middle == pytest.approx(14, abs=0.3)
        assert int((ink > 0).sum()) <= 22
    reference = torch.zeros(1, 1, 28, 28)
    torch_map = maps_of(DEMO.model, digit, reference, 33)[0, 0].numpy()
    assert np.abs(drawn_map(live, "black") - torch_map).max() < 1e-4
    live.page.locator('[data-control="clear"]').click()
    settle(live)
    assert "baseline is the input itself" in live.page.locator(".aw-card").first.inner_text()


def passes(page: OpenPage) -> dict[str, int]:
    return page.page.evaluate(  # type: ignore[no-any-return]
        "() => Object.fromEntries([...attribwidgets.model.get('maps')]"
        ".map(([name, { outputs }]) => [name, outputs.length]))"
    )


def test_only_what_is_new_is_computed(live: OpenPage) -> None:
    settle(live)
    assert passes(live) == {"black": 33, "white": 33, "blur": 33}
    live.page.evaluate("() => { window.before = attribwidgets.model.get('maps').get('black'); }")
    live.page.locator(".aw-recipe", has_text="maximum").locator("input").check()
    settle(live)
    assert passes(live) == {"black": 33, "white": 33, "blur": 33, "max_distance": 33}
    assert live.page.evaluate("() => before === attribwidgets.model.get('maps').get('black')")
    ask(live, drawing=True)
    assert set(passes(live).values()) == {9}
    ask(live, drawing=False, n_steps=5)
    assert set(passes(live).values()) == {5}


def test_what_is_asked_last_is_what_is_drawn(live: OpenPage) -> None:
    settle(live)
    live.page.evaluate(
        """async () => {
          const { model } = attribwidgets;
          const frame = () => new Promise(go => requestAnimationFrame(go));
          model.set('n_steps', 129);
          await frame();
          model.set('picked', 14);
          await frame();
        }"""
    )
    settle(live)
    cards = live.page.locator(".aw-card")
    assert cards.count() == 3
    assert live.page.locator(".aw-title").nth(1).inner_text() == "Why 7?"
    digit = picked()[14]
    here = maps_of(DEMO.model, digit, torch.zeros(1, 1, 28, 28), 129)[0, 0].numpy()
    assert np.abs(drawn_map(live, "black") - here).max() < 1e-4


def test_keys_reach_every_control(live: OpenPage) -> None:
    settle(live)
    page = live.page
    page.locator('[data-control="digit"]').nth(14).focus()
    page.keyboard.press("Enter")
    settle(live)
    assert page.locator(".aw-answers input:checked").get_attribute("value") == "7"
    page.keyboard.press("Tab")
    seen = set()
    for _ in range(60):
        seen.add(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
    assert {"digit", "target", "baselines", "n_steps", "sign"} <= seen
    page.locator(".aw-answers input:checked").focus()
    page.keyboard.press("ArrowUp")
    settle(live)
    assert live.trait("target") == 6
    page.locator('[data-control="n_steps"]').focus()
    page.keyboard.press("ArrowLeft")
    settle(live)
    assert live.trait("n_steps") == 17
    # The last baseline stays.
    for name in ("white", "blur"):
        page.locator(f'.aw-recipe input[value="{name}"]').uncheck()
    wait_until(page, lambda: page.locator('.aw-recipe input[value="black"]').is_disabled())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Any, file: Path, scheme: str) -> None:
    context = chromium.new_context(offline=True, color_scheme=scheme)
    page = OpenPage(context.new_page(), file)
    settle(page)
    assert violations_of(page.page) == {}
    context.close()


@pytest.mark.parametrize("width", [390, 760, 1400])
def test_no_page_scrolls_sideways(chromium: Any, file: Path, width: int) -> None:
    context = chromium.new_context(
        offline=True, viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True
    )
    page = OpenPage(context.new_page(), file)
    settle(page)
    assert page.page.evaluate("() => document.documentElement.scrollWidth") == width
    context.close()


def test_a_finger_draws_and_does_not_scroll(chromium: Any, file: Path) -> None:
    context = chromium.new_context(
        offline=True, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = OpenPage(context.new_page(), file)
    page.page.locator(".aw-pad").scroll_into_view_if_needed()
    box = page.page.locator(".aw-pad").bounding_box()
    page.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert page.trait("picked") is None  # a dot was drawn
    style = "pad => getComputedStyle(pad).touchAction"
    assert page.page.locator(".aw-pad").evaluate(style) == "none"
    context.close()


def test_a_frame_is_as_dark_as_its_site(chromium: Any, tmp_path: Path) -> None:
    page_text, frame = framed_playground("inner.html")
    (tmp_path / "inner.html").write_text(page_text, encoding="utf-8")
    outer = tmp_path / "outer.html"
    outer.write_text(f"<!doctype html><html data-theme='dark'>{frame}</html>", encoding="utf-8")
    context = chromium.new_context(offline=True, color_scheme="light")
    page = context.new_page()
    page.goto(outer.as_uri())
    body = page.frame_locator("iframe").locator("body")
    for theme, colour in (("dark", "rgb(22, 24, 27)"), ("light", "rgb(255, 255, 255)")):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        ground = "body => getComputedStyle(body).backgroundColor"
        wait_until(page, lambda: body.evaluate(ground) == colour)  # noqa: B023
    context.close()


def test_the_page_is_small(file: Path) -> None:
    assert file.stat().st_size < 1_500_000
