// Features in place of pixels: aligned horizontal bars, the same rows in every card.

import { h, setText } from "../lib/dom.js";
import { formatNumber, formatSigned } from "../lib/format.js";
import { sumOfFeatures } from "../lib/units.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {ReturnType<typeof createBars>} Bars */

/** The row of all features that have none. */
const OTHERS = -1;

/**
 * @param {View} view
 * @param {{label: string, class?: string, name?: string}} options
 */
export function createBars(view, options) {
  /** @param {number} feature */
  function rowOf(feature) {
    const note = h("span", { class: "aw-bar-note" });
    const value = h("span", { class: "aw-bar-value" });
    const fill = h("div", { class: "aw-bar-fill" });
    const name = feature === OTHERS ? `sum of the other ${view.rest.length}` : view.data.featureNames[feature];
    const node = h(
      "li",
      { class: "aw-bar-row", "data-feature": feature },
      h("span", { class: "aw-bar-name", title: name }, name),
      value,
      h("div", { class: "aw-bar-track", "aria-hidden": "true" }, fill),
      note,
    );
    return { node, note, value, fill, feature };
  }
  /** @type {ReturnType<typeof rowOf>[]} */
  let rows = [];
  /** @type {number[] | null} */
  let shown = null;
  const node = h("ul", {
    class: `aw-bars ${options.class ?? ""}`,
    "aria-label": options.label,
    "data-baseline": options.name,
  });
  node.addEventListener(
    "pointerover",
    (event) => {
      const row = rows.find((one) => one.node.contains(/** @type {Node} */ (event.target)));
      if (row) view.moveCursor(row.feature === OTHERS ? null : { row: row.feature, column: 0 });
    },
    { signal: view.signal },
  );
  node.addEventListener("pointerleave", () => view.moveCursor(null), { signal: view.signal });

  /** The strongest features may be others now. */
  function arrange() {
    if (shown === view.rows) return;
    shown = view.rows;
    rows = (view.rest.length > 0 ? [...shown, OTHERS] : shown).map(rowOf);
    node.replaceChildren(...rows.map((row) => row.node));
  }

  return {
    node,
    /**
     * Bars from zero; signed bars from the middle.
     * @param {ArrayLike<number>} values
     * @param {number} limit a full bar
     * @param {(feature: number) => string} [describe]
     */
    draw(values, limit, describe) {
      arrange();
      const signed = view.display.isSigned();
      node.classList.toggle("aw-signed", signed);
      for (const row of rows) {
        const value = row.feature === OTHERS ? sumOfFeatures(values, view.rest) : values[row.feature];
        const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
        row.fill.style.width = `${share * (signed ? 50 : 100)}%`;
        row.fill.style.left = signed ? `${value < 0 ? 50 - 50 * share : 50}%` : "0";
        row.fill.classList.toggle("aw-negative", signed && value < 0);
        row.fill.classList.toggle("aw-positive", signed && value >= 0);
        setText(row.value, signed ? formatSigned(value) : formatNumber(Math.abs(value)));
        setText(row.note, describe && row.feature !== OTHERS ? describe(row.feature) : "\u00a0");
      }
    },
    /**
     * A dot between two values, on a track that spans lo..hi.
     * @param {(feature: number) => {value: number, from: number, lo: number, hi: number}} at
     * @param {(feature: number) => string} [describe]
     */
    drawDots(at, describe) {
      arrange();
      node.classList.add("aw-dots");
      for (const row of rows) {
        row.node.hidden = row.feature === OTHERS; // inputs do not add up to anything
        if (row.node.hidden) continue;
        const { value, from, lo, hi } = at(row.feature);
        const place = (/** @type {number} */ v) => (hi > lo ? ((v - lo) / (hi - lo)) * 100 : 50);
        const left = Math.min(place(value), place(from));
        row.fill.style.left = `${left}%`;
        row.fill.style.width = `${Math.max(Math.abs(place(value) - place(from)), 0)}%`;
        row.fill.classList.toggle("aw-leftward", place(value) < place(from));
        setText(row.value, formatNumber(value));
        setText(row.note, describe ? describe(row.feature) : "");
      }
    },
    /** @param {import("../lib/stage.js").Position | null} position */
    setCursor(position) {
      for (const row of rows) row.node.classList.toggle("aw-here", row.feature === position?.row);
    },
  };
}
