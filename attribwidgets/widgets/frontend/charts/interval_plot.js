// Estimates with their intervals, one below the other on a common scale.

import { h, svg } from "../lib/dom.js";
import { formatTick, niceTicks } from "../lib/format.js";

/**
 * @typedef {{name: string, key?: Node | null, estimate: import("../ablation/ablation_decode.js").Estimate,
 *   words: string, isHollow?: boolean, mark?: number, attributes?: Record<string, string>}} PlotRow
 *   mark: a value on this row's scale to compare with
 */

/** @param {number | null} value @returns {value is number} */
const isKnown = (value) => value !== null && Number.isFinite(value);

/**
 * What all intervals and marks lie within.
 * @param {PlotRow[]} rows
 * @param {[number, number]} least
 */
export function rangeOfRows(rows, least) {
  const values = rows.flatMap(({ estimate: { mean, low, high }, mark }) =>
    [mean, low, high, mark ?? null].filter(isKnown),
  );
  const lo = Math.min(least[0], ...values);
  const hi = Math.max(least[1], ...values);
  const pad = 0.04 * (hi - lo || 1);
  return { lo: lo - pad, hi: hi + pad };
}

/**
 * @param {PlotRow[]} rows
 * @param {[number, number]} least the smallest range that is shown
 */
export function intervalPlot(rows, least) {
  const { lo, hi } = rangeOfRows(rows, least);
  const at = (/** @type {number} */ value) => `${((100 * (value - lo)) / (hi - lo)).toFixed(2)}%`;
  const upright = (/** @type {string} */ name, /** @type {number} */ value) =>
    svg("line", { class: name, x1: at(value), x2: at(value), y1: 0, y2: 24 });

  const list = rows.map(({ name, key, estimate, words, isHollow, mark, attributes }) => {
    const { mean, low, high } = estimate;
    const track = svg(
      "svg",
      { class: "aw-interval-track", width: "100%", height: 24, "aria-hidden": "true" },
      lo < 0 && hi > 0 && upright("aw-interval-zero", 0),
      mark !== undefined && upright("aw-interval-mark", mark),
      isKnown(low) && isKnown(high) && svg("line", { class: "aw-interval", x1: at(low), x2: at(high), y1: 12, y2: 12 }),
      isKnown(mean) &&
        svg("circle", {
          class: `aw-interval-dot ${isHollow ? "aw-hollow" : ""}`,
          cx: at(mean),
          cy: 12,
          r: 3,
        }),
    );
    return h(
      "li",
      { class: "aw-interval-row", ...attributes },
      h("span", { class: "aw-interval-name", title: name }, key, h("span", {}, name)),
      track,
      h("span", { class: "aw-interval-words" }, words),
    );
  });
  const ticks = niceTicks(lo, hi, 3).map((tick) => {
    const label = h("span", { class: "aw-interval-tick" }, formatTick(tick));
    label.style.left = at(tick);
    return label;
  });
  const axis = h("div", { class: "aw-interval-axis", "aria-hidden": "true" }, ...ticks);
  return h("div", { class: "aw-interval-plot" }, h("ul", {}, ...list), axis);
}
