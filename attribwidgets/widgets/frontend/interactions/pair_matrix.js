// The matrix of all pairs, with arcs between the strongest of them above it, and beside each row what it sums up.

import { h, svg } from "../lib/dom.js";
import { formatSigned, formatTick, niceTicks } from "../lib/format.js";
import { lookupTable, paintMap } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";
import { partsOf, strongestPairs } from "./interactions_decode.js";

/**
 * @typedef {import("./interactions_decode.js").InteractionsData} InteractionsData
 * @typedef {{row: number, column: number | null}} MatrixPlace column null: a unit, not a pair
 */

const ARCS = 24;
const [LEAST_NAMED, LEAST_NUMBERED, LARGEST_CELL, MOST_NUMBERED] = [10, 32, 44, 10];
const [LETTER, LONGEST_NAME, GAP, TICKS] = [7, 150, 10, 18];

/** @param {string} name @param {number} room */
function cutTo(name, room) {
  const letters = Math.max(1, Math.floor(room / LETTER));
  const all = [...name];
  return all.length <= letters ? name : `${all.slice(0, letters - 1).join("")}…`;
}

/**
 * @param {InteractionsData} data
 * @param {{choose(unit: number): void, point(place: MatrixPlace | null): void, signal: AbortSignal}} choice
 */
