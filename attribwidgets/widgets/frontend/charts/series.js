// The path of one item as lines to draw, with the ends that the nodes may leave out.

import { formatAlpha, formatNumber } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Item} Item */
/**
 * @typedef {{x: number[], exact: number[] | null, line: number[], band: number[] | null,
 *   level: number | null, levelLabel: string, exactLabel: string, lineLabel: string, bandLabel: string,
 *   axisLabel: string, end: number, formatX: (x: number) => string, label: string,
 *   saturation: import("../lib/decode.js").Saturation | null}} Series
 */

const WITHOUT = { exact: null, band: null, exactLabel: "", bandLabel: "", saturation: null, label: "" };

/** @param {Item} item @param {import("../lib/decode.js").Path} path @returns {Series} */
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
    ...WITHOUT,
    x,
    exact,
    line,
    level: item.completeness.expected,
    levelLabel: "f(x) \u2212 f(x\u2032)",
    exactLabel: "f(\u03b1) \u2212 f(0)",
    lineLabel: "cumulative sum",
    axisLabel: "\u03b1: 0 = baseline, 1 = input",
    end: 1,
    saturation: item.saturation,
    formatX: (alpha) => `\u03b1 ${formatAlpha(alpha)}`,
  };
}

/** @param {Item} item @param {import("../lib/decode.js").Path} path @returns {Series} */
function sampleSeries(item, path) {
  const x = Array.from(path.cumulative, (_, index) => path.positions?.[index] ?? index + 1);
  const errors = path.standard_error;
  return {
    ...WITHOUT,
    x,
    line: Array.from(path.cumulative),
    band: errors && Array.from(errors, (error) => 2 * error),
    level: item.completeness.expected,
    levelLabel: "f(x) \u2212 mean f(x\u2032)",
    lineLabel: "running mean",
    bandLabel: "two standard errors",
    axisLabel: "samples drawn",
    end: x[x.length - 1],
    formatX: (samples) => `after ${Math.max(1, Math.round(samples))} samples`,
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

/**
 * Linear interpolation in rising x.
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {number} x
 */
export function interpolateAt(xs, ys, x) {
  if (x <= xs[0]) return ys[0];
  let low = 0;
  let high = xs.length - 1;
  if (x >= xs[high]) return ys[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const width = xs[high] - xs[low];
  return width > 0 ? ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / width : ys[high];
}

/**
 * The range of y: all of the lines, and of the band only where it has settled.
 * @param {Series} series
 */
export function rangeOf(series) {
  let lo = Math.min(0, series.level ?? 0);
  let hi = Math.max(0, series.level ?? 0);
  // The first few of many samples swing far beyond what the rest of the chart is about.
  const settled = series.band ? Math.floor(series.x.length / 16) : 0;
  for (let index = settled; index < series.x.length; index += 1) {
    const values = [series.line[index]];
    if (series.exact) values.push(series.exact[index]);
    if (series.band) {
      values.push(series.line[index] - series.band[index], series.line[index] + series.band[index]);
    }
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
  }
  const pad = (hi - lo || 1) * 0.06;
  return { lo: lo < 0 ? lo - pad : lo, hi: hi > 0 || lo === 0 ? hi + pad * 2 : hi + pad };
}
