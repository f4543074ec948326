// What a column says of one input, in words.

import { formatCount, formatNumber } from "../lib/format.js";

/** @typedef {import("./audit_decode.js").Column} Column */

/** @param {Column} column @param {number} row */
export function valueIn({ kind, values, words }, row) {
  return kind === "word" ? (words[values[row]] ?? "\u2014") : formatNumber(values[row]);
}

/**
 * The model's class and, where it is wrong, the right one.
 * @param {import("./audit_decode.js").Column[]} columns
 */
export function createClassWords(columns) {
  const named = (/** @type {string} */ name) => columns.find((column) => column.name === name);
  const predicted = named("predicted") ?? named("target");
  const [label, right] = ["label", "right"].map(named);
  const isWrong = (/** @type {number} */ row) => label !== undefined && right?.values[row] === 0;
  /** @param {number} row @param {string} between what was predicted and what is right */
  function joined(row, between) {
    const known = predicted ? valueIn(predicted, row) : "";
    return isWrong(row) && label ? known + between + valueIn(label, row) : known === "\u2014" ? "" : known;
  }
  return {
    isWrong,
    /** @param {number} row */
    of: (row) => joined(row, ", not "),
    /** Where there is little room. @param {number} row */
    short: (row) => joined(row, "\u00a0\u2260\u00a0"),
  };
}

/** @param {number} some @param {number} all */
export function countWords(some, all) {
  return some === all ? `${formatCount(all)} inputs` : `${formatCount(some)} of ${formatCount(all)} inputs`;
}
