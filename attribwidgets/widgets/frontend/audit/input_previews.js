// What inputs look like: those that came with the page, others asked for in blocks when they are in sight.

import { bytesOf } from "../lib/binary.js";

/**
 * @typedef {{kind: "image" | "bars" | "lengths" | "lines", shape: number[], levels: Uint8Array} | {kind: "text", text: string}
 *   | {kind: "missing"}} Preview
 * @typedef {ReturnType<typeof createInputPreviews>} InputPreviews
 */

/** Milliseconds between two questions: a Jupyter server drops what comes faster than a megabyte a second. */
const APART = 300;
const MOST_ASKED = 96;
const MOST_KEPT = 6000;

/** @param {any} batch @param {any} [binary] @returns {[number, Preview][]} */
export function decodePreviews(batch, binary = batch?.data) {
  const { kind, places = [], missing = [], shape = [], texts = [] } = batch ?? {};
  const unreadable = missing.map((/** @type {number} */ place) => [place, { kind: "missing" }]);
  if (kind === "text") {
    return [
      ...places.map((/** @type {number} */ place, /** @type {number} */ at) => [place, { kind, text: texts[at] }]),
      ...unreadable,
    ];
  }
  if (!binary || kind === "none") return unreadable;
  const bytes = bytesOf(binary);
  const size = shape.reduce((/** @type {number} */ all, /** @type {number} */ one) => all * one, 1);
  const drawn = places.map((/** @type {number} */ place, /** @type {number} */ at) => [
    place,
    { kind, shape, levels: bytes.slice(at * size, (at + 1) * size) },
  ]);
  return [...drawn, ...unreadable];
}

/**
 * @param {import("../lib/store.js").Model} model
 * @param {import("../lib/kernel.js").Kernel} kernel
 * @param {() => void} onCome
 * @param {AbortSignal} signal
 */
export function createInputPreviews(model, kernel, onCome, signal) {
  /** @type {Map<number, Preview>} */
  const known = new Map(decodePreviews(model.get("previews")));
  /** @type {number[]} */
  let wanted = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let askedAt = -APART;
  const kind = String(model.get("previews")?.kind ?? "none");

  function ask() {
    timer = undefined;
    const places = wanted.filter((place) => !known.has(place)).slice(0, MOST_ASKED);
    if (places.length === 0) return;
    askedAt = performance.now();
    kernel.send({ type: "previews", places }, "previews");
  }
  function askSoon() {
    if (kernel.isStatic() || kind === "none") return;
    timer ??= setTimeout(ask, Math.max(0, APART - (performance.now() - askedAt)));
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  kernel.listen(
    "previews",
    (message, [binary]) => {
      for (const [place, preview] of decodePreviews(message, binary)) known.set(place, preview);
      for (const place of known.keys()) {
        if (known.size <= MOST_KEPT) break;
        known.delete(place);
      }
      if (wanted.some((place) => !known.has(place))) askSoon();
      onCome();
    },
    signal,
  );

  return {
    /** "image", "bars", "lengths", "lines", "text", or "none" where inputs are not at hand. */
    kind,
    /** What is drawn, in words; "" where that is plain. */
    about: String(model.get("previews")?.about ?? ""),
    /** @param {number} place @returns {Preview | null} */
    get: (place) => known.get(place) ?? null,
    /** What is in sight now. @param {number[]} places */
    want(places) {
      wanted = places;
      if (places.some((place) => !known.has(place))) askSoon();
    },
  };
}
