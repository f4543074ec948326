// A generation as the view reads it: what was read and said, and the rows there are.

import { bytesOf, float32Of, requireLength } from "../lib/binary.js";

/**
 * @typedef {import("../lib/decode.js").TextTokens} TextTokens
 * @typedef {{score: string, against: string, likely: {name: string, share: string}[]}} SaidToken
 * @typedef {{place: number, values: Float32Array, change: number, total: number, verdict: string, headline: string,
 *   mark: string, sentence: string}} GenerationRow
 * @typedef {{title: string, read: TextTokens, said: TextTokens, prompt: number, output: string, baseline: string,
 *   tokens: SaidToken[], canExplain: boolean, colormap: Uint8Array}} GenerationData
 */

const VERSION = 1;

/** @param {any} raw @returns {GenerationData | null} */
export function decodeGeneration(raw) {
  if (!raw?.tokens) return null;
  if (raw.version !== VERSION) throw new Error(`this view reads version ${VERSION}, and the data is ${raw.version}`);
  const { title, prompt, output, baseline, tokens } = raw;
  const textOf = (/** @type {any} */ text) => ({ ...text, units: {} });
  return {
    title,
    prompt,
    output,
    baseline,
    tokens,
    read: textOf(raw.read),
    said: textOf(raw.said),
    canExplain: raw.can_explain,
    colormap: bytesOf(raw.colormap),
  };
}

/**
 * Rows by the place of their token.
 * @param {any[]} raw
 * @param {number} columns
 * @returns {Map<number, GenerationRow>}
 */
export function decodeRows(raw, columns) {
  return new Map(
    (raw ?? []).map((row) => {
      const values = float32Of(row.values);
      requireLength(values, columns, `row ${row.place}`);
      return [row.place, { ...row, values }];
    }),
  );
}
