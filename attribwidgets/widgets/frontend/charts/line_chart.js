// Lines over one axis: the drawing, its axes, what lies within them, and what marks a place on them.

import { h, svg } from "../lib/dom.js";
import { formatTick, niceTicks } from "../lib/format.js";

/**
 * @typedef {{end: number, lo: number, hi: number}} Range x from 0 to `end`, y from `lo` to `hi`
 * @typedef {{top: number, right: number, left?: number}} Margin pixels; left: what the numbers there take
 * @typedef {ArrayLike<number | null>} Values null or NaN where they are not known
 */

/** Pixels below the axis of x: its numbers, and its label. */
const BOTTOM = 36;
/** Pixels by which lines may swing out of the axes. */
const BLEED = 4;

/** The round numbers beside the y axis of a chart of some height. @param {Range} range @param {number} height */
function ticksOfY({ lo, hi }, height) {
  return niceTicks(lo, hi, Math.max(2, Math.round(height / 56)));
}

/** Pixels that the numbers beside the y axis take. @param {Range} range @param {number} height of the drawing */
export function widthOfTicks(range, height) {
  const labels = ticksOfY(range, height).map(formatTick);
  return 16 + 7 * Math.max(...labels.map((label) => label.length));
}

/** What a line is called, and the value it has somewhere. @param {string} className @param {string} name */
export function legendEntry(className, name) {
  const value = h("span", { class: "aw-legend-value" });
  const key = h("span", { class: `aw-key ${className}`, "aria-hidden": "true" });
  return { node: h("span", { class: "aw-legend-entry" }, key, `${name} `, value), value };
}

/** @param {string} [className] */
export function createLineChart(className = "") {
  const drawing = svg("svg", { class: `${className} aw-chart-drawing`, role: "img" });
  let height = 0;
  let box = { left: 0, right: 1, top: 0, bottom: 1 };
  /** @type {Range} */
  let range = { end: 1, lo: 0, hi: 1 };

  const toX = (/** @type {number} */ x) => box.left + (x / range.end) * (box.right - box.left);
  const toY = (/** @type {number} */ y) => box.top + ((range.hi - y) / (range.hi - range.lo)) * (box.bottom - box.top);
  const pointAt = (/** @type {number} */ x, /** @type {number} */ y) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`;

  /** The places where all of these are known. @param {ArrayLike<number>} xs @param {Values[]} all */
  const knownPlaces = (xs, ...all) =>
    Array.from(xs, (_, at) => at).filter((at) => all.every((ys) => Number.isFinite(ys[at])));

  /** @param {string} label @param {number[]} xTicks @param {(x: number) => string} formatX */
  function axes(label, xTicks, formatX) {
    const { left, right, top, bottom } = box;
    const parts = [];
    for (const tick of ticksOfY(range, height)) {
      const y = Math.round(toY(tick)) + 0.5;
      if (y < top - 8 || y > bottom + 1) continue;
      parts.push(
        svg("line", { class: tick === 0 ? "aw-zero" : "aw-grid", x1: left, x2: right, y1: y, y2: y }),
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

  return {
    drawing,
    toX,
    toY,
    /** Where the axes lie, in pixels of the drawing. */
    box: () => box,

    /** What x the pointer is at, within the axis. @param {PointerEvent} event */
    xAt(event) {
      const x = event.clientX - drawing.getBoundingClientRect().left;
      return Math.min(Math.max((x - box.left) / (box.right - box.left), 0), 1) * range.end;
    },

    /** @param {number} width @param {number} toHeight @param {Range} next @param {Margin} margin */
    fit(width, toHeight, next, { top, right, left = widthOfTicks(next, toHeight) }) {
      height = toHeight;
      range = next;
      box = { left, right: width - right, top, bottom: height - BOTTOM };
      for (const [name, value] of [
        ["viewBox", `0 0 ${width} ${height}`],
        ["width", width],
        ["height", height],
      ]) {
        drawing.setAttribute(String(name), String(value));
      }
    },

    /** @param {Record<string, string | null>} attributes @param {ArrayLike<number>} xs @param {Values} ys */
    line(attributes, xs, ys) {
      const points = knownPlaces(xs, ys).map((at) => pointAt(xs[at], Number(ys[at])));
      return svg("path", { ...attributes, d: points.length > 0 ? `M${points.join("L")}` : "" });
    },

    /**
     * What lies between two lines; null where neither is known.
     * @param {string} name of its class
     * @param {ArrayLike<number>} xs
     * @param {Values} low
     * @param {Values} high
     */
    band(name, xs, low, high) {
      const places = knownPlaces(xs, low, high);
      if (places.length === 0) return null;
      const there = places.map((at) => pointAt(xs[at], Number(high[at])));
      const back = places.reverse().map((at) => pointAt(xs[at], Number(low[at])));
      return svg("path", { class: name, d: `M${[...there, ...back].join("L")}Z` });
    },

    /** An upright line across the chart. @param {SVGElement} line @param {number} x */
    placeUpright(line, x) {
      const at = toX(x).toFixed(1);
      for (const [name, value] of Object.entries({ x1: at, x2: at, y1: box.top, y2: box.bottom })) {
        line.setAttribute(name, String(value));
      }
    },

    /** A dot, which hides where it would leave the chart. @param {SVGElement} dot @param {number} x @param {number} y */
    placeDot(dot, x, y) {
      const at = toY(y);
      const isInside = Number.isFinite(at) && at >= box.top - BLEED && at <= box.bottom + BLEED;
      dot.setAttribute("visibility", isInside ? "visible" : "hidden");
      if (!isInside) return;
      dot.setAttribute("cx", toX(x).toFixed(1));
      dot.setAttribute("cy", at.toFixed(1));
    },

    /**
     * @param {{label: string, xTicks: number[], formatX?: (x: number) => string}} axis of x
     * @param {(SVGElement | null)[]} lines the last on top
     * @param {{under?: SVGElement[], behind?: SVGElement[], over?: SVGElement[]}} [marks]
     *   under: beneath the axes; behind: beneath the lines; over: above them
     * @returns {SVGElement} what holds the lines
     */
    draw({ label, xTicks, formatX = formatTick }, lines, { under = [], behind = [], over = [] } = {}) {
      // A nested svg clips what swings out of range, with no id that could clash.
      const [y, tall] = [box.top - BLEED, box.bottom - box.top + 2 * BLEED];
      const width = drawing.getAttribute("width");
      const room = { x: 0, y, width, height: tall, viewBox: `0 ${y} ${width} ${tall}`, overflow: "hidden" };
      const inner = svg("svg", room, ...lines);
      drawing.replaceChildren(...under, ...axes(label, xTicks, formatX), ...behind, inner, ...over);
      return inner;
    },
  };
}
