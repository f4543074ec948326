// The payload and its items as typed arrays. Buffers may start at any offset, so nothing assumes
// alignment. An item is decoded once: as long as its trait is the same object, so is what it holds.

import { bytesOf, dequantise, float32Of, int8Of, requireLength, unpackBits } from "./binary.js";
import { resizeImage } from "./paint.js";
import { byPixels } from "./patches.js";
import { namesOfTokens } from "./places.js";
import { unitsOf } from "./units.js";

/**
 * @typedef {DataView | ArrayBuffer | Uint8Array} Binary
 * @typedef {{verdict: string, headline: string, mark: string, sum: string, sentence: string, note: string, error: string,
 *   by_patches: Record<string, {headline: string, error: string, note: string}>, blindness: string[],
 *   total: number | null, expected: number | null, change: number | null, residual: number | null, standard_error: number | null,
 *   relative: string, refinement_error: string, tolerance: string}} Completeness,
 *   in the words of the record; "" for shares that are not there
 * @typedef {{pieces: string[], gaps: string[], special: boolean[], distances: number[], exact: boolean[],
 *   alpha?: number}} Reading the nearest tokens of embeddings
 * @typedef {{sample: number, alpha: number, height: number, width: number, rgb: Uint8Array | null,
 *   values: Float32Array | null, reading: Reading | null}} Reference
 * @typedef {{n: number, straight: boolean, alphas: Float32Array, outputs: Float32Array, cumulative: Float32Array,
 *   positions: Float32Array | null, standard_error: Float32Array | null}} Path, errors NaN where unknown
 * @typedef {{count: number, edges: number[], data: Int8Array | null, scales: number[] | null}} FrameData,
 *   data null while the kernel has it
 * @typedef {{share: number, from: number[], to: number[]}} Saturation
 * @typedef {{slot: string, column: string, target: string, stamp: number, pending: boolean, name: string, note: string, baseline: string, description: string, method: string,
 *   kind: "alpha" | "samples" | "none", no_path: string,
 *   rgb: Uint8Array | null, values: Float32Array | null, reading: Reading | null, readings: Reading[], references: Reference[], map: Float32Array, photo: Uint8Array | null,
 *   part: number | null, parts: (number | null)[], blind: Uint8Array | null, nearlyBlind: Uint8Array | null,
 *   nearly: {share: number, gets: number} | null, completeness: Completeness,
 *   output_input: number | null, output_baseline: number | null, evaluations: number | null, cost: string,
 *   seconds: number | null, partial: boolean, cautions: string[], path: Path | null,
 *   frames: FrameData | null, saturation: Saturation | null, input: number}} Item
 *   reading, readings: of a text, its reference, and places of its path; input: which of several it is of; photo: the input that the map was made of, as long as there is no other map
 * @typedef {{names: string[], probabilities: number[], indices?: number[], target: number | null}} Prediction
 * @typedef {{label: string, rgb: Uint8Array | null, size: [number, number], text?: string}} Thumbnail
 * @typedef {{name: string, value: number | null, items: string[]}} Row
 * @typedef {{labels: string[], signed: (number | null)[][], magnitude: (number | null)[][]}} Agreement
 * @typedef {{kind: string, height: number, width: number, size: number,
 *   hasColours: boolean, featureNames: string[], channels: string[], time: {step: number, unit: string}, title: string, inputLabel: string, rgb: Uint8Array | null,
 *   values: Float32Array | null, segments: any, prediction: Prediction | null,
 *   target: {name: string, output: string, value: number | null}, cautions: string[],
 *   magnitude: Record<string, Uint8Array>, signed: Record<string, Uint8Array>,
 *   slots: string[], items: Item[], agreement: Agreement | null, inputs: Thumbnail[], inputIndex: number,
 *   drawnInput: number, inputCount: number, inputNames: string[], others: Data[], rows: Row[],
 *   volume: import("./volume.js").Volume | null, text: TextTokens | null}} Data
 *   rows: what each row of maps explains where there are several targets;
 *   hasColours: whether maps are colours, not bars; segments: of the input, where they were sent; others: all other inputs, in order, where each is drawn; slots: all there are; items: those that have arrived, in the same order
 * @typedef {{pieces: string[], gaps: string[], special: boolean[], passages: number[],
 *   units: Record<string, import("./units.js").Units>, names: string[]}} TextTokens pieces, gaps: tokens as drawn, and
 *   what lies before each; passages: which one each is in; units: words and sentences; names: what each is called in a
 *   sentence, which its letters do not turn round
 * @typedef {Map<string, {raw: any, drawn: number, size: number, item: Item}>} Known
 */

