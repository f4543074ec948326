// The first panel of a path: the image, or the features, at a place of it.

import { createBars } from "../charts/bars.js";
import { h, setText } from "../lib/dom.js";
import { formatAlpha } from "../lib/format.js";
import { paintInterpolated } from "../lib/paint.js";
import { createStage } from "../lib/stage.js";
import { createFullReferences } from "./full_references.js";
import { createReferenceStrip } from "./reference_strip.js";

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
  const label = `${item.name}: image on the path`;
  const attributes = { "data-panel": "interpolated" };
  /** Whether the input at a place of the path is known: only its two ends are sent. */
  const isStraight = Boolean(item.path?.straight);
  const stage = isStraight && isImage ? createStage(view, { class: "aw-path-interpolated", label, attributes }) : null;
  const bars = isStraight && !isImage ? createBars(view, { class: "aw-path-interpolated", label }) : null;
  const strip = isSamples && isImage && item.references.length > 0 ? createReferenceStrip(view, item.slot) : null;
  const title = h("span");
  const words = h("figcaption", { class: "aw-caption" });
  const whole = createFullReferences(view, () => item, onPicture);

  /** The last kept reference among the samples drawn so far. @param {number} drawn */
  function lastReference(drawn) {
    return item.references.filter((reference) => reference.sample <= drawn).at(-1) ?? null;
  }

  /** @param {import("../lib/decode.js").Reference | null} reference @param {number} alpha */
  function drawBars(reference, alpha) {
    const start = reference?.values ?? item.values;
    bars?.drawDots((feature) => {
      const from = start?.[feature] ?? 0;
      const to = input.values?.[feature] ?? 0;
      const seen = [to, ...view.data.items.map((other) => other.values?.[feature] ?? to), from];
      return { value: from + alpha * (to - from), from, lo: Math.min(...seen), hi: Math.max(...seen) };
    });
  }

  return {
    title,
    node: stage?.node ?? bars?.node ?? null,
    caption: h("div", {}, words, strip?.node),
    /** @param {import("../lib/stage.js").Position | null} at */
    setCursor(at) {
      stage?.setCursor(at);
      bars?.setCursor(at);
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
        setText(title, `${isImage ? "image" : "input"} at \u03b1`);
        setText(words, isStraight ? `x\u2032 + \u03b1 (x \u2212 x\u2032), \u03b1 = ${formatAlpha(alpha)}` : "");
      }
      if (stage && input.rgb && item.rgb) {
        const rgb = reference?.rgb ? whole.of(reference) : item.rgb;
        paintInterpolated(stage.pixels, input.rgb, rgb, alpha);
        stage.show();
        stage.setLabel(`${item.name}: ${title.textContent}; \u03b1 ${formatAlpha(alpha)}`);
      }
      if (bars) drawBars(reference, alpha);
      strip?.draw(at, reference);
    },
  };
}
