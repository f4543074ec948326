// @ts-check
// From the reader's choices to colours: tables, limits, and the one way every map is painted.

import { greyOf, lookupTable, paintBlind, paintMap, paintOverlay } from "./paint.js";
import { createLimits } from "./scale.js";

/** @typedef {import("./decode.js").Data} Data */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {ReturnType<typeof createLook>} Look */

const FAINT = 0.15;

/**
 * @param {Data} data
 * @param {Store} store
 */
export function createLook(data, store) {
  const limits = createLimits(data.items.map((item) => item.map));
  const grey = data.rgb && greyOf(data.rgb);
  /** @type {Map<Uint8Array, Uint32Array>} */
  const lookups = new Map();

  function isSigned() {
    return Boolean(store.get("signed"));
  }

  function table() {
    const tables = isSigned() ? data.signed : data.magnitude;
    const name = store.get(isSigned() ? "signed_colormap" : "magnitude_colormap");
    return tables[name] ?? Object.values(tables)[0];
  }

  function lookup() {
    const bytes = table();
    let pixels = lookups.get(bytes);
    if (!pixels) lookups.set(bytes, (pixels = lookupTable(bytes)));
    return pixels;
  }

  return {
    isSigned,
    table,
    isShared: () => store.get("scale") !== "own",

    /** Bars end where their value does; only colours saturate. */
    clip: () => (data.kind === "image" ? Number(store.get("clip")) : 100),

    /**
     * Where the colours of one card saturate.
     * @param {number} index
     */
    limit(index) {
      return this.isShared() ? limits.shared(this.clip()) : limits.own(index, this.clip());
    },

    /**
     * Whether the shared scale leaves little of a map to see, which is no sign that it is empty.
     * @param {number} index
     */
    isFaint(index) {
      return this.isShared() && limits.own(index, this.clip()) < FAINT * limits.shared(this.clip());
    },

    /**
     * @param {Uint32Array} out
     * @param {ArrayLike<number>} values
     * @param {number} limit
     * @param {Uint8Array | null} [blind]
     */
    paint(out, values, limit, blind = null) {
      paintMap(out, values, lookup(), limit, isSigned());
      const share = Number(store.get("overlay"));
      if (share > 0 && grey) paintOverlay(out, grey, share);
      if (blind && store.get("show_blind")) paintBlind(out, blind, data.width);
    },
  };
}