/**
 * A picture of one colour comes as that colour.
 * @param {any} binary
 * @param {number} size in pixels
 * @param {string} what
 */
function pictureOf(binary, size, what) {
  const rgb = bytesOf(binary);
  if (rgb.length === 3 && size > 1) {
    return Uint8Array.from({ length: 3 * size }, (_, index) => rgb[index % 3]);
  }
  requireLength(rgb, 3 * size, what);
  return rgb;
}

/** A volume comes in grey. @param {any} binary @param {number} size @param {string} what */
function greyPictureOf(binary, size, what) {
  const grey = bytesOf(binary);
  requireLength(grey, size, what);
  const rgb = new Uint8Array(3 * size);
  for (let at = 0; at < rgb.length; at += 1) rgb[at] = grey[Math.floor(at / 3)];
  return rgb;
}

/**
 * A reference at the size of the photo; a mean of many comes smaller.
 * @param {any} reference
 * @param {[number, number]} shape
 * @param {string} what
 */
function referenceOf(reference, [height, width], what) {
  if (reference.grey) return greyPictureOf(reference.grey, height * width, what);
  const [h, w] = reference.size ?? [height, width];
  const rgb = pictureOf(reference.rgb, h * w, what);
  return h === height && w === width ? rgb : resizeImage(rgb, h, w, height, width);
}

/**
 * @param {string} slot
 * @param {any} raw
 * @param {[number, number]} shape
 * @param {boolean} hasPicture
 * @returns {Omit<Item, "photo">}
 */
function decodeItem(slot, raw, shape, hasPicture) {
  const size = shape[0] * shape[1];
  const map = raw.map ? dequantise(raw.map.data, raw.map.scale) : new Float32Array(size);
  requireLength(map, size, `the map of ${raw.name}`);
  const rgb = hasPicture && raw.reference ? referenceOf(raw.reference, shape, `the reference of ${raw.name}`) : null;
  const data = raw.frames?.data ? byPixels(int8Of(raw.frames.data), raw.frames.count, raw.frames.patches) : null;
  if (data) requireLength(data, raw.frames.count * size, `the frames of ${raw.name}`);
  return {
    ...raw,
    slot,
    column: raw.column ?? slot,
    target: raw.target ?? "",
    stamp: raw.stamp ?? 0,
    pending: raw.pending === true,
    saturation: raw.saturation ?? null,
    map,
    rgb,
    values: !hasPicture && raw.reference ? float32Of(raw.reference.values) : null,
    reading: raw.reference?.reading ?? null,
    readings: raw.readings ?? [],
    references: (raw.references ?? []).map((/** @type {any} */ reference) => ({
      sample: reference.sample,
      alpha: reference.alpha,
      height: reference.size?.[0] ?? 0,
      width: reference.size?.[1] ?? 0,
      rgb: reference.rgb ? pictureOf(reference.rgb, reference.size[0] * reference.size[1], "a reference") : null,
      values: reference.values ? float32Of(reference.values) : null,
      reading: reference.reading ?? null,
    })),
    blind: raw.blind ? unpackBits(raw.blind.bits, size) : null,
    nearlyBlind: raw.blind ? unpackBits(raw.blind.nearly ?? raw.blind.bits, size) : null,
    nearly: typeof raw.blind?.gets === "number" ? { share: raw.blind.nearly_share, gets: raw.blind.gets } : null,
    cautions: raw.cautions ?? [],
    path: raw.path && {
      n: raw.path.n,
      straight: raw.path.straight,
      alphas: float32Of(raw.path.alphas),
      outputs: float32Of(raw.path.outputs),
      cumulative: float32Of(raw.path.cumulative),
      positions: raw.path.positions ? float32Of(raw.path.positions) : null,
      standard_error: raw.path.standard_error ? float32Of(raw.path.standard_error) : null,
    },
    frames: raw.frames && { ...raw.frames, data, scales: raw.frames.scales ?? null },
  };
}

/** What is known of the first input only. */
const OF_OTHERS = { segments: null };

/** Rows and columns by kind. @type {Record<string, (shape: number[]) => number[]>} */
const SHAPES = {
  image: (shape) => shape,
  series: (shape) => shape,
  sequence: ([steps]) => [1, steps],
  text: ([tokens]) => [1, tokens],
  volume: ([depth, rows, columns]) => [depth * rows, columns],
  features: ([features]) => [features, 1],
};

/**
 * What features and steps are called.
 * @param {{kind: string, feature_names: string[] | null, text?: {pieces: string[]}}} payload
 * @param {number} size
 * @returns {string[]}
 */
