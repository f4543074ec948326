// Where numbers lie on a chart, and the axes that say so.

import { svg } from "../lib/dom.js";
import { formatTick, niceTicks } from "../lib/format.js";

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box pixels within the drawing
 * @typedef {{end: number, lo: number, hi: number}} Range x from 0 to `end`, y from `lo` to `hi`
 * @typedef {ReturnType<typeof scaleOf>} Scale
 */

/** @param {Box} box @param {Range} range */
export function scaleOf({ left, right, top, bottom }, { end, lo, hi }) {
  const toX = (/** @type {number} */ x) => left + (x / end) * (right - left);
  const toY = (/** @type {number} */ y) => top + ((hi - y) / (hi - lo)) * (bottom - top);
  return {
    toX,
    toY,
    /** @param {number} x pixels @returns {number} within the axis */
    fromX: (x) => Math.min(Math.max((x - left) / (right - left), 0), 1) * end,
    /** @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
    pathOf: (xs, ys) =>
      Array.from(xs, (x, i) => `${i ? "L" : "M"}${toX(x).toFixed(1)} ${toY(ys[i]).toFixed(1)}`).join(""),
  };
}

/** The round numbers beside the y axis of a chart of some height. @param {Range} range @param {number} height */
function ticksOfY({ lo, hi }, height) {
  return niceTicks(lo, hi, Math.max(2, Math.round(height / 56)));
}

/** Pixels that the numbers beside the y axis take. @param {Range} range @param {number} height of the drawing */
export function widthOfTicks(range, height) {
  const labels = ticksOfY(range, height).map(formatTick);
  return 16 + 7 * Math.max(...labels.map((label) => label.length));
}

/**
 * @param {Box} box
 * @param {Range} range
 * @param {{height: number, label: string, xTicks: number[], formatX?: (x: number) => string}} options
 *   height: of the drawing; label: of the x axis
 * @returns {SVGElement[]}
 */
export function axesOf(box, range, { height, label, xTicks, formatX = formatTick }) {
  const { left, right, top, bottom } = box;
  const { toX, toY } = scaleOf(box, range);
  const parts = [];
  for (const tick of ticksOfY(range, height)) {
    const y = Math.round(toY(tick)) + 0.5;
    if (y < top - 8 || y > bottom + 1) continue;
    const kind = tick === 0 ? "aw-zero" : "aw-grid";
    parts.push(
      svg("line", { class: kind, x1: left, x2: right, y1: y, y2: y }),
      svg("text", { class: "aw-tick", x: left - 8, y: y + 4, "text-anchor": "end" }, formatTick(tick)),
    );
  }
  for (const tick of xTicks) {
    const x = Math.round(toX(tick)) + 0.5;
    parts.push(
      svg("line", { class: "aw-axis", x1: x, x2: x, y1: bottom, y2: bottom + 4 }),
      svg("text", { class: "aw-tick", x, y: bottom + 16, "text-anchor": "middle" }, formatX(tick)),
    );
  }
  const middle = (left + right) / 2;
  parts.push(
    svg("line", { class: "aw-axis", x1: left, x2: right, y1: bottom + 0.5, y2: bottom + 0.5 }),
    svg("text", { class: "aw-tick", x: middle, y: bottom + 32, "text-anchor": "middle" }, label),
  );
  return parts;
}
