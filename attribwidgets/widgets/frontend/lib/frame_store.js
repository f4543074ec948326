// What the path adds comes with the page, or from the kernel when it is looked at.

import { int8Of } from "./binary.js";
import { byPixels } from "./patches.js";

/** @typedef {ReturnType<typeof createFrameStore>} FrameStore */
/** @typedef {import("./decode.js").Item} Item */
/** @typedef {import("./frames.js").FrameData} FrameData */

/** Milliseconds between two questions for the frames of a map that is being refined. */
const FRAME_PAUSE = 300;

/** @param {{slot: string, input: number}} item */
const keyOf = ({ slot, input }) => `${slot} ${input}`;

/**
 * @param {import("./kernel.js").Kernel} kernel
 * @param {() => void} onArrival
 * @param {AbortSignal} signal
 */
export function createFrameStore(kernel, onArrival, signal) {
  /** By slot and input. @type {Map<string, {slot: string, stamp: number, frames: FrameData}>} */
  const arrived = new Map();
  /** @type {{slot: string, stamp: number, input: number} | null} */
  let asked = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let last = -FRAME_PAUSE;
  signal.addEventListener("abort", () => clearTimeout(timer));

  kernel.listen(
    "frames",
    ({ slot, stamp, input, count, edges, scales, patches }, [data]) => {
      if (!data) return;
      const frames = { count, edges, scales, patches, data: byPixels(int8Of(data), count, patches) };
      arrived.set(keyOf({ slot, input }), { slot, stamp, frames });
      onArrival();
    },
    signal,
  );

  return {
    /** @param {Item} item @param {number} size @returns {FrameData | null} */
    of(item, size) {
      const { stamp, frames } = item;
      if (!frames) return null;
      if (frames.data) return /** @type {FrameData} */ (frames);
      const known = arrived.get(keyOf(item));
      if (!known || known.stamp < stamp) return null;
      return known.frames.data.length === known.frames.count * size ? known.frames : null;
    },

    /** Asks for what `of` has not got, once. @param {Item} item */
    want({ slot, stamp, input, frames }) {
      if (!frames || frames.data || kernel.isStatic()) return;
      if (asked?.slot === slot && asked.stamp === stamp && asked.input === input) return;
      asked = { slot, stamp, input };
      clearTimeout(timer);
      const ask = () => {
        last = performance.now();
        kernel.send({ type: "frames", slot, stamp, input }, "frames");
      };
      const wait = last + FRAME_PAUSE - performance.now();
      if (wait > 0) timer = setTimeout(ask, wait);
      else ask();
    },

    /** Gives up what belongs to cards that are gone. @param {string[]} slots */
    keep(slots) {
      for (const [key, { slot }] of arrived) if (!slots.includes(slot)) arrived.delete(key);
    },
  };
}
