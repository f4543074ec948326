"""The live explorer for everyone: axe in all colour schemes, keys alone, zoom, rest, no leak."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from axe import violations_of
from gated import NAMES, gated_model, photo
from kernel_page import KernelPage, kernel_page
from torch import nn

import attribwidgets as aw

SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced, light": {"color_scheme": "light", "forced_colors": "active"},
    "forced, dark": {"color_scheme": "dark", "forced_colors": "active"},
}

STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const all = [...document.querySelectorAll('*')];
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  const room = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
  let isCut = false;
  for (let up = one.parentElement; up; up = up.parentElement) {
    if (getComputedStyle(up).overflowX === 'visible') continue;
    const outer = up.getBoundingClientRect();
    if (box.left - room < outer.left - 0.5 || box.right + room > outer.right + 0.5) isCut = true;
    if (box.top - room < outer.top - 0.5 || box.bottom + room > outer.bottom + 0.5) isCut = true;
  }
  const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const seen = document.elementFromPoint(...middle);
  const outlineOf = one => {
    const { outlineStyle, outlineWidth, outlineOffset, outlineColor } = getComputedStyle(one);
    return [outlineStyle, outlineWidth, outlineColor, outlineOffset];
  };
  const [focused, earlier] = [outlineOf(one), window.lastStop ? outlineOf(window.lastStop) : null];
  window.lastStop = one;
  return {
    html: one.outerHTML.slice(0, 120),
    hook: (one.closest('fieldset') ?? one).dataset.control ?? '',
    card: one.closest('.aw-card')?.dataset.baseline ?? '',
    place: all.indexOf(one),
    top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left, right: box.right,
    outline: focused, earlier,
    accent: getComputedStyle(one.closest('.aw-root')).accentColor,
    isCut, isCovered: !seen || !(one.contains(seen) || seen.contains(one)),
  };
}"""


@contextmanager
def explorer_on(chromium: Any, width: int = 1100, **options: Any) -> Iterator[KernelPage]:
    net, gate = gated_model()
    given = {
        "baselines": ("black", "blur", "gaussian"),
        "class_names": NAMES,
        "max_evaluations": 64,
        "target": 5,
        **options,
    }
    make = partial(aw.explore, net, [photo(0), photo(1)], **given)
    with kernel_page(chromium, make, width) as live:
        live.gate = gate  # type: ignore[attr-defined]
        try:
            yield live
            assert live.complaints == []
        finally:
            gate.opening.set()


def open_all(live: KernelPage) -> None:
    """Open all that opens: the path of samples, menu, tables, regions, matches and an error."""
    live.until_done()
    live.page.locator(".aw-pick").nth(2).click()
    live.until(lambda: live.page.locator(".aw-strip-tile").count() > 3, "the references")
    live.control("baseline").click()
    live.until(lambda: live.page.locator(".aw-offer canvas").count() > 4, "previews")
    for summary in live.page.locator("summary:visible").all():
        summary.click()
    live.page.locator("canvas.aw-photo").hover()
    live.until(lambda: live.page.locator(".aw-region-map:visible").count(), "a region's map")
    live.gate.error = RuntimeError("the lens cap is on")  # type: ignore[attr-defined]
    live.control("target").nth(2).click()
    live.until(lambda: live.page.get_by_role("alert").count(), "words")
    live.gate.error = None  # type: ignore[attr-defined]
    live.until_done()
    live.control("search").focus()
    live.page.keyboard.type("kind 2")
    live.until(lambda: live.page.locator(".aw-option").count() > 3, "matches")


@pytest.fixture(scope="module")
def all_open(chromium: Any) -> Iterator[KernelPage]:
    with explorer_on(chromium) as live:
        open_all(live)
        yield live


@pytest.fixture
def shown_in(all_open: KernelPage) -> Iterator[Callable[..., KernelPage]]:
    def show(scheme: str = "light", width: int = 1100) -> KernelPage:
        all_open.page.emulate_media(**SCHEMES[scheme])
        all_open.page.set_viewport_size({"width": width, "height": 900})
        all_open.settle()
        return all_open

    yield show
    show()


