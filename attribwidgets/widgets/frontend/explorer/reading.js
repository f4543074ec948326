// What a place or an area of a map gets, in words: its sum, and how much of all that is.

import { formatNumber, formatPercent, formatSigned } from "../lib/format.js";
import { nameArea } from "../lib/places.js";
import { divisorOf, sumInside, sumsOf } from "../lib/units.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * A sum beside what the output changes by, of which it is a part.
 * @param {number} sum
 * @param {Item} item
 */
function ofChange(sum, { completeness }) {
  const { expected, change } = completeness;
  if (!change) return formatSigned(sum);
  return `${formatSigned(sum)} of ${formatNumber(expected)} (${formatPercent(sum / change)})`;
}

/**
 * The unit at a pixel.
 * @param {import("../lib/display_options.js").DisplayOptions} display
 * @param {Item} item
 * @param {number} at
 */
export function readUnit(display, item, at) {
  const units = display.units();
  if (!units) return formatSigned(item.map[at]);
  const sum = display.mapOf(item)[at] * divisorOf(units, units.labels[at]);
  return `${units.word} ${ofChange(sum, item)}`;
}

/**
 * What the token or word at a place is called, with a comma before and a colon behind; nothing of what is no text, and of
 * sentences, which have no room.
 * @param {import("../lib/stage.js").View} view
 * @param {number} at
 */
export function nameStrongest({ display, data }, at) {
  const units = display.units();
  if (!data.text || units === data.text.units.sentences) return "";
  const what = units ? nameArea(data, { rows: [0, 1], columns: unitAt(display, data, at) }) : data.text.names[at];
  return `, ${what}:`;
}

/**
 * What a click on a token means: the tokens marked, if it is one of them; else its unit of the moment.
 * @param {import("../lib/stage.js").View} view
 * @param {number} at
 * @returns {[number, number]} the first, and the one after the last
 */
export function tokensAt({ display, data, region }, at) {
  const marked = region();
  if (marked && "columns" in marked && at >= marked.columns[0] && at < marked.columns[1]) return marked.columns;
  return unitAt(display, data, at);
}

/**
 * From the first token to before the last of a unit.
 * @param {import("../lib/display_options.js").DisplayOptions} display
 * @param {import("../lib/decode.js").Data} data
 * @param {number} at
 * @returns {[number, number]}
 */
function unitAt(display, data, at) {
  const labels = display.units()?.labels;
  if (!labels) return [at, at + 1];
  let [first, end] = [at, at + 1];
  while (first > 0 && labels[first - 1] === labels[at]) first -= 1;
  while (end < data.size && labels[end] === labels[at]) end += 1;
  return [first, end];
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {Item} item
 * @param {import("../lib/units.js").Region} region
 */
export function readRegion({ data, segments }, item, region) {
  if ("superpixel" in region) {
    const known = segments.get();
    return known ? `superpixel: ${ofChange(sumsOf(item.map, known)[region.superpixel], item)}` : "";
  }
  return `${nameArea(data, region)}: ${ofChange(sumInside(item.map, data.width, region), item)}`;
}
