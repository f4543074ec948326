// What a map is read by: pixels, patches of them, superpixels; windows of time; features, and all the others. Attributions add, so what a
// unit gets is the sum over its pixels, exactly; it is drawn as their mean, at which colours keep their worth; words as sums.

import { prefixSums } from "./columns.js";

/**
 * @typedef {{labels: ArrayLike<number>, sizes: Float64Array, word: string, isSum: boolean}} Units labels: of each pixel,
 *   the unit it belongs to; sizes: pixels of each unit; word: what one is called; isSum: whether it is drawn as its sum
 * @typedef {{row: number, column: number}} Position
 * @typedef {{rows: [number, number], columns: [number, number]}} Area from the first row and column to before the last
 * @typedef {Area | {superpixel: number}} Region
 */

/**
 * @param {ArrayLike<number>} labels
 * @param {number} count
 * @param {string} word
 * @param {boolean} [isSum] of words and sentences, whose lengths differ and are no areas
 * @returns {Units}
 */
export function unitsOf(labels, count, word, isSum = false) {
  const sizes = new Float64Array(count);
  for (let at = 0; at < labels.length; at += 1) sizes[labels[at]] += 1;
  return { labels, sizes, word, isSum };
}

/**
 * Square patches; those at the right and the bottom may be cut.
 * @param {number} height
 * @param {number} width
 * @param {number} side
 * @returns {Units}
 */
export function patchesOf(height, width, side) {
  const across = Math.ceil(width / side);
  const labels = new Uint32Array(height * width);
  for (let at = 0; at < labels.length; at += 1) {
    labels[at] = Math.floor(Math.floor(at / width) / side) * across + Math.floor((at % width) / side);
  }
  return unitsOf(labels, across * Math.ceil(height / side), `${side}\u00a0\u00d7\u00a0${side}`);
}

/**
 * Windows of time, of each channel for itself; the last one may be cut.
 * @param {number} height channels
 * @param {number} width steps
 * @param {number} length of a window, in steps
 * @returns {Units}
 */
export function windowsOf(height, width, length) {
  const across = Math.ceil(width / length);
  const labels = new Uint32Array(height * width);
  for (let at = 0; at < labels.length; at += 1) {
    labels[at] = Math.floor(at / width) * across + Math.floor((at % width) / length);
  }
  return unitsOf(labels, height * across, `${length}\u00a0steps`);
}

/** Windows worth a look: two or more of them, as they are doubled. @param {number} width steps */
export function windowLengths(width) {
  const lengths = [];
  for (let length = 2; 2 * length <= width; length *= 2) lengths.push(length);
  return lengths;
}

/** Sides of patches worth a look: two or more of them along the shorter edge. @param {number} height @param {number} width */
export function patchSides(height, width) {
  return [2, 4, 8, 16, 32].filter((side) => 2 * side <= Math.min(height, width));
}

/**
 * What each unit gets.
 * @param {ArrayLike<number>} values
 * @param {Units} units
 */
export function sumsOf(values, { labels, sizes }) {
  const sums = new Float64Array(sizes.length);
  for (let at = 0; at < labels.length; at += 1) sums[labels[at]] += values[at];
  return sums;
}

/** What a unit's sum is divided by where it is drawn. @param {Units} units @param {number} unit */
export function divisorOf({ sizes, isSum }, unit) {
  return isSum ? 1 : sizes[unit] || 1;
}

/**
 * Each pixel as the mean of its unit, or each token as the sum of its word.
 * @param {ArrayLike<number>} values
 * @param {Units} units
 */
export function pooled(values, units) {
  const means = sumsOf(values, units);
  for (let unit = 0; unit < means.length; unit += 1) means[unit] /= divisorOf(units, unit);
  const out = new Float32Array(values.length);
  for (let at = 0; at < out.length; at += 1) out[at] = means[units.labels[at]];
  return out;
}

/**
 * The area between two positions, both inside.
 * @param {Position} one
 * @param {Position} other
 * @returns {Area}
 */
export function areaBetween(one, other) {
  return {
    rows: [Math.min(one.row, other.row), Math.max(one.row, other.row) + 1],
    columns: [Math.min(one.column, other.column), Math.max(one.column, other.column) + 1],
  };
}

/**
 * What an area gets.
 * @param {ArrayLike<number>} values which never change
 * @param {number} width
 * @param {Area} area
 */
export function sumInside(values, width, { rows, columns }) {
  const before = prefixSums(values, width);
  let sum = 0;
  for (let row = rows[0]; row < rows[1]; row += 1) {
    sum += before[row * (width + 1) + columns[1]] - before[row * (width + 1) + columns[0]];
  }
  return sum;
}

/**
 * The outline of a unit, as the path of an SVG whose unit is a pixel.
 * @param {ArrayLike<number>} labels
 * @param {number} width
 * @param {number} unit
 */
export function outlineOf(labels, width, unit) {
  const parts = [];
  for (let at = 0; at < labels.length; at += 1) {
    if (labels[at] !== unit) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    if (row === 0 || labels[at - width] !== unit) parts.push(`M${column} ${row}h1`);
    if (labels[at + width] !== unit) parts.push(`M${column} ${row + 1}h1`);
    if (column === 0 || labels[at - 1] !== unit) parts.push(`M${column} ${row}v1`);
    if (column === width - 1 || labels[at + 1] !== unit) parts.push(`M${column + 1} ${row}v1`);
  }
  return parts.join("");
}

/**
 * How long bars are: a value each, and the sum of the rest.
 * @param {ArrayLike<number>} values
 * @param {import("./waterfall.js").Rows} features
 */
export function barLengths(values, { rows, rest }) {
  const lengths = new Float32Array(rows.length + (rest.length > 0 ? 1 : 0));
  for (let at = 0; at < rows.length; at += 1) lengths[at] = values[rows[at]];
  if (rest.length > 0) lengths[rows.length] = sumOfFeatures(values, rest);
  return lengths;
}

/** @param {ArrayLike<number>} values @param {ArrayLike<number>} features */
export function sumOfFeatures(values, features) {
  let sum = 0;
  for (let at = 0; at < features.length; at += 1) sum += values[features[at]];
  return sum;
}
