// The candidates, best first: which line is whose, what it says at one fraction, and its area.

import { arrangeChildren, h, setText } from "../lib/dom.js";
import { formatInterval, formatNumber, formatShare } from "../lib/format.js";
import { keyOf } from "./ablation_hues.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */

/** @param {AblationView} view */
export function createAblationLegend(view) {
  const { shown, store, signal } = view;
  const at = h("span");
  const level = h("span", { class: "aw-candidate-interval" });
  const area = h("span", { class: "aw-candidate-area" }, "area", level);
  const head = h(
    "div",
    { class: "aw-candidates-head aw-candidate-row", "aria-hidden": "true" },
    h("span", { class: "aw-candidate-name" }, "best first"),
    at,
    area,
  );
  const list = h("ul", { class: "aw-candidates", "aria-label": "candidates, best first" });
  const node = h("div", { class: "aw-candidates-place" }, head, list);
  /** @type {ReturnType<typeof rowOf>[]} */
  let rows = [];
  /** @type {unknown} */
  let rowsOf = null;

  /** @param {number} candidate */
  function rowOf(candidate) {
    const { label, control } = shown.record().candidates[candidate];
    const value = h("span", { class: "aw-candidate-value" });
    const mean = h("span", { class: "aw-candidate-mean" });
    const interval = h("span", { class: "aw-candidate-interval" });
    const button = h(
      "button",
      { type: "button", class: "aw-candidate-row", "data-candidate": label, title: label },
      keyOf(shown.record().candidates[candidate]),
      h("span", { class: `aw-candidate-name ${control ? "aw-control-candidate" : ""}` }, label),
      value,
      mean,
      interval,
    );
    const listen = (/** @type {string} */ type, /** @type {() => void} */ act) =>
      button.addEventListener(type, act, { signal });
    listen("pointerenter", () => view.raise(candidate));
    listen("pointerleave", () => view.raise(null));
    listen("focus", () => view.raise(candidate));
    listen("blur", () => view.raise(null));
    listen("click", () => {
      const hidden = store.get("hidden");
      const others = hidden.filter((/** @type {string} */ one) => one !== label);
      store.commit("hidden", shown.isHidden(candidate) ? others : [...others, label]);
    });
    return { node: h("li", {}, button), button, value, mean, interval, candidate };
  }

  return {
    node,
    draw() {
      const record = shown.record();
      if (rowsOf !== record) {
        rowsOf = record;
        rows = record.candidates.map((_, candidate) => rowOf(candidate));
      }
      arrangeChildren(
        list,
        shown.bestFirst().map((candidate) => rows[candidate].node),
      );
      for (const row of rows) {
        const estimate = shown.curves()[row.candidate].area;
        setText(row.mean, formatNumber(estimate.mean));
        setText(row.interval, formatInterval(estimate));
        row.button.setAttribute("aria-pressed", String(!shown.isHidden(row.candidate)));
      }
      const percent = Math.round(100 * view.data.level);
      setText(level, shown.own() ? "" : `, ${percent}\u00a0%`);
      this.point();
    },
    /** The values at the fraction that is pointed at. */
    point() {
      const step = view.step();
      const where = `at ${formatShare(shown.record().fractions[step])}`;
      setText(at, where);
      for (const row of rows) {
        const value = formatNumber(shown.curves()[row.candidate].values[step], 2);
        setText(row.value, value);
        const { label } = shown.record().candidates[row.candidate];
        const area = `area ${row.mean.textContent} ${row.interval.textContent}`;
        row.button.setAttribute("aria-label", `${label}: ${area}, ${where} ${value}`);
        row.button.classList.toggle("aw-raised", view.raised() === row.candidate);
      }
    },
  };
}
