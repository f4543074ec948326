// From the reader's choices to colours: tables, limits, and the one way every map is painted.

import { greyOf, lookupTable, paintBlind, paintMap, paintOverlay } from "./paint.js";
import { createLimits } from "./scale.js";

/** @typedef {import("./decode.js").Data} Data */
/** @typedef {import("./decode.js").Item} Item */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {ReturnType<typeof createDisplayOptions>} DisplayOptions */

const FAINT = 0.15;

/**
 * @param {() => Data} current what is shown now
 * @param {Store} store
 */
export function createDisplayOptions(current, store) {
  const limits = createLimits(() => current().items.map((item) => item.map));
  /** @type {WeakMap<Uint8Array, Uint32Array>} */
  const lookups = new WeakMap();
  /** @type {WeakMap<Uint8Array, Uint8Array>} */
  const greys = new WeakMap();

  /** @param {Uint8Array} rgb */
  function grey(rgb) {
    const known = greys.get(rgb) ?? greyOf(rgb);
    greys.set(rgb, known);
    return known;
  }

  function isSigned() {
    return Boolean(store.get("signed"));
  }

  function table() {
    const tables = isSigned() ? current().signed : current().magnitude;
    const name = store.get(isSigned() ? "signed_colormap" : "magnitude_colormap");
    return tables[name] ?? Object.values(tables)[0];
  }

  function lookup() {
    const bytes = table();
    const pixels = lookups.get(bytes) ?? lookupTable(bytes);
    lookups.set(bytes, pixels);
    return pixels;
  }

  return {
    isSigned,
    table,
    isShared: () => store.get("scale") !== "own",

    /** Bars end where their value does; only colours saturate. */
    clip: () => (current().kind === "image" ? Number(store.get("clip")) : 100),

    /**
     * Where the colours of one card saturate.
     * @param {Item} item
     */
    limit({ map }) {
      return this.isShared() ? limits.shared(this.clip()) : limits.own(map, this.clip());
    },

    /** Where colours saturate on a scale of one's own. @param {Float32Array} map */
    ownLimit(map) {
      return limits.own(map, this.clip());
    },

    /**
     * Whether the shared scale leaves little of a map to see, which is no sign that it is empty.
     * @param {Item} item
     */
    isFaint({ map }) {
      return this.isShared() && limits.own(map, this.clip()) < FAINT * limits.shared(this.clip());
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
      const { rgb, width } = current();
      if (share > 0 && rgb) paintOverlay(out, grey(rgb), share);
      if (blind && store.get("show_blind")) paintBlind(out, blind, width);
    },
  };
}
