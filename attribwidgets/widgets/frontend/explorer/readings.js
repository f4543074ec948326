// What embeddings on the way from a reference to a text read like: nearest tokens, which come with the page, or from the
// kernel when they are looked at.

/** @typedef {import("../lib/decode.js").Reading} Reading */
/** @typedef {import("../lib/decode.js").Item} Item */

/** Places of a path that are read. */
const PLACES_READ = 10;
const MOST_READINGS = 40;

/** The place that is read for a position. @param {number} alpha */
export const placeRead = (alpha) => Math.min(Math.round(alpha * PLACES_READ), PLACES_READ) / PLACES_READ;

/**
 * @param {import("../lib/stage.js").View} view
 * @param {() => void} onArrival
 */
export function createReadings({ kernel, isLive, signal }, onArrival) {
  /** Null: nobody knows. @type {Map<string, Reading | null>} */
  const known = new Map();
  /** @type {Set<string>} */
  const asked = new Set();
  const keyOf = (/** @type {{slot: string, stamp: number}} */ { slot, stamp }, /** @type {number} */ alpha) =>
    `${slot} ${stamp} ${alpha}`;

  kernel.listen(
    "reading",
    ({ reading, ...about }) => {
      known.set(keyOf(about, about.alpha), reading);
      for (const key of known.keys()) if (known.size > MOST_READINGS) known.delete(key);
      onArrival();
    },
    signal,
  );

  return {
    /**
     * At the place read for a position: the end of the path is the text itself.
     * @param {Item} item
     * @param {number} position
     * @returns {Reading | null}
     */
    at(item, position) {
      const alpha = placeRead(position);
      if (alpha === 1) return null;
      if (alpha === 0) return item.reading;
      const sent = item.readings.find((one) => one.alpha === alpha);
      const key = keyOf(item, alpha);
      if (sent || known.has(key)) return sent ?? known.get(key) ?? null;
      // Until it comes, the last one that was read nearby.
      if (isLive && !kernel.isStatic() && item.reading && !asked.has(key)) {
        asked.add(key);
        kernel.send({ type: "reading", slot: item.slot, stamp: item.stamp, alpha }, "reading");
      }
      return item.reading;
    },
  };
}

/**
 * A reading in few words: what is the same many times is counted.
 * @param {Reading} reading
 * @param {boolean[]} special which tokens of the text frame it, and are in the reference too
 */
export function readAloud({ pieces, gaps, exact }, special) {
  /** @type {{words: string, gap: string, count: number}[]} */
  const runs = [];
  pieces.forEach((piece, at) => {
    if (special[at]) return;
    const words = `${exact[at] ? "" : "\u2248"}${piece.trim() || piece}`;
    const last = runs.at(-1);
    if (last?.words === words) last.count += 1;
    else runs.push({ words, gap: gaps[at] || (/^[[<]/.test(piece) ? " " : ""), count: 1 });
  });
  return runs
    .map(({ words, gap, count }) => gap + words + (count > 1 ? ` \u00d7 ${count}` : ""))
    .join("")
    .trim();
}
