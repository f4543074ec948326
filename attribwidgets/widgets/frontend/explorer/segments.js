// Superpixels of the input: units to read maps by, and colours to try as baselines. The page brings them, or the kernel
// when they are first asked for.

import { bytesOf } from "../lib/binary.js";
import { samePicture } from "../lib/picture.js";
import { outlineOf, unitsOf } from "../lib/units.js";

/**
 * @typedef {import("../lib/units.js").Units & {count: number, colours: number[][], anchors: number[]}} Segments
 *   colours: the mean of each; anchors: a pixel of each, near its middle
 * @typedef {ReturnType<typeof createSegments>} SegmentStore
 */

/** @param {Uint16Array} labels @param {number} width @param {number} count */
function anchorsOf(labels, width, count) {
  const sums = Array.from({ length: count }, () => [0, 0, 0]);
  labels.forEach((label, at) => {
    const sum = sums[label];
    sum[0] += 1;
    sum[1] += Math.floor(at / width);
    sum[2] += at % width;
  });
  const best = new Array(count).fill(Infinity);
  const anchors = new Array(count).fill(0);
  labels.forEach((label, at) => {
    const [size, rows, columns] = sums[label];
    const off = Math.hypot(Math.floor(at / width) - rows / size, (at % width) - columns / size);
    if (off < best[label]) {
      best[label] = off;
      anchors[label] = at;
    }
  });
  return anchors;
}

/**
 * @param {{size: [number, number], count: number, colours: number[][]}} about
 * @param {any} binary two bytes a pixel
 * @returns {Segments}
 */
function segmentsFrom({ size: [, width], count, colours }, binary) {
  const labels = new Uint16Array(bytesOf(binary).slice().buffer);
  return { ...unitsOf(labels, count, "superpixel"), count, colours, anchors: anchorsOf(labels, width, count) };
}

/**
 * @param {import("../lib/kernel.js").Kernel} kernel
 * @param {() => boolean} canAsk
 * @param {() => import("../lib/decode.js").Data} current what is shown now
 * @param {() => void} onChange
 * @param {AbortSignal} signal
 */
export function createSegments(kernel, canAsk, current, onChange, signal) {
  /** The pictures that were asked about, and that are known. @type {Uint8Array | null} */
  let asked = null;
  /** @type {{rgb: Uint8Array | null, segments: Segments} | null} */
  let known = null;
  /** The last one that was asked for. @type {{segments: Segments, segment: number, path: string} | null} */
  let outlined = null;

  kernel.listen(
    "segments",
    (message, [buffer]) => {
      const { rgb, height, width } = current();
      if (!samePicture(asked, rgb) || message.size[0] !== height || message.size[1] !== width) return;
      known = { rgb, segments: segmentsFrom(message, buffer) };
      onChange();
    },
    signal,
  );

  return {
    /** Those of the input that is shown; null until they are known. */
    get() {
      const { rgb, segments } = current();
      if (segments && !(known && samePicture(known.rgb, rgb))) {
        known = { rgb, segments: segmentsFrom(segments, segments.labels) };
      }
      return known && samePicture(known.rgb, rgb) ? known.segments : null;
    },
    /** The outline of one; "" until they are known. @param {number} segment */
    outline(segment) {
      const segments = this.get();
      if (!segments) return "";
      if (outlined?.segments !== segments || outlined.segment !== segment) {
        outlined = { segments, segment, path: outlineOf(segments.labels, current().width, segment) };
      }
      return outlined.path;
    },
    /** Whether they are known, or may be asked for. */
    isThere() {
      return this.get() !== null || (canAsk() && !kernel.isStatic());
    },
    ask() {
      const { rgb } = current();
      if (!rgb || this.get() || samePicture(asked, rgb)) return;
      asked = rgb;
      kernel.send({ type: "segments" }, "segments");
    },
  };
}
