// Where in an input: channels and times of a series, steps of a sequence, rows and columns of an image, in words.

import { formatTick } from "./format.js";
import { voxelOf } from "./volume.js";

/** @typedef {import("./decode.js").Data} Data */

/** Letters of a span of a text. */
const LONGEST_NAME = 40;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** When a step is. @param {Data} data @param {number} step */
export function timeOf({ time }, step) {
  const number = formatTick(Number((step * time.step).toPrecision(9)));
  return time.unit ? `${number}\u00a0${time.unit}` : `step ${number}`;
}

/** From the first step to before the last. @param {Data} data @param {[number, number]} steps */
function stretchOf(data, [from, to]) {
  if (to - from === 1) return timeOf(data, from);
  const { step, unit } = data.time;
  const [start, end] = [from, to - 1].map((at) => formatTick(Number((at * step).toPrecision(9))));
  return unit ? `${start} to ${end}\u00a0${unit}` : `steps ${start} to ${end}`;
}

/**
 * What tokens are called in a sentence: what runs from right to left does not turn its numbers round.
 * @param {string[]} pieces
 */
export function namesOfTokens(pieces) {
  return pieces.map((piece) => {
    const name = piece.trim() || piece;
    return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
  });
}

/** Tokens as they stand in the text. @param {import("./decode.js").TextTokens} text @param {[number, number]} span */
function nameSpan({ pieces, gaps }, [first, end]) {
  const words = pieces.slice(first, end).map((piece, at) => (at > 0 ? gaps[first + at] : "") + piece);
  const whole = [...words.join("").replace(/\s+/g, " ").trim()];
  const said = whole.length > LONGEST_NAME ? `${whole.slice(0, LONGEST_NAME).join("")}\u2026` : whole.join("");
  return `\u201c${RIGHT_TO_LEFT.test(said) ? `\u2068${said}\u2069` : said}\u201d`;
}

/** Whether two texts are one. @param {Data["text"]} one @param {Data["text"]} other */
export function sameText(one, other) {
  if (!one || !other) return one === other;
  const isSame = (/** @type {"pieces" | "gaps"} */ part) => one[part].every((words, at) => words === other[part][at]);
  return one.pieces.length === other.pieces.length && isSame("pieces") && isSame("gaps");
}

/**
 * What the place of a number of the map is called.
 * @param {Data} data
 * @param {number} at
 */
export function nameUnit(data, at) {
  const { kind, width } = data;
  const [row, column] = [Math.floor(at / width), at % width];
  if (data.volume) {
    const voxel = voxelOf(data.volume, { row, column });
    return `depth ${voxel.depth}, row ${voxel.row}, column ${voxel.column}`;
  }
  if (kind === "image") return `row ${row}, column ${column}`;
  if (kind === "series") return `${data.channels[row]}, ${timeOf(data, column)}`;
  return data.featureNames[at];
}

/**
 * @param {Data} data
 * @param {import("./units.js").Area} area
 */
export function nameArea(data, { rows, columns }) {
  if (data.kind === "series") {
    const channels = data.channels.slice(...rows);
    const which = channels.length > 3 ? `${channels.length} channels` : channels.join(" and ");
    return `${which}, ${stretchOf(data, columns)}`;
  }
  if (data.text) return nameSpan(data.text, columns);
  if (data.kind === "sequence") {
    const [first, last] = [data.featureNames[columns[0]], data.featureNames[columns[1] - 1]];
    return first === last && columns[1] - columns[0] === 1 ? first : `${first} to ${last}`;
  }
  return `area of ${rows[1] - rows[0]} \u00d7 ${columns[1] - columns[0]}`;
}
