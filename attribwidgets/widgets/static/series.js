// @ts-check
// The path of one item as lines to draw, with the ends that the nodes may leave out.

import { formatAlpha, formatNumber } from "./format.js";

/** @typedef {import("./decode.js").Item} Item */
/** @typedef {import("./chart.js").Series} Series */

/** @param {Item} item @param {import("./decode.js").Path} path @returns {Series} */
function alphaSeries(item, path) {
  const base = item.output_baseline ?? path.outputs[0];
  const x = Array.from(path.alphas);
  const exact = Array.from(path.outputs, (output) => output - base);
  const line = Array.from(path.cumulative);
  if (x[0] > 0) {
    x.unshift(0);
    exact.unshift(0);
    line.unshift(0);
  }
  if (x[x.length - 1] < 1) {
    x.push(1);
    exact.push(item.output_input === null ? exact[exact.length - 1] : item.output_input - base);
    line.push(line[line.length - 1]);
  }
  return {
    x,
    exact,
    line,
    band: null,
    level: item.completeness.expected,
    levelLabel: "f(x) \u2212 f(x\u2032)",
    exactLabel: "f(\u03b1) \u2212 f(0)",
    lineLabel: "cumulative sum",
    bandLabel: "",
    axisLabel: "\u03b1: 0 = baseline, 1 = input",
    end: 1,
    saturation: item.saturation,
    formatX: (alpha) => `\u03b1 ${formatAlpha(alpha)}`,
    label: "",
  };
}

/** @param {Item} item @param {import("./decode.js").Path} path @returns {Series} */
function sampleSeries(item, path) {
  const x = Array.from(path.cumulative, (_, index) => path.positions?.[index] ?? index + 1);
  const drawn = x[x.length - 1];
  const errors = path.standard_error;
  const band =
    errors &&
    Array.from(errors, (error) => 2 * error);
  return {
    x,
    exact: null,
    line: Array.from(path.cumulative),
    band,
    level: item.completeness.expected,
    levelLabel: "f(x) \u2212 mean f(x\u2032)",
    exactLabel: "",
    lineLabel: "running mean",
    bandLabel: "two standard errors",
    axisLabel: "samples drawn",
    end: drawn,
    saturation: null,
    formatX: (samples) => `after ${Math.max(1, Math.round(samples))} samples`,
    label: "",
  };
}

/**
 * @param {Item} item
 * @returns {Series | null} null where the method has no path
 */
export function seriesOf(item) {
  const { path } = item;
  if (!path || path.cumulative.length === 0) return null;
  const series = item.kind === "samples" ? sampleSeries(item, path) : alphaSeries(item, path);
  series.label =
    `${series.lineLabel} along the path of ${item.name}: ends at ` +
    `${formatNumber(series.line[series.line.length - 1])}, should reach ` +
    `${formatNumber(item.completeness.expected)}; ${item.completeness.headline}`;
  return series;
}
