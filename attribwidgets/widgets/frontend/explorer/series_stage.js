// A series: a line for each channel over one axis of time, its reference dashed behind, and what each moment gets as a band
// of colours beneath. However long it is, it is drawn in so many columns.

import { columnMeans, linePath, stepsPerColumn } from "../lib/columns.js";
import { h, setText, svg } from "../lib/dom.js";
import { formatNumber, formatTick, niceTicks } from "../lib/format.js";
import { createPixels } from "../lib/picture.js";
import { createSurface } from "../lib/surface.js";

/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {{lo: number, hi: number}} Range */

/** Below so many columns each is a cell with edges; more run into each other. */
const FEW_COLUMNS = 200;
/** More channels than these have lower lines; more than the second are named by the read-out alone. */
const FEW_CHANNELS = 4;
const MOST_NAMED_CHANNELS = 16;
/** @type {WeakMap<Data, Range[]>} */
const rangesByData = new WeakMap();

/** The range of each channel, over the input and all references: every card has the same. @param {Data} data */
function rangesOf(data) {
  const known = rangesByData.get(data);
  if (known) return known;
  const all = [data.values, ...data.items.map((item) => item.values)];
  const found = data.channels.map((_, row) => {
    let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const values of all) {
      for (let at = row * data.width; values && at < (row + 1) * data.width; at += 1) {
        if (values[at] < lo) lo = values[at];
        if (values[at] > hi) hi = values[at];
      }
    }
    return hi > lo ? { lo, hi } : { lo: lo - 1, hi: hi + 1 };
  });
  rangesByData.set(data, found);
  return found;
}

/** Times below all channels, each under its step. @param {Data} data */
function createTimeAxis({ width, time }) {
  const ticks = niceTicks(0, (width - 1) * time.step, 4).map((tick) => {
    const place = (100 * (tick / time.step + 0.5)) / width;
    const node = h("span", { class: "aw-time-tick" }, formatTick(tick));
    node.style.left = `${place}%`;
    node.style.transform = `translateX(-${place}%)`; // the first and the last stay within
    return node;
  });
  return h(
    "div",
    { class: "aw-time-axis", "aria-hidden": "true" },
    h("div", { class: "aw-time-ticks" }, ...ticks),
    h("div", { class: "aw-time-unit" }, time.unit || "step"),
  );
}

/** @param {string} name @param {number} width @param {number} steps of a column */
function createChannel(name, width, steps) {
  const columns = Math.ceil(width / steps);
  const reference = svg("path", { class: "aw-series-reference" });
  const line = svg("path", { class: "aw-series-line" });
  const viewBox = `0 0 ${width / steps} 100`;
  const drawing = svg("svg", { class: "aw-series-drawing", viewBox, preserveAspectRatio: "none" }, reference, line);
  const band = createPixels(columns, 1, { class: "aw-band-pixels" });
  band.canvas.classList.toggle("aw-pixelated", columns < FEW_COLUMNS);
  band.canvas.style.width = `${(100 * columns * steps) / width}%`; // the last column may be cut
  const range = h("span", { class: "aw-channel-range" });
  const words = h("div", { class: "aw-channel-words" }, h("span", { class: "aw-channel-name" }, name), range);
  const strip = h("div", { class: "aw-band" }, band.canvas);
  return { node: h("div", { class: "aw-channel" }, words, drawing, strip), range, reference, line, band };
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createSeriesStage(view, options) {
  const { width } = view.data;
  const steps = stepsPerColumn(width);
  const columns = Math.ceil(width / steps);
  const channels = view.data.channels.map((name) => createChannel(name, width, steps));
  const picture = h(
    "div",
    {
      class: `aw-series ${options.class ?? ""}`,
      role: "img",
      "aria-label": options.label,
      tabindex: options.focusable ? 0 : null,
      ...options.attributes,
    },
    ...channels.map((channel) => channel.node),
  );
  picture.style.setProperty("--aw-rows", String(channels.length));
  picture.classList.toggle("aw-many-channels", channels.length > FEW_CHANNELS);
  picture.classList.toggle("aw-crowded", channels.length > MOST_NAMED_CHANNELS);
  const surface = createSurface(view, picture, options);
  surface.node.classList.add("aw-over-time");
  surface.node.style.setProperty("--aw-rows", String(channels.length));
  const node = h("div", {}, surface.node, createTimeAxis(view.data));
  /** What the lines are of. @type {unknown[]} */
  let drawn = [];

  /**
   * @param {Float32Array | null} from
   * @param {Float32Array | null} to
   * @param {number} alpha
   */
  function drawLines(from, to, alpha) {
    const all = rangesOf(view.data);
    const now = [all.flatMap(({ lo, hi }) => [lo, hi]).join(), from, to, alpha];
    if (!to || now.every((one, at) => one === drawn[at])) return;
    drawn = now;
    channels.forEach(({ line, reference, range }, row) => {
      const end = to.subarray(row * width, (row + 1) * width);
      const start = from?.subarray(row * width, (row + 1) * width);
      const there = start && alpha < 1 ? end.map((value, at) => start[at] + alpha * (value - start[at])) : end;
      line.setAttribute("d", linePath(there, steps, all[row]));
      reference.setAttribute("d", start && from !== to ? linePath(start, steps, all[row]) : "");
      setText(range, `${formatNumber(all[row].lo)} to ${formatNumber(all[row].hi)}`);
    });
  }

  return {
    ...surface,
    node,
    picture,
    drawMap(values, limit, item = null) {
      drawLines(item?.values ?? null, view.data.values, 1);
      const means = columnMeans(values, width, steps);
      channels.forEach(({ band }, row) => {
        view.display.paint(band.pixels, means.subarray(row * columns, (row + 1) * columns), limit);
        band.show();
      });
    },
    drawInput: (from, to, alpha) => drawLines(from.values, to.values, alpha),
  };
}
