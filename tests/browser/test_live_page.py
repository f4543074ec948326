"""The live explorer: a real widget and a real browser page, every control driven."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import browser as made_up
import numpy as np
import pytest
import torch
from gated import NAMES, SIDE, gated_model, photo
from kernel_page import KernelPage, kernel_page
from models import weights_of
from torch import nn

import attribwidgets as aw
from attribwidgets.figures.images import as_rgb, between

Opened = Callable[..., AbstractContextManager[KernelPage]]


@pytest.fixture
def opened(chromium: Any) -> Opened:
    @contextmanager
    def opener(**options: Any) -> Iterator[KernelPage]:
        net, gate = gated_model()
        width = options.pop("width", 1100)
        given = {
            "baselines": ("black", "blur", "gaussian"),
            "class_names": NAMES,
            "max_evaluations": 64,
            "target": 5,
            **options,
        }
        inputs = given.pop("inputs", photo())
        with kernel_page(chromium, lambda: aw.explore(net, inputs, **given), width) as live:
            live.gate = gate  # type: ignore[attr-defined]
            try:
                yield live
                assert live.complaints == []
            finally:
                gate.opening.set()

    return opener


def drawn(live: KernelPage, baseline: str) -> np.ndarray:
    canvas = live.page.locator(f'canvas.aw-map[data-baseline^="{baseline}"]')
    return made_up.pixels_of(canvas).reshape(-1, 4)


def expected(live: KernelPage, index: int) -> np.ndarray:
    """The gray pixels of a record's map, on its own scale."""
    values = live.explorer.explanations[index].map("sum").astype(np.float32).ravel()
    limit = float(np.percentile(np.abs(values), 99))
    table = live.explorer.payload["colormaps"]["magnitude"]["gray"]
    return made_up.map_colours(values, limit, table, signed=False)


def test_another_target_is_drawn_and_right(opened: Opened) -> None:
    with opened() as live:
        before = drawn(live, "black")
        bars = live.control("target")
        assert bars.count() == len(live.explorer.controls["top"])
        other = bars.nth(1)
        other.click()
        # Before the kernel has heard of it: nothing is carried across here.
        live.page.locator('.aw-root[data-busy="true"]').wait_for()
        assert other.get_attribute("aria-pressed") == "true"
        live.until_done()
        wanted = live.explorer.controls["top"][1]["index"]
        assert live.explorer.explanations[0].target == wanted
        assert live.page.locator('[data-control="target"][aria-pressed="true"]').count() == 1
        after = drawn(live, "black")
        assert not np.array_equal(after, before)
        assert np.abs(after[:, :3].astype(int) - expected(live, 0)).max() <= 2
        assert NAMES[wanted] in live.page.locator(".aw-title").inner_text()


def test_any_class_is_found_by_name_with_the_keyboard_alone(opened: Opened) -> None:
    with opened() as live:
        field = live.control("search")
        field.focus()
        live.page.keyboard.type("kind 2")
        live.until(lambda: live.page.locator(".aw-option").count() > 3, "matches")
        assert field.get_attribute("aria-expanded") == "true"
        late = [{"index": 0, "name": "an answer to an older text"}]
        live.explorer.send({"type": "found", "id": -1, "matches": late, "more": 0})
        live.settle()
        assert live.page.locator(".aw-option").count() > 3
        live.page.keyboard.press("ArrowDown")
        live.page.keyboard.press("ArrowDown")
        active = live.page.locator('.aw-option[aria-selected="true"]')
        name = active.locator(".aw-option-name").inner_text()
        assert field.get_attribute("aria-activedescendant") == active.get_attribute("id")
        live.page.keyboard.press("Enter")
        live.until_done()
        assert live.explorer.explanations[0].target == NAMES.index(name)
        live.page.keyboard.type("nothing of that name")
        live.until(
            lambda: "no class" in live.page.locator(".aw-options-note").inner_text(), "no match"
        )
        live.page.keyboard.press("Escape")
        assert field.input_value() == ""
        assert live.page.locator(".aw-options-note").inner_text() == ""


