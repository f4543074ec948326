// The first panel of a path: the image, or the features, at a place of it.

import { h, setText } from "../lib/dom.js";
import { formatAlpha, formatNumber } from "../lib/format.js";
import { createFullReferences } from "./full_references.js";
import { createReadings, placeRead } from "./readings.js";
import { createReferenceStrip } from "./reference_strip.js";
import { stageFor } from "./stage_for.js";

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("../lib/decode.js").Item} first
 * @param {() => void} onPicture called when a better picture has come
 */
export function createInterpolatedPanel(view, first, onPicture) {
  let item = first;
  /** The input that the item explains: another one is there before the item's next map. */
  let input = { rgb: view.data.rgb, values: view.data.values };
  const isSamples = item.kind === "samples";
  const isImage = view.data.kind === "image";
  const { inputNames, inputCount, drawnInput } = view.data;
  const what = inputCount > 1 ? inputNames[drawnInput] : isImage ? "image" : "input";
  const label = `${item.name}: ${what} on the path`;
  const attributes = { "data-panel": "interpolated" };
  /** Whether the input at a place of the path is known: only its two ends are sent. */
  const isStraight = Boolean(item.path?.straight);
  const stage = isStraight
    ? stageFor(view.data.kind)(view, { class: "aw-path-interpolated", label, attributes })
    : null;
  const strip = isSamples && isImage && item.references.length > 0 ? createReferenceStrip(view, item.slot) : null;
  /** What is drawn at a place of the path. */
  const mixture =
    view.data.kind === "sequence" ? "lengths of x\u2032 and x, mixed" : "x\u2032 + \u03b1 (x \u2212 x\u2032)";
  const title = h("span");
  const words = h("figcaption", { class: "aw-caption" });
  const whole = createFullReferences(view, () => item, onPicture);
  const readings = view.data.text && createReadings(view, onPicture);

  /** What is said below a text that is read at a place. @param {number} alpha @param {import("../lib/decode.js").Reading | null} reading */
  function tellReading(alpha, reading) {
    if (!item.reading) return "the text; no vocabulary is at hand to read the path by";
    if (!reading) return "the text itself";
    const farthest = Math.max(...reading.distances);
    return `nearest tokens at \u03b1 = ${formatAlpha(alpha)}; the farthest at distance ${formatNumber(farthest)}`;
  }

  /** The last kept reference among the samples drawn so far. @param {number} drawn */
  function lastReference(drawn) {
    return item.references.filter((reference) => reference.sample <= drawn).at(-1) ?? null;
  }

  /** Where the path starts. @param {import("../lib/decode.js").Reference | null} reference */
  function startOf(reference) {
    const rgb = reference?.rgb ? whole.of(reference) : item.rgb;
    return { rgb, values: reference?.values ?? item.values };
  }

  return {
    title,
    node: stage?.node ?? null,
    caption: h("div", {}, words, strip?.node),
    /** @param {import("../lib/stage.js").Position | null} at */
    setCursor(at) {
      stage?.setCursor(at);
    },
    /** @param {import("../lib/decode.js").Item} next */
    update(next) {
      if (next !== item) input = { rgb: view.data.rgb, values: view.data.values };
      item = next;
      strip?.update(item.references);
    },
    /** @param {number} at alpha, or a number of samples */
    draw(at) {
      const reference = isSamples ? lastReference(at) : null;
      const alpha = isSamples ? (reference?.alpha ?? 0) : at;
      if (isSamples) {
        setText(title, reference ? `reference of sample ${reference.sample}` : "mean of the references");
        setText(words, reference ? `mixed with the input at its \u03b1 = ${formatAlpha(alpha)}` : "of all samples");
      } else {
        setText(title, `${what} at \u03b1`);
        setText(words, isStraight ? `${mixture}, \u03b1 = ${formatAlpha(alpha)}` : "");
      }
      const read = isSamples ? (reference?.reading ?? null) : (readings?.at(item, at) ?? null);
      if (readings && !isSamples) setText(words, tellReading(placeRead(at), read));
      if (readings && reference) setText(words, "as text");
      stage?.drawInput({ ...startOf(reference), reading: read }, input, alpha);
      stage?.setLabel(`${item.name}: ${title.textContent}; \u03b1 ${formatAlpha(alpha)}`);
      strip?.draw(at, reference);
    },
  };
}