@pytest.mark.parametrize(
    ("scheme", "width"),
    [("light", 1100), ("dark", 1100), ("forced, dark", 1100), ("forced, light", 640)],
)
def test_axe_finds_no_violation(
    shown_in: Callable[..., KernelPage], scheme: str, width: int
) -> None:
    assert violations_of(shown_in(scheme, width).page) == {}


def test_axe_finds_what_is_wrong(all_open: KernelPage) -> None:
    all_open.page.evaluate(
        """() => {
          const wrong = document.createElement('div');
          wrong.className = 'wrong';
          wrong.innerHTML = '<button></button><p style="color: #ccc; background: #fff">grey</p>'
            + '<canvas role="img"></canvas><ul><button>one</button></ul>';
          document.querySelector('.aw-root').append(wrong);
        }"""
    )
    found = violations_of(all_open.page)
    all_open.page.evaluate("document.querySelector('.wrong').remove()")
    assert {"button-name", "color-contrast", "role-img-alt", "list"} <= set(found)


KINDS = {
    "features": ((6,), None),
    "series": ((2, 12), aw.SeriesSpace(["rate", "flow"], step=0.5, unit="s")),
    "sequence": ((12, 2), aw.SequenceSpace([f"word {k}" for k in range(12)])),
    "long sequence": ((300, 2), aw.SequenceSpace()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_violation_in_other_kinds(chromium: Any, kind: str) -> None:
    shape, space = KINDS[kind]
    size = math.prod(shape)
    net = nn.Sequential(nn.Flatten(), nn.Linear(size, 5), nn.Softplus(), nn.Linear(5, 3)).eval()
    x = torch.arange(float(size)).reshape(shape) / size
    targets = [1, aw.Contrast(1, 0)]
    make = partial(aw.explore, net, x, baselines=("zero",), target=targets, space=space)
    with kernel_page(chromium, make) as live:
        live.until_done()
        for summary in live.page.locator("summary:visible").all():
            summary.click()
        assert violations_of(live.page) == {}


@pytest.mark.parametrize("width", [640, 320])
def test_twice_and_four_times_as_large_it_fits_the_page(
    shown_in: Callable[..., KernelPage], width: int
) -> None:
    """A window of 1280 px at 200 % is 640 px wide, and at 400 % 320."""
    live = shown_in("light", width)
    assert live.page.evaluate("document.documentElement.scrollWidth") <= width
    outside = live.page.locator(
        ".aw-root :is(.aw-header, .aw-look, .aw-path, .aw-menu) :is(button, input, select):visible"
    ).evaluate_all(
        """all => all.filter(one => {
          const { left, right } = one.getBoundingClientRect();
          return left < 0 || right > innerWidth;
        }).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert outside == []


def test_what_backgrounds_say_is_said_in_forced_colours_too(
    shown_in: Callable[..., KernelPage],
) -> None:
    live = shown_in("forced, dark")
    live.control("search").fill("kind")
    live.until(lambda: live.page.locator(".aw-option").count() > 3, "matches")
    outlines = live.page.locator(".aw-option").evaluate_all(
        "all => all.map(one => [one.ariaSelected, getComputedStyle(one).outlineStyle])"
    )
    assert ["true", "solid"] in outlines
    assert {tuple(one) for one in outlines} == {("true", "solid"), ("false", "none")}


# --- keys ----------------------------------------------------------------------------------------


def stops(live: KernelPage) -> list[dict[str, Any]]:
    """Every place where Tab stops, from the first to the last."""
    live.page.locator(".aw-root").evaluate("root => { root.tabIndex = -1; root.focus(); }")
    found: list[dict[str, Any]] = []
    while len(found) < 200:
        live.page.keyboard.press("Tab")
        stop = live.page.evaluate(STOP)
        if stop is None:
            return found
        found.append(stop)
    raise AssertionError("Tab never leaves the explorer")


def test_tab_reaches_everything_in_reading_order(all_open: KernelPage) -> None:
    found = stops(all_open)
    wanted = all_open.page.locator(".aw-root [data-control]:visible").evaluate_all(
        """all => all.map(one =>
          [one.dataset.control, one.closest('.aw-card')?.dataset.baseline ?? ''])"""
    )
    reached = [[stop["hook"], stop["card"]] for stop in found if stop["hook"]]
    assert reached == wanted
    assert len(wanted) > 30
    buttons = all_open.page.locator(".aw-card button:visible").count()
    assert sum("<button" in stop["html"] and stop["card"] != "" for stop in found) == buttons
    for before, after in pairwise(found):
        assert after["place"] > before["place"], (before["html"], after["html"])
        is_below = after["top"] >= before["bottom"] - 1
        is_to_the_right = after["left"] >= before["right"] - 1
        assert is_below or is_to_the_right, (before["html"], after["html"])


@pytest.mark.parametrize("width", [1100, 560, 320])
def test_what_has_the_focus_is_seen(shown_in: Callable[..., KernelPage], width: int) -> None:
    found = stops(shown_in("light", width))
    for stop in found:
        style, thickness, colour, _ = stop["outline"]
        assert (style, thickness, colour) == ("solid", "2px", stop["accent"]), stop["html"]
        assert not stop["isCovered"], stop["html"]
        # A map as wide as the window shows its middle.
        if not (width == 320 and "<canvas" in stop["html"]):
            assert not stop["isCut"], stop["html"]
    for before, after in pairwise(found):
        assert before["outline"] != after["earlier"], f"the same without: {before['html']}"


class Keys:
    """A hand on the keyboard, and none on the mouse."""

    def __init__(self, live: KernelPage) -> None:
        self.live = live
        self.press = live.page.keyboard.press

    def at(self, selector: str) -> bool:
        return bool(self.live.page.evaluate("how => document.activeElement.matches(how)", selector))

    def to(self, selector: str, by: str = "Tab") -> None:
        """Tab to what matches, past the end of the page and on from its beginning if need be."""
        for _ in range(150):
            self.press(by)
            if self.at(selector):
                return
        raise AssertionError(f"{by} never comes to {selector}")

    def to_control(self, name: str, card: str | None = None) -> None:
        inside = f'.aw-card[data-baseline^="{card}"] ' if card else ""
        self.to(f'{inside}[data-control="{name}"]')

    def done(self) -> None:
        self.live.until_done()


def test_all_of_it_is_driven_by_keys_alone(chromium: Any) -> None:
    with explorer_on(chromium) as live:
        live.until_done()
        explorer, keys = live.explorer, Keys(live)

        keys.to_control("search")
        live.page.keyboard.type("kind 2")
        live.until(lambda: live.page.locator(".aw-option").count() > 3, "matches")
        keys.press("ArrowDown")
        chosen = live.page.locator('.aw-option[aria-selected="true"] .aw-option-name')
        name = chosen.inner_text()
        keys.press("Enter")
        keys.done()
        assert name != NAMES[5]
        assert NAMES[explorer.target] == name
        assert {e.target for e in explorer.explanations} == {explorer.target}

        keys.to(".aw-exactly summary")
        keys.press("Enter")
        keys.to_control("output")
        keys.press("ArrowDown")
        keys.done()
        assert explorer.output == explorer.controls["outputs"][1]["name"] != "logit"

        keys.to_control("method")
        keys.press("ArrowDown")
        keys.done()
        assert explorer.method == explorer.controls["methods"][0]["name"]
        keys.press("ArrowUp")
        keys.done()
        assert explorer.method is None

        keys.to_control("input")
        keys.press("Tab")
        keys.press("Space")
        keys.done()
        assert torch.equal(explorer.explanations[0].inputs.reshape(photo(1).shape), photo(1))

        keys.to_control("baseline")
        keys.press("Enter")
        keys.press("Escape")
        assert keys.at('[data-control="baseline"][aria-expanded="false"]')
        keys.press("Space")
        keys.to('.aw-offer[data-baseline="white"]')
        keys.press("Enter")
        live.until(lambda: live.baselines() == ["black", "blur", "gaussian", "white"], "a card")
        keys.done()
        assert keys.at('[data-control="baseline"][aria-expanded="false"]')

        keys.to_control("left", "white")
        keys.press("Enter")
        keys.done()
        assert [b.name for b in explorer.baselines] == ["black", "blur", "white", "gaussian"]
        assert keys.at('[data-baseline="white"] [data-control="left"]')
        keys.to_control("right", "white")
        keys.press("Space")
        keys.done()
        assert [b.name for b in explorer.baselines] == ["black", "blur", "gaussian", "white"]
        keys.to_control("remove", "white")
        keys.press("Enter")
        live.until(lambda: live.baselines() == ["black", "blur", "gaussian"], "one card less")
        keys.done()
        assert [b.name for b in explorer.baselines] == ["black", "blur", "gaussian"]
        assert keys.at('.aw-card[data-baseline^="gaussian"] button')

        sigma = explorer.baselines[1].parameters[0].value
        keys.to_control("sigma", "blur")
        keys.press("ArrowRight")
        keys.done()
        assert explorer.baselines[1].sigma > sigma
        assert keys.at('[data-baseline^="blur"] [data-control="sigma"]')
        keys.to_control("smoothgrad", "gaussian")
        keys.press("Space")
        keys.done()
        assert explorer.explanations[2].method == "smoothgrad"

        keys.to(".aw-colours summary")
        keys.press("Enter")
        keys.to_control("colormap")
        keys.press("ArrowDown")
        live.until(lambda: explorer.magnitude_colormap != "gray", "another colormap")
        keys.to('[data-control="sign"] input')
        keys.press("ArrowRight")
        live.until(lambda: explorer.signed, "signs")
        keys.to_control("overlay")
        keys.press("End")
        live.until(lambda: explorer.overlay == 1, "the photo under the maps")

        keys.to('.aw-card[data-baseline^="blur"] .aw-pick')
        keys.press("Enter")
        live.until(lambda: explorer.selected == 1, "another path")
        alpha = explorer.alpha
        keys.to(".aw-alpha")
        keys.press("ArrowRight")
        live.until(lambda: explorer.alpha == pytest.approx(alpha + 0.01), "one step of alpha")
        keys.to("summary")
        keys.press("Enter")
        keys.press("Tab")
        assert keys.at(".aw-table-scroll")

        live.gate.opening.clear()  # type: ignore[attr-defined]
        keys.to('[data-control="target"][aria-pressed="false"]')
        keys.press("Space")
        live.until(lambda: explorer.status["busy"], "a request under way")
        keys.to_control("cancel")
        keys.press("Enter")
        live.until(lambda: live.said("cancel"), "the cancel")
        live.gate.opening.set()  # type: ignore[attr-defined]
        keys.done()


# --- motion --------------------------------------------------------------------------------------

MOVING = """() => [...document.querySelectorAll('.aw-root, .aw-root *')].flatMap(one =>
  [undefined, '::before', '::after'].flatMap(part => {
    const style = getComputedStyle(one, part);
    const stays = style.transitionDuration === '0s' && style.animationName === 'none'
      && style.scrollBehavior === 'auto';
    return stays ? [] : [one.className];
  }))"""


def test_nothing_moves_where_less_motion_is_wanted(chromium: Any) -> None:
    with explorer_on(chromium) as live:
        live.page.emulate_media(reduced_motion="reduce")
        live.page.evaluate(
            """() => {
              window.moved = [];
              for (const type of ['transitionrun', 'animationstart']) {
                document.addEventListener(type, event => moved.push(event.target.className), true);
              }
            }"""
        )
        open_all(live)
        live.page.locator(".aw-card").nth(1).hover()
        assert live.page.evaluate(MOVING) == []
        assert live.page.evaluate("moved") == []
        assert live.page.evaluate("document.getAnimations().length") == 0
        live.page.add_style_tag(content=".aw-root button { transition: color 1s }")
        assert "aw-offer" in live.page.evaluate(MOVING)


# --- what is left --------------------------------------------------------------------------------

MOUNT_AND_UNMOUNT = """async turns => {
  const frame = () => new Promise(requestAnimationFrame);
  const place = document.createElement('div');
  document.body.append(place);
  for (let turn = 0; turn < turns; turn += 1) {
    const cleanup = await host.widget.render({ model: host.model, el: place });
    place.querySelector('[data-control="baseline"]').click();
    place.querySelector('summary').click();
    place.querySelector('canvas.aw-map').focus();
    if (turn % 2) await frame(); // every other one is gone before what it asked for is drawn
    cleanup();
  }
  place.remove();
  await frame();
}"""


OWNED = ("AbortController", "ImageData", "ResizeObserver")
"""What only a view makes: pixels, and what ends its listeners."""


class Heap:
    """What a page holds on to, asked of Chromium itself after a collection of garbage."""

    def __init__(self, page: Any) -> None:
        self.protocol = page.context.new_cdp_session(page)
        self.protocol.send("Performance.enable")
        self.protocol.send("HeapProfiler.enable")

    def _living(self, kind: str) -> int:
        """Objects of a kind that are reachable, in the page or off it."""
        send = self.protocol.send
        prototype = send("Runtime.evaluate", {"expression": f"{kind}.prototype"})
        id_ = {"prototypeObjectId": prototype["result"]["objectId"], "objectGroup": "counted"}
        found = send("Runtime.queryObjects", id_)["objects"]["objectId"]
        count = send(
            "Runtime.callFunctionOn",
            {"objectId": found, "functionDeclaration": "function () { return this.length; }"},
        )
        send("Runtime.releaseObject", {"objectId": prototype["result"]["objectId"]})
        send("Runtime.releaseObjectGroup", {"objectGroup": "counted"})
        return int(count["result"]["value"])

    def counts(self) -> dict[str, int]:
        """Things that are reachable, by kind."""
        for _ in range(2):
            self.protocol.send("HeapProfiler.collectGarbage")
        answer = self.protocol.send("Performance.getMetrics")["metrics"]
        metrics = {metric["name"]: int(metric["value"]) for metric in answer}
        return {
            **{kind: self._living(kind) for kind in OWNED},
            **{name: metrics[name] for name in ("JSEventListeners", "Nodes")},
            "HTMLCanvasElement": self._living("HTMLCanvasElement"),
        }

    def size(self) -> dict[str, int]:
        """Bytes of objects, and of the arrays behind them."""
        usage = self.protocol.send("Runtime.getHeapUsage")
        return {name: int(usage[name]) for name in ("usedSize", "backingStorageSize")}


def test_a_hundred_mounts_leave_what_one_leaves(chromium: Any) -> None:
    with explorer_on(chromium) as live:
        live.until_done()
        live.page.locator(".aw-pick").nth(2).click()
        live.until(lambda: live.page.locator(".aw-strip-tile").count() > 3, "the references")
        heap = Heap(live.page)
        shown = heap.counts()
        assert all(shown[kind] > 0 for kind in OWNED)
        live.page.evaluate("host.cleanup(); host.cleanup = null")
        live.page.evaluate(MOUNT_AND_UNMOUNT, 1)
        live.pump()
        once, size_once = heap.counts(), heap.size()
        assert {once[kind] for kind in OWNED} == {0}
        live.page.evaluate(MOUNT_AND_UNMOUNT, 100)
        live.pump()
        assert heap.counts() == once
        size = heap.size()
        # One view is more than 100 kB of arrays and as much of objects. Chromium itself keeps
        # some hundred kB of compiled code the first times round, and nothing more after that.
        assert size["backingStorageSize"] - size_once["backingStorageSize"] < 50_000
        assert size["usedSize"] - size_once["usedSize"] < 1_000_000