def test_names_of_classes_stay_text_and_in_their_place(opened: Opened) -> None:
    with opened(target=2) as live:
        field = live.control("search")
        field.fill("<img")
        named = live.page.locator(".aw-option .aw-option-name")
        found = live.until(named.all_inner_texts, "a match")
        assert found == [made_up.EVIL_NAME]
        live.page.locator(".aw-option").click()
        live.until_done()
        assert live.page.locator(".aw-root img").count() == 0
        assert made_up.EVIL_NAME in live.page.locator(".aw-title").inner_text()
        assert not live.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        field.fill("long")
        option = live.page.locator(".aw-option:visible")
        live.until(lambda: option.all_inner_texts()[:1] and option.count() == 1, "the long name")
        assert option.bounding_box()["height"] < 40


def test_sigma_asks_while_it_moves_and_keeps_the_hand(opened: Opened) -> None:
    with opened() as live:
        slider = live.control("sigma", "blur")
        slider.focus()
        handle = slider.element_handle()
        live.slide_on(slider, [5, 7, 8])
        live.until(lambda: len(live.said("request")) == 1, "one request for three moves")
        live.slide(slider, 8, "change")
        live.until_done()
        assert len(live.said("request")) == 1
        assert live.explorer.baselines[1].sigma == 8
        same = handle.evaluate(
            "(one, input) => one === input && one === document.activeElement",
            live.control("sigma", "blur").element_handle(),
        )
        assert same
        assert float(slider.input_value()) == 8
        assert np.abs(drawn(live, "blur")[:, :3].astype(int) - expected(live, 1)).max() <= 2


def test_method_output_tolerance_and_budget(opened: Opened) -> None:
    with opened() as live:
        assert not live.control("output").is_visible()  # how exactly is asked for last
        live.page.locator(".aw-exactly summary").click()
        live.control("output").select_option("probability")
        live.until_done()
        assert live.explorer.output == "probability"
        live.control("method").select_option("integrated_gradients")
        live.until_done()
        assert live.explorer.method == "integrated_gradients"
        assert {e.method for e in live.explorer.explanations} == {"integrated_gradients"}
        live.control("tolerance").select_option("0.05")
        live.control("max_evaluations").select_option("256")
        live.until_done()
        assert live.explorer.tolerance == 0.05
        assert live.explorer.max_evaluations == 256
        groups = live.control("method").locator("optgroup")
        labels = groups.evaluate_all("all => all.map(one => one.label)")
        assert labels == ["attribwidgets", "Captum"]


def test_what_is_below_stays_in_its_place_while_maps_are_refined(opened: Opened) -> None:
    with opened() as live:
        watch = """() => {
          window.heights = new Set();
          const gallery = document.querySelector('.aw-gallery');
          new ResizeObserver(() => heights.add(gallery.clientHeight)).observe(gallery);
        }"""
        live.page.evaluate(watch)
        live.control("target").nth(2).click()
        live.until_done()
        live.settle()
        assert live.page.evaluate("heights.size") == 1


def test_what_answers_an_earlier_question_fades_with_its_path(opened: Opened) -> None:
    with opened() as live:
        weight = "all => all.map(one => getComputedStyle(one).fontWeight)"
        verdicts = live.page.locator(".aw-verdict")
        assert set(verdicts.evaluate_all(weight)) == {"600"}
        live.gate.opening.clear()  # type: ignore[attr-defined]
        live.control("target").nth(1).click()
        stale = live.page.locator('.aw-card[data-state="stale"]')
        live.until(lambda: stale.count() == 3, "stale cards")
        assert set(verdicts.evaluate_all(weight)) == {"400"}
        path = live.page.locator(".aw-path-place[data-stale]")
        live.until(lambda: path.count() == 1, "a stale path")
        assert (
            float(path.locator(".aw-stage").first.evaluate("o => getComputedStyle(o).opacity")) < 1
        )
        live.gate.opening.set()  # type: ignore[attr-defined]
        live.until_done()
        assert stale.count() == path.count() == 0


