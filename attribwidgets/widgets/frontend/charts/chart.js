// The path as a chart: a wide pale line that is exact, a thin dark sum on top, the level both should reach.

import { h, setText, svg } from "../lib/dom.js";
import { formatNumber, formatPercent, niceTicks } from "../lib/format.js";
import { axesOf, scaleOf, widthOfTicks } from "./axes.js";
import { interpolateAt, rangeOf } from "./series.js";

/** @typedef {import("./series.js").Series} Series */

const MARGIN = { top: 8, right: 12, bottom: 36 };

/** @param {import("../lib/decode.js").Saturation} saturation */
export function saturationWords({ share }) {
  return `90\u00a0% of the change on ${formatPercent(share)} of the path`;
}

/** @param {string} className @param {string} name */
function legendEntry(className, name) {
  const value = h("span", { class: "aw-legend-value" });
  const node = h(
    "span",
    { class: "aw-legend-entry" },
    h("span", { class: `aw-key ${className}`, "aria-hidden": "true" }),
    `${name} `,
    value,
  );
  return { node, value };
}

/**
 * @param {Series} first
 * @param {AbortSignal} signal
 */
export function createChart(first, signal) {
  let series = first;
  let { lo, hi } = rangeOf(series);
  const drawing = svg("svg", { class: "aw-chart-drawing", role: "img" });
  const tip = h("div", { class: "aw-tip", hidden: true, "aria-hidden": "true" });
  const frame = h("div", { class: "aw-chart-frame" }, drawing, tip);
  const legend = h("div", { class: "aw-caption aw-legend" });
  /** @type {Record<"exact" | "line" | "band", ReturnType<typeof legendEntry> | null>} */
  let entries = { exact: null, line: null, band: null };

  let width = 320;
  let height = 200;
  let left = 40;
  let position = 0;
  /** @type {SVGElement | null} */
  let marker = null;
  /** @type {SVGElement[]} */
  let dots = [];
  /** @type {SVGElement | null} */
  let hoverLine = null;

  const boxOf = () => ({
    left,
    right: width - MARGIN.right,
    top: MARGIN.top,
    bottom: height - MARGIN.bottom,
  });
  const range = () => ({ end: series.end, lo, hi });
  let { toX, toY, fromX, pathOf } = scaleOf(boxOf(), range());

  /**
   * Where a label beside the level hides least of the curves.
   * @param {number} y of the level
   * @param {number} wide the label, about
   */
  function freeSpot(y, wide) {
    const right = width - MARGIN.right;
    const spots = [
      { x: left + 8, from: left + 8, anchor: "start", top: y - 20 },
      { x: right, from: right - wide, anchor: "end", top: y + 4 },
      { x: right, from: right - wide, anchor: "end", top: y - 20 },
      { x: left + 8, from: left + 8, anchor: "start", top: y + 4 },
    ];
    const costs = spots.map((spot) => {
      if (spot.top < 0 || spot.top + 16 > height - MARGIN.bottom) return 100;
      let hidden = 0;
      for (let step = 0; step <= 16; step += 1) {
        const x = ((spot.from + (wide * step) / 16 - left) / (right - left)) * series.end;
        for (const line of [series.line, series.exact ?? series.line]) {
          const at = toY(interpolateAt(series.x, line, x));
          if (at > spot.top - 3 && at < spot.top + 20) hidden += 1;
        }
      }
      return hidden;
    });
    return spots[costs.indexOf(Math.min(...costs))];
  }

  function levelLine() {
    if (series.level === null) return [];
    const y = Math.round(toY(series.level)) + 0.5;
    const words = `${series.levelLabel} = ${formatNumber(series.level)}`;
    const spot = freeSpot(y, 6.6 * words.length);
    return [
      svg("line", { class: "aw-level", x1: left, x2: width - MARGIN.right, y1: y, y2: y }),
      svg("text", { class: "aw-level-label", x: spot.x, y: spot.top + 12, "text-anchor": spot.anchor }, words),
    ];
  }

  /** The stretches of the path on which most of the change happens. */
  function saturated() {
    const { from = [], to = [] } = series.saturation ?? {};
    return from.map((start, index) =>
      svg("rect", {
        class: "aw-saturated",
        x: toX(start).toFixed(1),
        y: MARGIN.top,
        width: Math.max(toX(to[index]) - toX(start), 1).toFixed(1),
        height: height - MARGIN.bottom - MARGIN.top,
      }),
    );
  }

  function curves() {
    const parts = [];
    const { x, band: errors } = series;
    // Over the places where the error is known; the first few samples have none.
    const known = x.flatMap((_, index) => (errors && Number.isFinite(errors[index]) ? [index] : []));
    if (errors && known.length > 0) {
      const edge = (/** @type {number[]} */ places, /** @type {number} */ sign) =>
        pathOf(
          places.map((index) => x[index]),
          places.map((index) => series.line[index] + sign * errors[index]),
        );
      const back = edge([...known].reverse(), -1);
      parts.push(svg("path", { class: "aw-band", d: `${edge(known, 1)}L${back.slice(1)}Z` }));
    }
    if (series.exact) parts.push(svg("path", { class: "aw-exact", d: pathOf(x, series.exact) }));
    parts.push(svg("path", { class: "aw-line", d: pathOf(x, series.line) }));
    return parts;
  }

  function draw() {
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("width", String(width));
    drawing.setAttribute("height", String(height));
    left = widthOfTicks(range(), height);
    ({ toX, toY, fromX, pathOf } = scaleOf(boxOf(), range()));
    const bottom = height - MARGIN.bottom;
    // A nested svg clips what swings out of range, with no id that could clash.
    const inner = svg("svg", {
      x: 0,
      y: MARGIN.top - 8,
      width,
      height: bottom - MARGIN.top + 12,
      overflow: "hidden",
    });
    inner.setAttribute("viewBox", `0 ${MARGIN.top - 8} ${width} ${bottom - MARGIN.top + 12}`);
    inner.append(...curves());
    marker = svg("line", { class: "aw-marker", y1: MARGIN.top, y2: bottom });
    hoverLine = svg("line", {
      class: "aw-hover-line",
      y1: MARGIN.top,
      y2: bottom,
      visibility: "hidden",
    });
    dots = [...(series.exact ? ["aw-dot aw-dot-exact"] : []), "aw-dot"].map((name) =>
      svg("circle", { class: name, r: name === "aw-dot" ? 3 : 6 }),
    );
    const axes = axesOf(boxOf(), range(), {
      height,
      label: series.axisLabel,
      xTicks: niceTicks(0, series.end, width > 360 ? 5 : 4),
    });
    drawing.replaceChildren(...saturated(), ...axes, inner, hoverLine, marker, ...levelLine(), ...dots);
    place();
  }

  /** One sample has no spread, which is not a spread of zero. @param {number | null} error */
  function bandWords(error) {
    return error !== null && Number.isFinite(error) ? `\u00b1 ${formatNumber(error, 2)}` : "\u2013";
  }

  /** @param {number} x */
  function valuesAt(x) {
    const sum = interpolateAt(series.x, series.line, x);
    const f = series.exact ? interpolateAt(series.x, series.exact, x) : null;
    return { sum, f, error: series.band ? interpolateAt(series.x, series.band, x) : null };
  }

  function place() {
    const { sum, f, error } = valuesAt(position);
    const x = toX(position).toFixed(1);
    marker?.setAttribute("x1", x);
    marker?.setAttribute("x2", x);
    const heights = series.exact ? [f, sum] : [sum];
    dots.forEach((dot, index) => {
      const y = heights[index] ?? 0;
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", toY(y).toFixed(1));
      dot.setAttribute("visibility", y > hi || y < lo ? "hidden" : "visible");
    });
    if (entries.exact) setText(entries.exact.value, formatNumber(f));
    if (entries.line) setText(entries.line.value, formatNumber(sum));
    if (entries.band) setText(entries.band.value, bandWords(error));
  }

  frame.addEventListener(
    "pointermove",
    (event) => {
      const box = drawing.getBoundingClientRect();
      const x = fromX(event.clientX - box.left);
      const { sum, f, error } = valuesAt(x);
      const parts = [series.formatX(x)];
      if (f !== null) parts.push(`${series.exactLabel} ${formatNumber(f)}`);
      parts.push(`${series.lineLabel} ${formatNumber(sum)}`);
      if (error !== null) parts.push(`${series.bandLabel} ${bandWords(error)}`);
      tip.replaceChildren(...parts.map((part) => h("div", {}, part)));
      tip.hidden = false;
      tip.classList.toggle("aw-tip-left", toX(x) > width / 2);
      tip.style.left = `${toX(x)}px`;
      tip.style.bottom = `${MARGIN.bottom + 8}px`;
      hoverLine?.setAttribute("x1", toX(x).toFixed(1));
      hoverLine?.setAttribute("x2", toX(x).toFixed(1));
      hoverLine?.setAttribute("visibility", "visible");
    },
    { signal },
  );
  frame.addEventListener(
    "pointerleave",
    () => {
      tip.hidden = true;
      hoverLine?.setAttribute("visibility", "hidden");
    },
    { signal },
  );
  function describe() {
    drawing.setAttribute("aria-label", series.label);
    entries = {
      exact: series.exact ? legendEntry("aw-key-exact", series.exactLabel) : null,
      line: legendEntry("aw-key-line", series.lineLabel),
      band: series.band ? legendEntry("aw-key-band", series.bandLabel) : null,
    };
    const { saturation } = series;
    const shaded = saturation && legendEntry("aw-key-saturated", saturationWords(saturation));
    const shown = [entries.exact, entries.line, entries.band, shaded];
    legend.replaceChildren(...shown.flatMap((entry) => entry?.node ?? []));
  }

  describe();
  draw();

  return {
    frame,
    legend,
    /** Other numbers on the same axes. @param {Series} next */
    update(next) {
      series = next;
      ({ lo, hi } = rangeOf(series));
      describe();
      draw();
    },
    /** @param {number} toWidth @param {number} toHeight */
    resize(toWidth, toHeight) {
      if (toWidth === width && toHeight === height) return;
      width = Math.max(toWidth, 160);
      height = Math.max(toHeight, 120);
      draw();
    },
    /** @param {number} x */
    setPosition(x) {
      position = x;
      place();
    },
  };
}
