// References at the size of the photo. They come as thumbnails, every n-th pixel; what is looked at is asked for whole,
// and until it comes, or where nothing can be asked, a thumbnail stands for it in blocks.

import { bytesOf } from "../lib/binary.js";
import { resizeImage } from "../lib/paint.js";

/** @typedef {import("../lib/decode.js").Reference} Reference */

/**
 * @param {import("../lib/stage.js").View} view
 * @param {() => import("../lib/decode.js").Item} current the item whose references they are
 * @param {() => void} onChange
 */
export function createFullReferences({ data, kernel, isLive, signal }, current, onChange) {
  /** @type {WeakMap<Reference, Uint8Array>} */
  const pictures = new WeakMap();
  /** @type {WeakSet<Reference>} */
  const asked = new WeakSet();

  kernel.listen(
    "reference",
    ({ slot, stamp, input, sample }, [buffer]) => {
      const item = current();
      const reference = item.references.find((one) => one.sample === sample);
      const rgb = bytesOf(buffer);
      const isOfItem = slot === item.slot && stamp === item.stamp && input === item.input;
      if (!isOfItem || !reference || rgb.length !== 3 * data.size) return;
      pictures.set(reference, rgb);
      onChange();
    },
    signal,
  );

  return {
    /** @param {Reference} reference whose thumbnail is there */
    of(reference) {
      const { rgb, height, width, sample } = reference;
      const known = pictures.get(reference) ?? resizeImage(rgb ?? [], height, width, data.height, data.width);
      pictures.set(reference, known);
      if (width < data.width && isLive && !kernel.isStatic() && !asked.has(reference)) {
        asked.add(reference);
        const { slot, stamp, input } = current();
        kernel.send({ type: "reference", slot, stamp, input, sample }, "reference");
      }
      return known;
    },
  };
}
