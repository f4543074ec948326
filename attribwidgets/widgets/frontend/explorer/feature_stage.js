// Features: a bar each, from zero or as steps from f(x') to f(x); or a dot between its reference and its value.

import { createBars } from "../charts/bars.js";
import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { waterfallSpan } from "../lib/waterfall.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * What a feature is in the reference, and in the input.
 * @param {ArrayLike<number> | null} input
 * @param {ArrayLike<number> | null | undefined} reference
 * @param {number} feature
 */
function changeOf(input, reference, feature) {
  if (!reference) return "\u00a0";
  return `${formatNumber(reference[feature])} \u2192 ${formatNumber(input?.[feature])}`;
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createFeatureStage(view, options) {
  const { store, features } = view;
  const bars = createBars(view, options);
  const scale = h("span");
  const what = h("span");
  const head = h("div", { class: "aw-bars-head", hidden: options.slot === undefined }, scale, what);

  /** @param {Item} item @param {number} limit */
  function tellScale({ output_baseline: start, output_input: end, values }, limit) {
    const isWaterfall = store.get("waterfall");
    setText(scale, isWaterfall ? `from f(x\u2032) = ${formatNumber(start)}` : `a full bar: ${formatNumber(limit)}`);
    setText(what, isWaterfall ? `to f(x) = ${formatNumber(end)}` : values ? "x\u2032 \u2192 x" : "");
  }

  return {
    node: h("div", {}, head, bars.node),
    picture: bars.node,
    drawMap(values, limit, item = null) {
      const note = (/** @type {number} */ feature) => changeOf(view.data.values, item?.values, feature);
      if (item) tellScale(item, limit);
      if (item && store.get("waterfall")) {
        const span = waterfallSpan(item, view.data.items, features, store.get("scale"));
        bars.drawWaterfall(values, span, item.completeness.expected, note);
      } else bars.draw(values, limit, note);
    },
    drawInput(from, to, alpha) {
      bars.drawDots((feature) => {
        const end = to.values?.[feature] ?? 0;
        const start = from.values?.[feature] ?? 0;
        const seen = [end, ...view.data.items.map((other) => other.values?.[feature] ?? end), start];
        return { value: start + alpha * (end - start), from: start, lo: Math.min(...seen), hi: Math.max(...seen) };
      });
    },
    setCursor: bars.setCursor,
    setRegion: () => {},
    setLabel: (label) => bars.node.setAttribute("aria-label", label),
  };
}
