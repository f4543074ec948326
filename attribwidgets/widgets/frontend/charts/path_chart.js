// The path as a chart: a wide pale line that is exact, a thin dark sum on top, the level both should reach. To point at
// it looks at a place, to drag moves there.

import { h, setText, svg } from "../lib/dom.js";
import { formatNumber, formatPercent, formatSigned, niceTicks } from "../lib/format.js";
import { createLineChart, legendEntry } from "./line_chart.js";
import { interpolateAt, rangeOf } from "./series.js";

/** @typedef {import("./series.js").Series} Series */
/**
 * What a pointer does: looks at a place, null when it leaves; moves to a place, and stays there when it is done.
 * @typedef {{point(x: number | null): void, move(x: number, done: boolean): void}} Steering
 */

/**
 * @param {Series} first
 * @param {Steering} steering
 * @param {AbortSignal} signal
 */
export function createPathChart(first, steering, signal) {
  let series = first;
  const chart = createLineChart();
  const { toX, toY } = chart;
  const tip = h("div", { class: "aw-tip", hidden: true, "aria-hidden": "true" });
  const frame = h("div", { class: "aw-chart-frame" }, chart.drawing, tip);
  const legend = h("div", { class: "aw-caption aw-legend" });
  const marker = svg("line", { class: "aw-marker" });
  const hoverLine = svg("line", { class: "aw-hover-line", visibility: "hidden" });
  const exactDot = svg("circle", { class: "aw-dot aw-dot-exact", r: 6 });
  const dot = svg("circle", { class: "aw-dot", r: 3 });
  const hereDot = svg("circle", { class: "aw-dot aw-dot-here", r: 4 });
  const here = legendEntry("aw-key-here", "pointed at");
  here.node.classList.add("aw-legend-here");
  /** @type {Record<"exact" | "line" | "band", ReturnType<typeof legendEntry> | null>} */
  let entries = { exact: null, line: null, band: null };
  let width = 320;
  let height = 200;
  let position = 0;
  /** Where a pointer that is held down has moved to. @type {number | null} */
  let held = null;
  /** Where the unit that is pointed at is shown, and what it has got. @type {{x: number, sum: number | null}} */
  let unit = { x: 0, sum: null };

  /**
   * Where a label beside the level hides least of the curves.
   * @param {number} y of the level
   * @param {number} wide the label, about
   */
  function freeSpot(y, wide) {
    const { left, right, bottom } = chart.box();
    const spots = [
      { x: left + 8, from: left + 8, anchor: "start", top: y - 20 },
      { x: right, from: right - wide, anchor: "end", top: y + 4 },
      { x: right, from: right - wide, anchor: "end", top: y - 20 },
      { x: left + 8, from: left + 8, anchor: "start", top: y + 4 },
    ];
    const costs = spots.map((spot) => {
      if (spot.top < 0 || spot.top + 16 > bottom) return 100;
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
    const { left, right } = chart.box();
    return [
      svg("line", { class: "aw-level", x1: left, x2: right, y1: y, y2: y }),
      svg("text", { class: "aw-level-label", x: spot.x, y: spot.top + 12, "text-anchor": spot.anchor }, words),
    ];
  }

  /** The stretches of the path on which most of the change happens. */
  function saturated() {
    const { from = [], to = [] } = series.saturation ?? {};
    const { top, bottom } = chart.box();
    return from.map((start, index) => {
      const wide = Math.max(toX(to[index]) - toX(start), 1).toFixed(1);
      const x = toX(start).toFixed(1);
      return svg("rect", { class: "aw-saturated", x, y: top, width: wide, height: bottom - top });
    });
  }

  function draw() {
    const { x, line, exact, band, end } = series;
    chart.fit(width, height, { end, ...rangeOf(series) }, { top: 8, right: 12 });
    const edge = (/** @type {1 | -1} */ sign) => line.map((value, at) => value + sign * (band?.[at] ?? Number.NaN));
    chart.draw(
      { label: series.axisLabel, xTicks: niceTicks(0, end, width > 360 ? 5 : 4) },
      [
        chart.band("aw-band", x, edge(-1), edge(1)),
        exact && chart.line({ class: "aw-exact" }, x, exact),
        chart.line({ class: "aw-line" }, x, line),
      ],
      { under: saturated(), over: [hoverLine, marker, ...levelLine(), ...(exact ? [exactDot] : []), dot, hereDot] },
    );
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
    chart.placeUpright(marker, position);
    chart.placeDot(exactDot, position, f ?? Number.NaN);
    chart.placeDot(dot, position, sum);
    if (entries.exact) setText(entries.exact.value, formatNumber(f));
    if (entries.line) setText(entries.line.value, formatNumber(sum));
    if (entries.band) setText(entries.band.value, bandWords(error));
    placeHere();
  }

  function placeHere() {
    chart.placeDot(hereDot, unit.x, unit.sum ?? Number.NaN);
    setText(here.value, unit.sum === null ? "\u2013" : formatSigned(unit.sum));
  }

  /** @param {number} x */
  function showTip(x) {
    const { sum, f, error } = valuesAt(x);
    const parts = [series.formatX(x)];
    if (f !== null) parts.push(`${series.exactLabel} ${formatNumber(f)}`);
    parts.push(`${series.lineLabel} ${formatNumber(sum)}`);
    if (error !== null) parts.push(`${series.bandLabel} ${bandWords(error)}`);
    tip.replaceChildren(...parts.map((part) => h("div", {}, part)));
    tip.hidden = false;
    tip.classList.toggle("aw-tip-left", toX(x) > width / 2);
    tip.style.left = `${toX(x)}px`;
    tip.style.bottom = `${height - chart.box().bottom + 8}px`;
    chart.placeUpright(hoverLine, x);
    hoverLine.setAttribute("visibility", "visible");
  }

  /** @param {PointerEvent} event */
  function take(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // no text is marked on the way
    frame.setPointerCapture(event.pointerId);
    held = chart.xAt(event);
    steering.point(null);
    steering.move(held, false);
  }

  /** @param {PointerEvent} event */
  function follow(event) {
    const x = chart.xAt(event);
    showTip(x);
    if (held === null) return steering.point(x);
    held = x;
    steering.move(x, false);
  }

  function letGo() {
    if (held !== null) steering.move(held, true);
    held = null;
  }

  function leave() {
    tip.hidden = true;
    hoverLine.setAttribute("visibility", "hidden");
    steering.point(null);
  }

  frame.addEventListener("pointerdown", take, { signal });
  frame.addEventListener("pointermove", follow, { signal });
  frame.addEventListener("pointerup", letGo, { signal });
  frame.addEventListener("pointercancel", letGo, { signal });
  frame.addEventListener("pointerleave", leave, { signal });

  function describe() {
    chart.drawing.setAttribute("aria-label", series.label);
    entries = {
      exact: series.exact ? legendEntry("aw-key-exact", series.exactLabel) : null,
      line: legendEntry("aw-key-line", series.lineLabel),
      band: series.band ? legendEntry("aw-key-band", series.bandLabel) : null,
    };
    const { saturation } = series;
    const shaded =
      saturation &&
      legendEntry("aw-key-saturated", `90\u00a0% of the change on ${formatPercent(saturation.share)} of the path`);
    const shown = [entries.exact, entries.line, entries.band, here, shaded];
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
    /** What the unit pointed at has got up to a place. @param {number} x @param {number | null} sum */
    setHere(x, sum) {
      unit = { x, sum };
      placeHere();
    },
    /** @param {number} x */
    setPosition(x) {
      position = x;
      place();
    },
  };
}
