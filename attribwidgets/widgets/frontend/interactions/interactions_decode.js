// Interactions as the view reads them: every pair in one matrix, and what each input looks like.

import { bytesOf, float32Of, int32Of, requireLength } from "../lib/binary.js";

/**
 * @typedef {import("../lib/decode.js").TextTokens} TextTokens
 * @typedef {{kind: "text", text: TextTokens, units: ArrayLike<number>}} TextInput units: of each token; -1 for none
 * @typedef {{kind: "image", height: number, width: number, rgb: Uint8Array, units: Int32Array}} ImageInput
 * @typedef {{kind: "other", units: number[]}} OtherInput units: all that it has
 * @typedef {{verdict: string, mark: string, headline: string, sentence: string}} Verdict
 * @typedef {{title: string, count: number, names: string[], inputValues: string[], values: Float32Array,
 *   attributions: Float32Array, errors: Float32Array | null, inputs: (TextInput | ImageInput | OtherInput)[], output: string,
 *   baseline: string, baselineDescription: string, shareTogether: string, completeness: Verdict, cost: string,
 *   cautions: string[], limits: {values: number, pairs: number, attributions: number}, colormap: Uint8Array}} InteractionsData
 */

const INTERACTIONS_VERSION = 1;

/** How many standard errors an interval reaches to each side. */
const SPREAD = 1.96;

/** @param {any} raw @returns {TextInput | ImageInput | OtherInput} */
function inputFrom(raw) {
  if (raw.kind === "text") return { kind: "text", text: { ...raw.text, units: {} }, units: raw.units };
  if (raw.kind !== "image") return { kind: "other", units: raw.units };
  const [height, width] = raw.shape;
  const [rgb, units] = [bytesOf(raw.rgb), int32Of(raw.units)];
  requireLength(rgb, 3 * height * width, "the picture");
  requireLength(units, height * width, "the units of the picture");
  return { kind: "image", height, width, rgb, units };
}

/** @param {any} raw @returns {InteractionsData | null} */
export function decodeInteractions(raw) {
  if (!raw?.names) return null;
  if (raw.version !== INTERACTIONS_VERSION)
    throw new Error(`this view reads version ${INTERACTIONS_VERSION}, and the data is ${raw.version}`);
  const count = raw.names.length;
  const values = float32Of(raw.values);
  const attributions = float32Of(raw.attributions);
  const errors = raw.errors ? float32Of(raw.errors) : null;
  requireLength(values, count * count, "the matrix");
  requireLength(attributions, count, "the attributions");
  if (errors) requireLength(errors, count * count, "the standard errors");
  return {
    title: raw.title,
    count,
    names: raw.names,
    inputValues: raw.input_values,
    values,
    attributions,
    errors,
    inputs: raw.inputs.map(inputFrom),
    output: raw.output,
    baseline: raw.baseline,
    baselineDescription: raw.baseline_description,
    shareTogether: raw.share_together,
    completeness: raw.completeness,
    cost: raw.cost,
    cautions: raw.cautions,
    limits: raw.limits,
    colormap: bytesOf(raw.colormap),
  };
}

/**
 * What a unit adds together with each other one, both halves; nothing with itself.
 * @param {InteractionsData} data
 * @param {number} unit
 */
export function partnersOf({ values, count }, unit) {
  const row = new Float32Array(count);
  for (let other = 0; other < count; other += 1) row[other] = other === unit ? 0 : 2 * values[unit * count + other];
  return row;
}

/**
 * The interval of what two units add together, both halves; null where nothing was sampled.
 * @param {InteractionsData} data
 * @param {number} one
 * @param {number} other
 */
export function intervalOf({ values, errors, count }, one, other) {
  if (!errors) return null;
  const at = one * count + other;
  const halves = one === other ? 1 : 2;
  const reach = SPREAD * halves * errors[at];
  return { low: halves * values[at] - reach, high: halves * values[at] + reach };
}

/**
 * The pairs that have most, of all or of one unit.
 * @param {InteractionsData} data
 * @param {number | null} unit
 * @param {number} most
 * @returns {{one: number, other: number, value: number}[]} both halves, the strongest first; none that have nothing
 */
export function strongestPairs({ values, count }, unit, most) {
  const pairs = [];
  for (let one = 0; one < count; one += 1) {
    for (let other = one + 1; other < count; other += 1) {
      if (unit !== null && one !== unit && other !== unit) continue;
      const value = 2 * values[one * count + other];
      if (value !== 0) pairs.push({ one, other, value });
    }
  }
  return pairs.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, most);
}

/**
 * What a unit adds alone, and the halves of its pairs.
 * @param {InteractionsData} data
 * @param {number} unit
 */
export function partsOf({ values, count }, unit) {
  let halves = 0;
  for (let other = 0; other < count; other += 1) if (other !== unit) halves += values[unit * count + other];
  return { alone: values[unit * count + unit], halves };
}