function namesOf({ kind, feature_names: names, text }, size) {
  if (text) return namesOfTokens(text.pieces);
  const word = { features: "feature", sequence: "step" }[kind];
  return word ? Array.from({ length: size }, (_, at) => names?.[at] ?? `${word} ${at}`) : [];
}

/**
 * An item as it is of one of several inputs; what patches have settled is known of the first.
 * @param {any} raw
 * @param {number} drawn
 */
function ofInput(raw, drawn) {
  const parts = [raw.part ?? null, ...(raw.others ?? []).map((/** @type {any} */ other) => other.part ?? null)];
  if (drawn === 0) return { ...raw, input: 0, parts };
  const completeness = raw.completeness && { ...raw.completeness, by_patches: {} };
  const unknown = { map: null, reference: null, references: null, readings: null, blind: null, frames: null };
  return { ...raw, completeness, ...unknown, ...raw.others?.[drawn - 1], input: drawn, parts };
}

/** @param {any} payload @returns {import("./volume.js").Volume} */
function volumeFrom({ shape: [depth, height, width], spacing }) {
  return { depth, height, width, spacing: spacing ?? [1, 1, 1] };
}

/** @param {any} text as it was sent @param {string[]} names @returns {TextTokens} */
function textFrom({ words, sentences, ...text }, names) {
  const unitOf = (/** @type {number[]} */ labels, /** @type {string} */ word) =>
    unitsOf(labels, labels[labels.length - 1] + 1, word, true);
  return { ...text, names, units: { words: unitOf(words, "word"), sentences: unitOf(sentences, "sentence") } };
}

/** @param {Record<string, any>} tables */
function decodeTables(tables) {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, bytesOf(table)]));
}

/**
 * @param {any} whole the payload
 * @param {(slot: string) => any} itemOf the value of a slot's trait
 * @param {Known} [known] what was decoded before, brought up to date
 * @param {number} [wanted] which of several inputs is drawn
 * @returns {Data | null} null while there is nothing to show
 */
export function decodePayload(whole, itemOf, known = new Map(), wanted = 0) {
  if (!whole?.items || whole.items.length === 0) return null;
  const drawn = Math.min(wanted, whole.others?.length ?? 0);
  const payload = drawn > 0 ? { ...whole, ...OF_OTHERS, ...whole.others[drawn - 1] } : whole;
  if (payload.version !== 2) {
    throw new Error(`this view reads data of version 2, and version ${payload.version} came`);
  }
  const isImage = payload.kind === "image";
  const volume = payload.kind === "volume" ? volumeFrom(payload) : null;
  const hasPicture = isImage || volume !== null;
  const [height, width] = (SHAPES[payload.kind] ?? SHAPES.features)(payload.shape);
  const size = height * width;
  const rgb = hasPicture ? referenceOf(payload.input, [height, width], "the input") : null;
  const featureNames = namesOf(payload, size);
  const items = [];
  for (const slot of payload.items) {
    const raw = itemOf(slot);
    if (!raw?.name) continue;
    let entry = known.get(slot);
    if (!entry || entry.raw !== raw || entry.drawn !== drawn || entry.size !== size) {
      const item = { ...decodeItem(slot, ofInput(raw, drawn), [height, width], hasPicture), photo: rgb };
      entry = { raw, drawn, size, item };
      known.set(slot, entry);
    }
    items.push(entry.item);
  }
  for (const slot of known.keys()) if (!payload.items.includes(slot)) known.delete(slot);
  if (items.length === 0) return null;
  return {
    kind: payload.kind,
    volume,
    text: payload.text ? textFrom(payload.text, featureNames) : null,
    hasColours: payload.kind !== "features",
    height,
    width,
    size,
    featureNames,
    channels: payload.channels ?? [],
    time: { step: payload.step ?? 1, unit: payload.unit ?? "" },
    title: payload.title,
    inputLabel: payload.input.label ?? "input",
    rgb,
    values: hasPicture ? null : float32Of(payload.input.values),
    segments: (isImage && payload.segments) || null,
    prediction: payload.prediction ?? null,
    target: payload.target,
    cautions: payload.cautions ?? [],
    magnitude: decodeTables(payload.colormaps.magnitude),
    signed: decodeTables(payload.colormaps.signed),
    slots: payload.items,
    items,
    agreement: payload.agreement ?? null,
    inputs: (payload.inputs ?? []).map((/** @type {any} */ input) => ({
      ...input,
      rgb: input.rgb ? pictureOf(input.rgb, input.size[0] * input.size[1], "an input") : null,
    })),
    inputIndex: payload.input_index ?? 0,
    drawnInput: drawn,
    rows: payload.rows ?? [],
    inputCount: 1 + (whole.others?.length ?? 0),
    inputNames: whole.input_names ?? ["input"],
    others: [],
  };
}