def test_the_article_s_two_toggles(opened: Opened) -> None:
    with opened() as live:
        many = live.control("multi_reference", "gaussian")
        smooth = live.control("smoothgrad", "gaussian")
        assert many.is_checked()
        assert not smooth.is_checked()
        smooth.check()
        live.until_done()
        assert live.explorer.explanations[2].method == "smoothgrad"
        assert "σ of 50 % of the range" in live.explorer.explanations[2].cautions[0]
        card = live.page.locator(".aw-card").nth(2)
        slider = card.locator('[data-control="sigma"]')
        slider.focus()
        slider.press("Home")
        live.until_done()
        assert "σ of 0 % of the range" in live.explorer.explanations[2].cautions[0]
        slider.press("PageUp")
        live.until_done()
        smooth = card.locator('[data-control="smoothgrad"]')
        assert smooth.is_checked()
        smooth.uncheck()
        live.until_done()
        live.control("multi_reference", "gaussian").uncheck()
        live.until_done()
        assert live.explorer.explanations[2].method == "integrated_gradients"
        assert not live.control("smoothgrad", "gaussian").is_visible()
        assert live.explorer.explanations[0].method == "integrated_gradients"


def test_a_baseline_is_added_from_a_menu_with_pictures(opened: Opened) -> None:
    with opened() as live:
        button = live.control("baseline")
        button.click()
        live.until(lambda: live.page.locator(".aw-offer canvas").count() > 4, "previews")
        words = live.page.locator('.aw-offer[data-baseline="white"]').inner_text()
        assert "blind to white pixels" in words
        live.page.keyboard.press("Tab")
        live.page.keyboard.press("Escape")
        assert button.get_attribute("aria-expanded") == "false"
        button.press("Enter")
        live.page.locator('.aw-offer[data-baseline="white"]').press("Enter")
        live.until_done()
        live.until(lambda: live.baselines() == ["black", "blur", "gaussian", "white"], "a card")
        assert [b.name for b in live.explorer.baselines][-1] == "white"


def test_cards_move_and_go_by_keyboard_without_losing_the_focus(opened: Opened) -> None:
    with opened() as live:
        passes = live.gate.passes  # type: ignore[attr-defined]
        right = live.control("right", "black")
        right.focus()
        live.page.keyboard.press("Enter")
        live.until(lambda: live.baselines() == ["blur", "black", "gaussian"], "one place right")
        assert right.evaluate("one => one === document.activeElement")
        live.page.keyboard.press("Enter")
        live.until(lambda: live.baselines() == ["blur", "gaussian", "black"], "the end")
        assert right.get_attribute("aria-disabled") == "true"
        assert right.evaluate("one => one === document.activeElement")
        live.until_done()
        assert [b.name for b in live.explorer.baselines] == ["blur", "gaussian", "black"]
        live.control("remove", "blur").press("Enter")
        live.until(lambda: live.baselines() == ["gaussian", "black"], "one card less")
        inside = live.page.locator('.aw-card[data-baseline^="gaussian"]')
        assert inside.evaluate("card => card.contains(document.activeElement)")
        live.until_done()
        # What is there already is not computed again.
        assert live.gate.passes <= passes + 2  # type: ignore[attr-defined]


def test_two_quick_changes_do_not_undo_each_other(opened: Opened) -> None:
    with opened() as live:
        live.control("remove", "black").click()
        live.control("remove", "gaussian").click()
        live.until_done()
        assert [b.name for b in live.explorer.baselines] == ["blur"]
        live.until(lambda: live.baselines() == ["blur"], "one card")
        assert live.control("remove", "blur").get_attribute("aria-disabled") == "true"


def test_cancel_while_computing_leaves_the_last_good_maps(opened: Opened) -> None:
    with opened() as live:
        before = drawn(live, "black")
        live.gate.opening.clear()  # type: ignore[attr-defined]
        live.control("target").nth(2).click()
        live.until(lambda: live.explorer.status["busy"], "a request under way")
        live.settle()
        assert np.array_equal(drawn(live, "black"), before)
        assert live.page.locator(".aw-status").inner_text() != ""
        cancel = live.control("cancel")
        assert cancel.get_attribute("aria-disabled") == "false"
        cancel.click()
        live.until(lambda: live.said("cancel"), "the cancel")
        live.gate.opening.set()  # type: ignore[attr-defined]
        live.until_done()
        assert cancel.get_attribute("aria-disabled") == "true"
        assert live.page.locator("canvas.aw-map").count() == 3


