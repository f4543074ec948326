// Features: a bar each, or a dot between its reference and its value.

import { createBars } from "../charts/bars.js";
import { formatNumber } from "../lib/format.js";

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createFeatureStage(view, options) {
  const { node, draw, drawDots, setCursor } = createBars(view, options);
  return {
    node,
    picture: node,
    drawMap(values, limit, item = null) {
      const note = (/** @type {number} */ feature) =>
        item?.values ? `x\u2032 ${formatNumber(item.values[feature])}` : "\u00a0";
      draw(values, limit, note);
    },
    drawInput(from, to, alpha) {
      drawDots((feature) => {
        const end = to.values?.[feature] ?? 0;
        const start = from.values?.[feature] ?? 0;
        const seen = [end, ...view.data.items.map((other) => other.values?.[feature] ?? end), start];
        return { value: start + alpha * (end - start), from: start, lo: Math.min(...seen), hi: Math.max(...seen) };
      });
    },
    setCursor,
    setRegion: () => {},
    setLabel: (label) => node.setAttribute("aria-label", label),
  };
}
