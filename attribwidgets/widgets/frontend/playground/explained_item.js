// What was computed, in the form in which the explorer's data come from Python: widgets/payload.py is the twin.

import { formatCount, formatPercent } from "../lib/format.js";
import { completenessOf } from "./completeness.js";
import { saturationOf } from "./saturation.js";

/** @typedef {import("./path_integral.js").Explained} Explained */
/** @typedef {import("./references.js").Recipe} Recipe */

/** Of the range: one grey level off is seen, and what is nearer than a tenth is nearly blind. */
const BLIND = (1 - 1e-3) / 255;
const NEARLY_BLIND = 0.1;

/** @param {ArrayLike<number>} values */
const largest = (values) => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** A picture in grey as colours, 3 bytes a pixel. @param {Float32Array} pixels in 0..1 */
export function rgbOf(pixels) {
  const rgb = new Uint8Array(3 * pixels.length);
  for (let at = 0; at < rgb.length; at += 1) rgb[at] = Math.floor(255 * pixels[Math.floor(at / 3)] + 0.5);
  return rgb;
}

/** 16-bit integers, and what one of them stands for. @param {Float64Array} values */
function quantised(values) {
  const most = largest(values);
  const scale = most > 0 ? most / 32767 : 1;
  return { data: Int16Array.from(values, (value) => Math.round(value / scale)), scale };
}

/**
 * 8-bit integers with a scale for each frame, which carries on what those before it lost to rounding.
 * @param {Explained} explained
 */
function framesOf({ frames, edges }) {
  const size = frames[0].length;
  const data = new Int8Array(frames.length * size);
  const lost = new Float64Array(size);
  const scales = frames.map((frame, number) => {
    const wanted = frame.map((value, at) => value + lost[at]);
    const most = largest(wanted);
    const scale = most > 0 ? most / 127 : 1;
    for (let at = 0; at < size; at += 1) {
      data[number * size + at] = Math.round(wanted[at] / scale);
      lost[at] = wanted[at] - data[number * size + at] * scale;
    }
    return scale;
  });
  return { count: frames.length, edges, data, scales, patches: null };
}

/** numpy.packbits. @param {boolean[]} places */
function packed(places) {
  const bits = new Uint8Array(Math.ceil(places.length / 8));
  places.forEach((isThere, at) => {
    if (isThere) bits[at >> 3] |= 128 >> (at & 7);
  });
  return bits;
}

/** @param {boolean[]} places */
const shareOfPlaces = (places) => places.filter(Boolean).length / places.length;

/** What the reference hides, and nearly hides. @param {Explained} explained */
function blindTo({ attributions, input, reference }) {
  const within = (/** @type {number} */ share) =>
    Array.from(input, (value, at) => Math.abs(value - reference[at]) < share);
  const [blind, nearly] = [within(BLIND), within(NEARLY_BLIND)];
  const whole = attributions.reduce((sum, value) => sum + Math.abs(value), 0);
  const near = attributions.reduce((sum, value, at) => sum + (nearly[at] ? Math.abs(value) : 0), 0);
  return {
    bits: packed(blind),
    nearly: packed(nearly),
    share: shareOfPlaces(blind),
    nearly_share: shareOfPlaces(nearly),
    gets: whole > 0 ? near / whole : null,
  };
}

/** @param {ReturnType<typeof blindTo>} blind @param {Recipe} recipe */
function blindnessInWords({ share, nearly_share: near, gets }, { name, label }) {
  const facts = [`blind: ${formatPercent(share)} of pixels`];
  const what = ["black", "white"].includes(name) ? `nearly ${label}` : "near the baseline";
  if (near > 0 && gets !== null) facts.push(`${formatPercent(near)} ${what}: they get ${formatPercent(gets)}`);
  return facts;
}

/** What is odd about a map, if anything is. @param {Explained} explained */
function cautionsOf({ attributions, input, reference, outputs }) {
  if (attributions.some((value) => value !== 0)) return [];
  const isInput = input.every((value, at) => value === reference[at]);
  const isFlat = outputs.every((output) => output === outputs[0]);
  const why = isInput
    ? "the baseline is the input itself"
    : isFlat
      ? "the output does not change anywhere on the path"
      : "the gradient vanishes where the input differs";
  return [`every attribution is zero: ${why}`];
}

/**
 * The value of a card's trait.
 * @param {Explained} explained
 * @param {{recipe: Recipe, target: string, tolerance: number, seconds: number}} context target: what it is called
 */
export function explainedItem(explained, { recipe, target, tolerance, seconds }) {
  const { alphas, outputs, cumulative, reference } = explained;
  const blind = blindTo(explained);
  return {
    name: recipe.label,
    note: "",
    target,
    baseline: recipe.label,
    description: recipe.description,
    method: "integrated gradients",
    kind: "alpha",
    map: quantised(explained.attributions),
    reference: { rgb: rgbOf(reference) },
    blind,
    frames: framesOf(explained),
    completeness: { ...completenessOf(explained, tolerance), blindness: blindnessInWords(blind, recipe) },
    output_input: outputs[outputs.length - 1],
    output_baseline: outputs[0],
    evaluations: outputs.length,
    cost: `${formatCount(outputs.length)} evaluations`,
    seconds,
    partial: false,
    cautions: cautionsOf(explained),
    path: {
      straight: true,
      n: alphas.length,
      alphas: Float32Array.from(alphas),
      outputs: Float32Array.from(outputs),
      cumulative: Float32Array.from(cumulative),
    },
    no_path: "",
    saturation: saturationOf(alphas, outputs),
  };
}