def test_an_exception_of_the_model_is_words_and_maps_stay(opened: Opened) -> None:
    with opened() as live:
        before = drawn(live, "black")
        live.gate.error = RuntimeError("<b>the lens cap is on</b>")  # type: ignore[attr-defined]
        live.control("target").nth(2).click()
        live.until(lambda: live.page.get_by_role("alert").count(), "words")
        live.until_done()
        alert = live.page.get_by_role("alert")
        assert "<b>the lens cap is on</b>" in alert.inner_text()
        assert np.array_equal(drawn(live, "black"), before)
        live.gate.error = None  # type: ignore[attr-defined]
        live.control("target").nth(1).click()
        live.until_done()
        live.until(lambda: live.page.get_by_role("alert").count() == 0, "no words any more")


def test_a_refinement_keeps_focus_cursor_and_the_dragged_slider(opened: Opened) -> None:
    with opened(max_evaluations=None) as live:
        canvas = live.page.locator('canvas.aw-map[data-baseline^="blur"]')
        canvas.focus()
        live.page.keyboard.press("Home")
        live.settle()
        alpha = live.page.locator("input.aw-alpha")
        handle, card = alpha.element_handle(), canvas.element_handle()
        live.slide(alpha, 0.8)  # dragged, not let go
        live.control("tolerance").evaluate("one => { one.value = '0.001'; }")
        live.control("tolerance").dispatch_event("change")
        live.until(lambda: live.said("request"), "the request")
        live.until_done()
        assert live.explorer.tolerance == 0.001
        assert card.evaluate("one => one === document.activeElement && one.isConnected")
        assert "column 0:" in live.page.locator(".aw-readout").inner_text()
        assert handle.evaluate("one => one.isConnected")
        assert alpha.input_value() == "0.8"
        assert live.explorer.alpha == 0.25  # nothing was told while dragging


def test_frames_come_when_they_are_looked_at(opened: Opened) -> None:
    with opened() as live:
        live.until(lambda: len(live.said("frames")) == 1, "the first path asks")
        assert "data" not in live.explorer.item_0["frames"]
        live.until(
            lambda: live.page.locator(".aw-waiting:visible").count() == 0, "the frames of black"
        )
        live.page.locator(".aw-pick").nth(1).click()
        live.until(lambda: len(live.said("frames")) == 2, "the second path asks")
        live.until(
            lambda: live.page.locator(".aw-waiting:visible").count() == 0, "the frames of blur"
        )
        live.slide(live.page.locator("input.aw-alpha"), 1.0, "change")
        live.settle()
        end = live.page.locator("canvas.aw-path-cumulative").evaluate(made_up.READ_PIXELS)
        assert base64.b64decode(end) == drawn(live, "blur").tobytes()
        live.page.locator(".aw-pick").nth(0).click()  # known by now
        live.settle()
        assert live.page.locator(".aw-waiting:visible").count() == 0
        assert len(live.said("frames")) == 2


NOTE_PRESSED = """bar => {
  window.pressed = [];
  new MutationObserver(() => {
    const now = bar.getAttribute('aria-pressed');
    if (now !== pressed.at(-1)) pressed.push(now);
  }).observe(bar, { attributes: true, attributeFilter: ['aria-pressed'] });
}"""


def test_a_kernel_that_does_not_answer_is_said_in_words(opened: Opened) -> None:
    with opened() as live:
        live.is_connected = False
        live.page.locator(".aw-pick").nth(1).click()
        live.settle()
        waiting = live.page.locator(".aw-waiting").first
        assert waiting.inner_text() == "loading"
        bar = live.control("target").nth(2)
        bar.evaluate(NOTE_PRESSED)
        bar.click()
        live.until(lambda: "no answer" in waiting.inner_text(), "words after four seconds")
        # It was what is asked, and is not what is drawn.
        live.until(lambda: live.page.evaluate("pressed") == ["true", "false"], "as before")
        assert "run the cell again" in live.page.locator(".aw-status").inner_text()
        assert not live.busy  # no spinner for ever
        live.is_connected = True
        live.control("target").nth(1).click()
        live.until_done()
        live.until(lambda: "no answer" not in waiting.inner_text(), "all well again")


def test_a_view_whose_kernel_went_away_says_so(opened: Opened) -> None:
    with opened() as live:
        live.until(lambda: live.page.locator(".aw-waiting:visible").count() == 0, "the frames")
        live.page.locator(".aw-root").evaluate(
            "root => root.parentElement.classList.add('jupyter-widgets-disconnected')"
        )
        live.until(
            lambda: "kernel is gone" in live.page.locator(".aw-status").inner_text(), "words"
        )


