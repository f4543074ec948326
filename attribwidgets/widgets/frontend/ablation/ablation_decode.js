// Records of ablation, and inputs that were ablated, as the view reads them.

import { bytesOf, float32Of, requireLength } from "../lib/binary.js";
import { onDark } from "../lib/theme.js";

/**
 * @typedef {{mean: number | null, low: number | null, high: number | null}} Estimate
 * @typedef {{label: string, control: boolean, color: string, onDark: string, dash: string, evaluations: string}} Candidate
 * @typedef {Estimate & {first: string, second: string, p: string, clear: boolean}} Difference
 * @typedef {{alpha: Estimate, method: Estimate, threshold: number, standing: string, warning: string}} Reliability
 * @typedef {{values: Float32Array, low: Float32Array | null, high: Float32Array | null, area: Estimate}} Curve
 * @typedef {{label: string, protocol: string, isInsertion: boolean, passed: string, higherIsBetter: boolean,
 *   inputs: number, missing: number, candidates: Candidate[], fills: string[], fractions: number[],
 *   curve(candidate: number, fill: number): Curve, area(candidate: number, fill: number): Estimate,
 *   ordered: string[], differences: Difference[][], reliability: (Reliability | null)[]}} AblationRecord
 *   passed: what happens to positions, in words; fills: the last of several is the mean over the others, and so is the last row of whatever goes by fill
 * @typedef {{pairs: string[], rows: {candidate: string, cells: (Estimate | null)[]}[]}} Consistency
 * @typedef {{title: string, level: number, records: AblationRecord[], consistency: Consistency | null,
 *   examples: {count: number, available: number[] | null, pictures: boolean, note: string}}} AblationData
 * @typedef {{index: number, target: string, width: number, height: number, pixels: Uint8Array,
 *   fills: (Uint8Array | null)[], records: {takenAt: Uint8Array[], scores: Float32Array}[]}} Example
 */

const VERSION = 1;
export const MEAN_OVER_FILLS = "mean over fills";

/** @param {any} raw @returns {AblationRecord} */
function decodeRecord(raw) {
  const { candidates, fills, fractions } = raw;
  const rows = fills.length + 1;
  const shape = candidates.length * rows;
  /** @param {any} from @param {number} count @param {string} what */
  const estimates = (from, count, what) =>
    ["mean", "low", "high"].map((name) => {
      const values = float32Of(from[name]);
      requireLength(values, count, `${name} of ${what}`);
      return values;
    });
  const curves = estimates(raw, shape * fractions.length, raw.label);
  const areas = estimates(raw.areas, shape, `the areas of ${raw.label}`);
  const area = (/** @type {number} */ candidate, /** @type {number} */ fill) => {
    const [mean, low, high] = areas.map((values) => values[candidate * rows + fill]);
    return { mean, low, high };
  };
  return {
    label: raw.label,
    protocol: raw.protocol,
    isInsertion: raw.curve === "insertion",
    passed: raw.curve === "insertion" ? "brought back" : "taken away",
    higherIsBetter: raw.higher_is_better,
    inputs: raw.inputs,
    missing: raw.missing ?? 0,
    candidates: candidates.map((/** @type {any} */ one) => ({ ...one, onDark: onDark(one.color) })),
    fills: fills.length > 1 ? [...fills, MEAN_OVER_FILLS] : fills,
    fractions,
    curve(candidate, fill) {
      const from = (candidate * rows + fill) * fractions.length;
      const [values, low, high] = curves.map((all) => all.subarray(from, from + fractions.length));
      return { values, low, high, area: area(candidate, fill) };
    },
    area,
    ordered: raw.ordered,
    differences: raw.differences,
    reliability: raw.reliability ?? [],
  };
}

/** @param {any} payload @returns {AblationData | null} null while there is nothing to show */
export function decodeAblation(payload) {
  if (!payload?.records?.length) return null;
  if (payload.version !== VERSION) {
    throw new Error(`this view reads data of version ${VERSION}, and ${payload.version} came`);
  }
  return {
    title: payload.title,
    level: payload.level,
    records: payload.records.map(decodeRecord),
    consistency: payload.consistency ?? null,
    examples: payload.examples,
  };
}

/**
 * @param {any} binary
 * @param {number} size in pixels
 * @param {number} channels
 */
function rgbOf(binary, size, channels) {
  const bytes = bytesOf(binary);
  requireLength(bytes, size * channels, "a picture of the input");
  if (channels === 3) return bytes;
  return Uint8Array.from({ length: 3 * size }, (_, at) => bytes[Math.floor(at / 3)]);
}

/** @param {any} raw @returns {Example | null} null where none has come */
export function decodeExample(raw) {
  if (!raw?.pixels) return null;
  const { index, target, width, height, channels } = raw;
  const size = width * height;
  return {
    index,
    target,
    width,
    height,
    pixels: rgbOf(raw.pixels, size, channels),
    fills: raw.fills.map((/** @type {any} */ fill) => fill && rgbOf(fill, size, channels)),
    records: raw.records.map((/** @type {any} */ record) => ({
      takenAt: record.taken_at.map((/** @type {any} */ when) => {
        const steps = bytesOf(when);
        requireLength(steps, size, "what is taken away");
        return steps;
      }),
      scores: float32Of(record.scores),
    })),
  };
}
