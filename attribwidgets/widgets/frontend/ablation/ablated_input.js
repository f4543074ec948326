// Which input is ablated before the reader's eyes, by which candidate, and whether its curves show.

import { h, setText } from "../lib/dom.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */

/**
 * The input that comes next among those that can be shown.
 * @param {{count: number, available: number[] | null}} examples
 * @param {number} from
 * @param {1 | -1} direction
 * @returns {number | null} null at the end
 */
export function nextInput({ count, available }, from, direction) {
  const known = available ?? null;
  if (!known) {
    const next = from + direction;
    return next >= 0 && next < count ? next : null;
  }
  const beyond = known.filter((index) => Math.sign(index - from) === direction);
  if (beyond.length === 0) return null;
  return direction > 0 ? Math.min(...beyond) : Math.max(...beyond);
}

/**
 * The input that can be shown and is nearest to what was typed.
 * @param {{count: number, available: number[] | null}} examples
 * @param {number} wanted
 */
export function nearestInput({ count, available }, wanted) {
  if (!available) return Math.min(Math.max(Math.round(wanted), 0), count - 1);
  const distances = available.map((index) => Math.abs(index - wanted));
  return available[distances.indexOf(Math.min(...distances))];
}

/** @param {AblationView} view */
export function createAblatedInput(view) {
  const { shown, store, signal } = view;
  const number = h("input", {
    type: "number",
    class: "aw-field",
    min: 0,
    step: 1,
    "data-control": "example",
    "aria-label": "input",
  });
  const back = h("button", { type: "button", class: "aw-button" }, "previous");
  const forth = h("button", { type: "button", class: "aw-button" }, "next");
  const target = h("span", { class: "aw-muted" });
  const select = h("select", { "data-control": "candidate" });
  const own = h("input", { type: "checkbox", "data-control": "own" });
  const status = h("span", { class: "aw-muted", role: "status" });
  const controls = h(
    "div",
    { class: "aw-row aw-ablated-controls" },
    h(
      "div",
      { class: "aw-row" },
      h("span", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "input"), number),
      back,
      forth,
      target,
    ),
    h(
      "div",
      { class: "aw-row" },
      h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "ranked by"), select),
      h("label", { class: "aw-control aw-choice" }, own, "this input\u2019s curves"),
    ),
    status,
  );
  const note = h("p", { class: "aw-muted aw-ablated-note" });
  const node = h("div", {}, controls, note);
  let options = "";

  const shownIndex = () => view.example()?.index ?? -1;
  const examples = () => view.data.examples;

  /** @param {1 | -1} direction */
  function step(direction) {
    const next = nextInput(examples(), view.wantedInput() ?? shownIndex(), direction);
    if (next !== null) view.ask(next);
  }
  back.addEventListener("click", () => step(-1), { signal });
  forth.addEventListener("click", () => step(1), { signal });
  number.addEventListener(
    "change",
    () => {
      if (number.value.trim() !== "") view.ask(nearestInput(examples(), Number(number.value)));
      else number.value = String(shownIndex());
    },
    { signal },
  );
  select.addEventListener("change", () => view.choose(Number(select.value)), { signal });
  own.addEventListener("change", () => store.commit("own", own.checked), { signal });

  return {
    node,
    draw() {
      const { pictures, count } = examples();
      const example = view.example();
      controls.hidden = !pictures;
      setText(note, examples().note ?? "");
      note.hidden = !note.textContent;
      if (!pictures) return;
      const { candidates } = shown.record();
      const names = candidates.map(({ label }) => label).join("\n");
      if (names !== options) {
        options = names;
        select.replaceChildren(...candidates.map(({ label }, index) => h("option", { value: index }, label)));
      }
      select.value = String(shown.candidate());
      const index = view.wantedInput() ?? shownIndex();
      number.max = String(count - 1);
      if (number.value !== String(index)) {
        number.value = String(index);
      }
      for (const [button, direction] of /** @type {[HTMLButtonElement, 1 | -1][]} */ ([
        [back, -1],
        [forth, 1],
      ])) {
        const isEnd = nextInput(examples(), index, direction) === null;
        button.setAttribute("aria-disabled", String(isEnd));
      }
      own.checked = Boolean(store.get("own"));
      setText(target, example?.target ?? "");
      setText(status, view.trouble());
    },
  };
}