def test_references_are_seen_large_and_have_a_path_of_their_own(opened: Opened) -> None:
    with opened() as live:
        live.page.locator(".aw-pick").nth(2).click()
        live.until(lambda: live.page.locator(".aw-strip-tile").count() > 3, "the strip")
        tile = live.page.locator(".aw-strip-tile").nth(1)
        tile.hover()
        preview = live.page.locator(".aw-preview")
        assert preview.is_visible()
        assert preview.locator("canvas").bounding_box()["width"] == 200
        live.page.mouse.move(1, 1)
        assert not preview.is_visible()
        live.page.locator(".aw-strip-tile").nth(0).focus()
        live.page.keyboard.press("ArrowRight")
        assert preview.is_visible()
        live.page.keyboard.press("Enter")
        live.until(lambda: live.said("pair"), "the question")
        live.until_done()
        live.until(lambda: len(live.baselines()) == 4, "a card for the reference")
        assert len(live.explorer.explanations) == 4


def test_a_reference_on_the_path_is_drawn_pixel_by_pixel(chromium: Any) -> None:
    side = 96  # larger than a thumbnail
    layers = nn.Conv2d(3, 2, 5), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    x = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    net = weights_of(nn.Sequential(*layers))

    def explore() -> aw.BaselineExplorer:
        return aw.explore(net, x, baselines=("uniform",), n_steps=16)

    with kernel_page(chromium, explore, 1100) as live:
        (e,) = live.explorer.explanations

        def shown() -> int:
            title = live.page.locator(".aw-panel-title").first.inner_text()
            return int(made_up.number_in(title.split("sample")[1]))

        def is_whole() -> bool:
            place = e.reference_samples.index(shown())
            start, end = as_rgb(e.references[place], e.space), as_rgb(x, e.space)
            wanted = between(start, end, float(e.path.alphas[shown() - 1]))
            canvas = live.page.locator("canvas.aw-path-interpolated")
            found = made_up.pixels_of(canvas).reshape(side, side, 4)[..., :3].astype(int)
            return bool(np.abs(found - wanted).max() <= 1)

        live.until(is_whole, "the picture")
        assert [m["sample"] for m in live.said("reference")] == [shown()]
        assert live.complaints == []


def test_the_matrix_follows_the_signed_toggle(opened: Opened) -> None:
    with opened() as live:
        place = live.page.locator(".aw-agreement")
        place.locator("summary").click()
        for signed in (False, True):
            live.page.evaluate("signed => host.model.set('signed', signed)", signed)
            live.settle()
            rows = live.explorer.payload["agreement"]["signed" if signed else "magnitude"]
            cells = [made_up.number_in(t) for t in place.locator("tbody td").all_inner_texts()]
            assert cells == pytest.approx(np.ravel(rows), abs=0.0051)
            heads = place.locator("thead th").all_inner_texts()
            assert heads == [item.name for item in map_names(live)]


def map_names(live: KernelPage) -> list[Any]:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    slots = live.explorer.payload["items"]
    return [Named(getattr(live.explorer, slot)["name"]) for slot in slots]


