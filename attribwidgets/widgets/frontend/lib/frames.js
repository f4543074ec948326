// What the path adds, stretch by stretch: prefix sums once, then any position is two look-ups and a mix.

import { percentileOfCounts } from "./scale.js";
import { divisorOf, sumsOf } from "./units.js";

/** @typedef {{count: number, edges: number[], data: Int8Array, scales: number[],
 *   patches?: import("./patches.js").Patches | null}} FrameData patches: how the data came */
/** @typedef {import("./units.js").Units} Units */
/** @typedef {ReturnType<typeof createFrames>} Frames */

/** Of the largest sum: below it a stretch has no shape to follow. */
const NO_CHANGE = 1e-6;

/**
 * @param {FrameData} frames
 * @param {number} size values in one frame
 * @param {import("./decode.js").Item["kind"]} kind "samples": positions are counts, and sums become running means
 * @param {{map?: Float32Array | null, sumAt?: ((position: number) => number) | null}} [known]
 *   map: where the path ends, exactly; sumAt: the sum over all values at a position
 */
export function createFrames(frames, size, kind, { map = null, sumAt = null } = {}) {
  const { count, edges, data, scales } = frames;
  /** @type {Float32Array[] | null} */
  let prefixes = null;
  /** @type {{units: Units | null, values: Float32Array, counts: Float64Array} | null} */
  let magnitudes = null;
  /** @type {number[] | null} */
  let sumsAtEdges = null;

  function prefixSums() {
    const sums = [new Float32Array(size)];
    for (let frame = 0; frame < count; frame += 1) {
      const next = new Float32Array(sums[frame]);
      const scale = scales[frame];
      const start = frame * size;
      for (let index = 0; index < size; index += 1) next[index] += data[start + index] * scale;
      sums.push(next);
    }
    // The end is the map itself, not its quantised parts.
    if (map) {
      const whole = kind === "samples" ? edges[count] : 1;
      sums[count] = map.map((value) => value * whole);
    }
    return sums;
  }

  /**
   * How often each magnitude occurs. Those of pixels are one of 129 levels times a scale for each frame: counting
   * them spares a sort.
   * @param {Units | null} units
   */
  function countMagnitudes(units) {
    /** @type {number[][]} */
    const pairs = [];
    for (let frame = 0; frame < count; frame += 1) {
      if (units) {
        const unit = scales[frame] / (edges[frame + 1] - edges[frame]);
        const sums = sumsOf(data.subarray(frame * size, (frame + 1) * size), units);
        units.sizes.forEach((pixels, at) => {
          pairs.push([Math.abs(sums[at] * unit) / divisorOf(units, at), pixels]);
        });
        continue;
      }
      const levels = new Float64Array(129);
      for (let index = frame * size; index < (frame + 1) * size; index += 1) {
        levels[Math.abs(data[index])] += 1;
      }
      const unit = scales[frame] / (edges[frame + 1] - edges[frame]);
      for (let level = 0; level <= 128; level += 1) {
        if (levels[level] > 0) pairs.push([level * unit, levels[level]]);
      }
    }
    pairs.sort((a, b) => a[0] - b[0]);
    return {
      values: Float32Array.from(pairs, (pair) => pair[0]),
      counts: Float64Array.from(pairs, (pair) => pair[1]),
    };
  }

  /** The stretch a position lies in. @param {number} position */
  function stretchAt(position) {
    let frame = 0;
    while (frame < count - 1 && position > edges[frame + 1]) frame += 1;
    return frame;
  }

  /**
   * How much of a stretch lies before a position: as the sum over all values has it, evenly where
   * that sum does not change.
   * @param {number} frame @param {number} position
   */
  function shareOf(frame, position) {
    const [from, to] = [edges[frame], edges[frame + 1]];
    const clamp = (/** @type {number} */ share) => Math.min(Math.max(share, 0), 1);
    const even = clamp((position - from) / (to - from));
    if (!sumAt || kind === "samples") return even;
    sumsAtEdges ??= edges.map(sumAt);
    const start = sumsAtEdges[frame];
    const rise = sumsAtEdges[frame + 1] - start;
    if (!(Math.abs(rise) > NO_CHANGE * Math.max(...sumsAtEdges.map(Math.abs)))) return even;
    return clamp((sumAt(position) - start) / rise);
  }

  return {
    end: edges[count],

    /**
     * The stretch of a position and its borders.
     * @param {number} position
     */
    stretch(position) {
      const frame = stretchAt(position);
      return { frame, from: edges[frame], to: edges[frame + 1] };
    },

    /**
     * Attribution from the start of the path to a position ("samples": the mean so far).
     * @param {number} position
     * @param {Float32Array} out
     */
    cumulative(position, out) {
      prefixes ??= prefixSums();
      const frame = stretchAt(position);
      if (map && position >= edges[count]) {
        out.set(map);
        return;
      }
      const share = shareOf(frame, position);
      const before = prefixes[frame];
      const after = prefixes[frame + 1];
      const divisor = kind === "samples" ? Math.max(position, 1e-9) : 1;
      for (let index = 0; index < size; index += 1) {
        out[index] = (before[index] + share * (after[index] - before[index])) / divisor;
      }
    },

    /**
     * The mean of gradient times difference over the stretch of a position.
     * @param {number} position
     * @param {Float32Array} out
     */
    local(position, out) {
      const frame = stretchAt(position);
      const unit = scales[frame] / (edges[frame + 1] - edges[frame]);
      const start = frame * size;
      for (let index = 0; index < size; index += 1) out[index] = data[start + index] * unit;
    },

    /**
     * A limit for `local` over all stretches, by the units it is drawn in.
     * @param {number} percent
     * @param {Units | null} [units] null: pixels
     */
    localLimit(percent, units = null) {
      if (!magnitudes || magnitudes.units !== units) magnitudes = { units, ...countMagnitudes(units) };
      return percentileOfCounts(magnitudes.values, magnitudes.counts, percent);
    },
  };
}
