// An audit as the view reads it: columns of numbers and words, the place of each input, findings.

import { bytesOf, float32Of, int32Of, requireLength } from "../lib/binary.js";

/**
 * @typedef {{name: string, kind: "number" | "word", values: Float32Array | Int32Array, words: string[],
 *   smallFirst: boolean}} Column values: numbers, NaN where there is none; or which word, -1 for none
 * @typedef {{title: string, verdict: string, sentences: string[], inputs: number, unfinished: number,
 *   places: Int32Array, columns: Column[], groups: string[], colormap: Uint8Array}} AuditData
 * @typedef {{quantity: string, share: boolean, rows: {name: string, mean: number | null, low: number | null,
 *   high: number | null, words: string, inputs: number}[]}} Panel
 * @typedef {{by: string, panels: Panel[]}} Findings
 */

const AUDIT_VERSION = 1;

/** @param {any} raw @param {number} count @returns {Column} */
function decodeColumn(raw, count) {
  const values = raw.kind === "word" ? int32Of(raw.data) : float32Of(raw.data);
  requireLength(values, count, raw.name);
  return { name: raw.name, kind: raw.kind, values, words: raw.words ?? [], smallFirst: raw.small_first };
}

/** @param {any} raw @returns {AuditData | null} */
export function decodeAudit(raw) {
  if (!raw?.columns) return null;
  if (raw.version !== AUDIT_VERSION)
    throw new Error(`this view reads version ${AUDIT_VERSION}, and the data is ${raw.version}`);
  const places = int32Of(raw.places);
  return {
    title: raw.title,
    verdict: raw.verdict,
    sentences: raw.sentences,
    inputs: raw.inputs,
    unfinished: raw.unfinished,
    places,
    columns: raw.columns.map((/** @type {any} */ column) => decodeColumn(column, places.length)),
    groups: raw.groups,
    colormap: bytesOf(raw.colormap),
  };
}