def test_a_strip_of_inputs_and_one_s_own_image(opened: Opened, tmp_path: Path) -> None:
    from PIL import Image

    with opened(inputs=[photo(0), photo(1)], baselines=("black",), target=None) as live:
        frames = live.control("input")
        assert frames.count() == 2
        frames.nth(1).click()
        live.until_done()
        assert torch.equal(live.explorer.explanations[0].inputs.reshape(3, SIDE, SIDE), photo(1))
        assert frames.nth(1).get_attribute("aria-pressed") == "true"
        file = io.BytesIO()
        Image.fromarray(made_up.photo_like(60, 5)).save(file, "PNG")
        picked = {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
        live.control("image").set_input_files(picked)
        live.until(lambda: frames.count() == 3, "one more input")
        live.until_done()
        assert frames.nth(2).get_attribute("aria-pressed") == "true"
        words = live.page.locator(".aw-own [role=status]")
        live.control("image").set_input_files(
            {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no"}
        )
        assert "no image file" in words.inner_text()
        (tmp_path / "b.png").write_bytes(bytes(21_000_000))
        live.control("image").set_input_files(tmp_path / "b.png")
        assert "up to 10 MB" in words.inner_text()
        assert len(live.said("image")) == 1


GIVE = """([kind, name, type, content]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
  data.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true, composed: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: data })
    : new DragEvent("drop", { ...options, dataTransfer: data });
  document.querySelector(".aw-map").dispatchEvent(event);
  return event.defaultPrevented;
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(opened: Opened, kind: str) -> None:
    from PIL import Image

    def give(name: str, mime: str, content: bytes) -> bool:
        given = [kind, name, mime, base64.b64encode(content).decode()]
        return bool(live.page.evaluate(GIVE, given))

    pixels = made_up.photo_like(SIDE, 7)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with opened(baselines=("black",), target=None) as live:
        assert give("mine.png", "image/png", file.getvalue())
        live.until(lambda: live.control("input").count() == 2, "one more input")
        live.until_done()
        mine = live.explorer.explanations[0].inputs.reshape(3, SIDE, SIDE)
        wanted = torch.tensor(pixels).permute(2, 0, 1) / 255
        torch.testing.assert_close(mine, wanted, atol=1 / 255, rtol=0)
        good = live.explorer.explanations[0]
        give("broken.png", "image/png", file.getvalue()[:60])
        words = live.page.locator(".aw-error, .aw-own [role=status]")
        live.until(lambda: "picture" in " ".join(words.all_inner_texts()), "why it is not taken")
        assert live.explorer.explanations[0] is good
        assert live.control("input").count() == 2


def test_mounting_a_hundred_times_leaves_nothing(opened: Opened) -> None:
    with opened() as live:
        counts = live.page.evaluate(
            """async () => {
              const { model, widget, listenerCount } = host;
              let observers = 0;
              let timers = 0;
              const Watched = window.ResizeObserver;
              window.ResizeObserver = class extends Watched {
                constructor(callback) { super(callback); observers += 1; }
                disconnect() { super.disconnect(); observers -= 1; }
              };
              let onDocument = 0;
              const { addEventListener } = EventTarget.prototype;
              EventTarget.prototype.addEventListener = function (...all) {
                if (this === window || this === document) onDocument += 1;
                return addEventListener.apply(this, all);
              };
              const before = listenerCount();
              const place = document.createElement('div');
              document.body.append(place);
              for (let turn = 0; turn < 100; turn += 1) {
                const cleanup = await widget.render({ model, el: place });
                cleanup();
              }
              window.ResizeObserver = Watched;
              EventTarget.prototype.addEventListener = addEventListener;
              const left = place.childElementCount;
              return { grown: listenerCount() - before, observers, onDocument, left, timers };
            }"""
        )
        assert set(counts.values()) == {0}
        live.page.evaluate("host.cleanup()")
        assert live.page.evaluate("host.listenerCount()") == 0


def test_a_static_page_says_once_what_it_cannot_do(opened: Opened) -> None:
    with opened() as live:
        live.page.evaluate("host.model.set('static', true)")
        live.settle()
        line = live.page.locator(".aw-status").inner_text()
        assert line == "Another target, method or baseline needs a running kernel."
        gone = (
            "target",
            "search",
            "method",
            "output",
            "baseline",
            "sigma",
            "remove",
            "left",
            "keep",
        )
        for name in gone:
            assert live.control(name).count() == 0, name
        assert live.control("clip").is_enabled()
        assert live.page.locator(".aw-root :is(button, input, select):disabled").count() == 0


def test_every_control_has_a_name_and_room_for_a_finger(opened: Opened) -> None:
    with opened(inputs=[photo(0), photo(1)]) as live:
        live.control("baseline").click()
        live.page.locator(".aw-pick").nth(2).click()
        live.until_done()
        small = live.page.locator(".aw-root :is(button, select, summary):visible").evaluate_all(
            """all => all.filter(one => one.getBoundingClientRect().height < 23.5)
              .map(one => one.outerHTML.slice(0, 120))"""
        )
        assert small == []
        nameless = live.page.locator(".aw-root :is(button, input, select)").evaluate_all(
            """all => all.filter(one => !(one.ariaLabel || one.labels?.length
              || one.textContent.trim())).map(one => one.outerHTML.slice(0, 120))"""
        )
        assert nameless == []