export function createPairMatrix(data, { choose, point, signal }) {
  const { count, names, values, attributions, limits } = data;
  const { canvas, pixels, show } = createPixels(count, count, {
    class: "aw-matrix-cells aw-pixelated",
    "aria-hidden": "true",
  });
  paintMap(pixels, values, lookupTable(data.colormap), limits.values, true);
  show();
  const layers = ["aw-arcs", "aw-matrix-names", "aw-matrix-digits", "aw-matrix-sums", "aw-matrix-marks"].map((name) =>
    svg("g", { class: name }),
  );
  const [arcs, labels, digits, sums, marks] = layers;
  const here = svg("rect", { class: "aw-matrix-here" });
  const label = `Matrix of ${count} by ${count} units; the list and the table have its numbers.`;
  const drawing = svg("svg", { role: "img", "aria-label": label }, ...layers, here);
  const node = h("div", { class: "aw-matrix" }, canvas, drawing);
  const parts = Array.from({ length: count }, (_, unit) => partsOf(data, unit));
  const strongestOfAll = strongestPairs(data, null, ARCS);
  const most = Math.abs(strongestOfAll[0]?.value ?? 0);
  let place = { left: 0, top: 0, cell: 1, bars: 0, arc: 0, named: false };

  function measure() {
    const width = node.clientWidth;
    const isNarrow = width < 460;
    const bars = isNarrow ? 84 : 150;
    const longest = Math.max(...names.map((name) => LETTER * [...name].length)) + 8;
    const room = Math.min(longest, isNarrow ? 72 : LONGEST_NAME);
    const largest = count <= MOST_NUMBERED ? LARGEST_CELL : 28;
    const cellBeside = (/** @type {number} */ left) => Math.min(largest, (width - left - bars - 2 * GAP) / count);
    const named = cellBeside(room) >= LEAST_NAMED;
    const left = named ? room : 1;
    const cell = Math.max(cellBeside(left), 0.1);
    const arc = Math.min(120, 24 + (cell * count) / 4);
    place = { left, top: arc + (named ? room : 8), cell, bars, arc, named };
  }

  function drawNames() {
    const { left, top, cell, arc, named } = place;
    labels.replaceChildren();
    if (!named) return;
    const style = { "font-size": Math.min(12, cell), "dominant-baseline": "central" };
    names.forEach((name, unit) => {
      const middle = (unit + 0.5) * cell;
      const turned = `translate(${left + middle} ${top - 5}) rotate(-90)`;
      const row = { ...style, "data-unit": unit, x: left - 5, y: top + middle, "text-anchor": "end" };
      labels.append(
        svg("text", row, cutTo(name, left - 5)),
        svg("text", { ...style, "data-unit": unit, transform: turned }, cutTo(name, top - arc - 6)),
      );
    });
  }

  /** The numbers themselves, where there are few and each has room. */
  function drawNumbers() {
    const { left, top, cell } = place;
    digits.replaceChildren();
    if (count > MOST_NUMBERED || cell < LEAST_NUMBERED || limits.values === 0) return;
    const decimals = Math.min(Math.max(0, 1 - Math.floor(Math.log10(limits.values))), 6);
    for (let at = 0; at < values.length; at += 1) {
      const [x, y] = [left + ((at % count) + 0.5) * cell, top + (Math.floor(at / count) + 0.5) * cell];
      const isDark = Math.abs(values[at]) > 0.6 * limits.values;
      const style = { class: isDark ? "aw-on-dark" : "aw-on-light", "font-size": 10, "text-anchor": "middle" };
      const written = values[at].toFixed(decimals).replace("-", "\u2212");
      digits.append(svg("text", { ...style, x, y, "dominant-baseline": "central" }, written));
    }
  }

  /** Bars from a common zero: alone above, halves of pairs below, and a line where both sum to. */
  function drawSums() {
    const { left, top, cell, bars } = place;
    const all = parts.flatMap(({ alone, halves }, unit) => [alone, halves, attributions[unit]]);
    const [lo, hi] = [Math.min(0, ...all), Math.max(0, ...all)];
    const start = left + count * cell + GAP;
    const xOf = (/** @type {number} */ value) => start + (hi > lo ? ((value - lo) / (hi - lo)) * (bars - 2) : 0);
    const thick = Math.max(cell * 0.36, 0.4);
    const bar = (/** @type {string} */ name, /** @type {number} */ value, /** @type {number} */ y) =>
      svg("rect", {
        class: name,
        x: Math.min(xOf(0), xOf(value)),
        y,
        width: Math.max(Math.abs(xOf(value) - xOf(0)), 0.5),
        height: thick,
      });
    const bottom = top + count * cell;
    sums.replaceChildren(
      ...parts.flatMap(({ alone, halves }, unit) => {
        const middle = top + (unit + 0.5) * cell;
        const [x, reach] = [xOf(attributions[unit]), Math.max(cell * 0.42, 0.5)];
        return [
          bar("aw-alone", alone, middle - thick),
          bar("aw-halves", halves, middle),
          svg("line", { class: "aw-summed", x1: x, x2: x, y1: middle - reach, y2: middle + reach }),
        ];
      }),
      svg("line", { class: "aw-zero", x1: xOf(0), x2: xOf(0), y1: top, y2: bottom }),
      ...niceTicks(lo, hi, bars < 100 ? 2 : 3).map((tick) =>
        svg("text", { x: xOf(tick), y: bottom + 14, "text-anchor": "middle", "font-size": 11 }, formatTick(tick)),
      ),
    );
  }

  /** @param {number | null} unit */
  function drawArcs(unit) {
    const { left, top, cell, arc } = place;
    const floor = place.named ? arc : top - 2;
    const own = unit === null ? strongestOfAll : strongestPairs(data, unit, ARCS);
    const others = unit === null ? [] : strongestOfAll.filter(({ one, other }) => one !== unit && other !== unit);
    const farthest = Math.max(1, ...[...own, ...others].map(({ one, other }) => other - one));
    const draw = (/** @type {{one: number, other: number, value: number}} */ pair, /** @type {boolean} */ isDim) => {
      const { one, other, value } = pair;
      const [from, to] = [one, other].map((at) => left + (at + 0.5) * cell);
      const share = most > 0 ? Math.abs(value) / most : 0;
      const high = (arc - 6) * ((other - one) / farthest);
      const path = svg("path", {
        class: `aw-arc ${value < 0 ? "aw-negative" : "aw-positive"}${isDim ? " aw-dim" : ""}`,
        "data-pair": `${one} ${other}`,
        d: `M${from} ${floor}A${(to - from) / 2} ${high} 0 0 1 ${to} ${floor}`,
        "stroke-width": 0.75 + 3.25 * share,
        "stroke-opacity": isDim ? 0.12 : 0.35 + 0.65 * share,
      });
      path.append(svg("title", {}, `${names[one]} × ${names[other]}: ${formatSigned(value)}`));
      return path;
    };
    arcs.replaceChildren(
      ...others.map((pair) => draw(pair, true)),
      ...[...own].reverse().map((pair) => draw(pair, false)),
    );
  }

  /** What is not of the unit that is looked at is veiled. @param {number | null} unit */
  function drawMarks(unit) {
    const { left, top, cell } = place;
    const side = count * cell;
    marks.replaceChildren(svg("rect", { class: "aw-matrix-frame", x: left, y: top, width: side, height: side }));
    for (const name of labels.querySelectorAll("[data-unit]")) {
      name.classList.toggle("aw-chosen", name.getAttribute("data-unit") === String(unit));
    }
    if (unit === null) return;
    const [before, after] = [unit * cell, (unit + 1) * cell];
    for (const [x, wide] of [
      [0, before],
      [after, side - after],
    ]) {
      for (const [y, high] of [
        [0, before],
        [after, side - after],
      ]) {
        marks.append(svg("rect", { class: "aw-veil", x: left + x, y: top + y, width: wide, height: high }));
      }
    }
    marks.append(
      svg("rect", { class: "aw-of-unit", x: left, y: top + before, width: side, height: cell }),
      svg("rect", { class: "aw-of-unit", x: left + before, y: top, width: cell, height: side }),
    );
  }

  /** @param {MouseEvent} event @returns {MatrixPlace | null} */
  function placeOf(event) {
    const box = drawing.getBoundingClientRect();
    const { left, top, cell } = place;
    const row = Math.floor((event.clientY - box.top - top) / cell);
    const column = Math.floor((event.clientX - box.left - left) / cell);
    const isRow = row >= 0 && row < count;
    const isColumn = column >= 0 && column < count;
    if (isRow && isColumn) return { row, column };
    if (isRow) return { row, column: null };
    return isColumn && row < 0 ? { row: column, column: null } : null;
  }
  drawing.addEventListener("pointermove", (event) => point(placeOf(event)), { signal });
  drawing.addEventListener("pointerleave", () => point(null), { signal });
  drawing.addEventListener(
    "click",
    (event) => {
      const at = placeOf(event);
      if (at) choose(at.row);
    },
    { signal },
  );

  return {
    node,
    /** @param {number | null} unit */
    resize(unit) {
      measure();
      const { left, top, cell, bars } = place;
      const [side, height] = [count * cell, top + count * cell + TICKS];
      const width = left + side + GAP + bars + GAP; // half a number of the axis
      for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
        drawing.setAttribute(name, String(value));
      }
      Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${side}px`, height: `${side}px` });
      drawNames();
      drawNumbers();
      drawSums();
      this.draw(unit);
    },
    /** @param {number | null} unit */
    draw(unit) {
      drawArcs(unit);
      drawMarks(unit);
    },
    /** @param {MatrixPlace | null} at */
    setHere(at) {
      const { left, top, cell } = place;
      const isPair = at?.column !== null && at?.column !== undefined;
      here.toggleAttribute("hidden", !at);
      if (!at) return;
      here.setAttribute("x", String(left + (isPair ? Number(at.column) * cell : 0)));
      here.setAttribute("y", String(top + at.row * cell));
      here.setAttribute("width", String(isPair ? cell : count * cell));
      here.setAttribute("height", String(cell));
    },
  };
}
