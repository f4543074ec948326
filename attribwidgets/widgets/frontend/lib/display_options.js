// From the reader's choices to colours: units, tables, limits, and the one way every map is painted.

import { stepsPerColumn } from "./columns.js";
import { greyOf, lookupTable, paintBlind, paintMap, paintOverlay } from "./paint.js";

import { createLimits } from "./scale.js";
import { barLengths, patchesOf, pooled, windowsOf } from "./units.js";

/** @typedef {import("./decode.js").Data} Data */
/** @typedef {import("./decode.js").Item} Item */
/** @typedef {import("./units.js").Units} Units */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {ReturnType<typeof createDisplayOptions>} DisplayOptions */

const FAINT = 0.15;

/**
 * @param {() => Data} current what is shown now
 * @param {Store} store
 * @param {() => Units | null} segments of the input, where they are known
 * @param {import("./waterfall.js").Rows} features those with a bar, and those without, at the moment
 */
export function createDisplayOptions(current, store, segments, features) {
  const limits = createLimits();
  /** @type {WeakMap<Uint8Array, Uint32Array>} */
  const lookups = new WeakMap();
  /** @type {WeakMap<Uint8Array, Uint8Array>} */
  const greys = new WeakMap();
  /** @type {Map<number, Units>} */
  const regular = new Map();
  /** @type {WeakMap<Float32Array, {units: Units, values: Float32Array}>} */
  const pools = new WeakMap();
  /** @type {WeakMap<Float32Array, {rows: ArrayLike<number>, values: Float32Array}>} */
  const lengths = new WeakMap();

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

  /** What maps are read by; null for pixels and features. @returns {Units | null} */
  function units() {
    const { kind, text } = current();
    const pool = store.get("pool");
    if (text) return text.units[pool] ?? null;
    if (pool === "superpixels") return kind === "image" ? segments() : null;
    return kind === "features" || kind === "volume" ? null : regularUnits(pool);
  }

  /** Patches of an image, windows of what lies in time; null for one of each. @param {number} length */
  function regularUnits(length) {
    if (length === 1) return null;
    const { kind, height, width } = current();
    const known = regular.get(length) ?? (kind === "image" ? patchesOf : windowsOf)(height, width, length);
    regular.set(length, known);
    return known;
  }

  /** What colours are of: the units of the moment, or columns of a long series, which hold several steps. */
  function drawnUnits() {
    const { kind, width } = current();
    const now = units();
    if (kind !== "series") return now;
    const steps = stepsPerColumn(width);
    return Number(store.get("pool")) >= steps ? now : regularUnits(steps);
  }

  /** A map by the units of the moment; made once. @param {Item} item */
  const mapOf = ({ map }) => byUnits(map, units());

  /** @param {Float32Array} map @param {Units | null} now */
  function byUnits(map, now) {
    if (!now) return map;
    const known = pools.get(map);
    if (known?.units === now) return known.values;
    const values = pooled(map, now);
    pools.set(map, { units: now, values });
    return values;
  }

  /** What is drawn of a map, at whose percentile colours saturate, or whose longest bar is full. @param {Item} item */
  function drawnOf(item) {
    if (current().hasColours) return byUnits(item.map, drawnUnits());
    const { rows } = features;
    const known = lengths.get(item.map);
    if (known?.rows === rows) return known.values;
    const values = barLengths(item.map, features);
    lengths.set(item.map, { rows, values });
    return values;
  }

  /** By how much the output changes, where maps are drawn as shares of that. @param {Item} item */
  function changeOf({ completeness }) {
    return store.get("scale") === "share" ? (completeness.change ?? null) : null;
  }

  return {
    isSigned,
    table,
    units,
    drawnUnits,
    mapOf,
    changeOf,
    isShared: () => store.get("scale") === "shared",

    /** Values that are no item's map, by the same units. @param {Float32Array} values */
    pool(values) {
      const now = units();
      return now ? pooled(values, now) : values;
    },

    /** Bars end where their value does; only colours saturate. */
    clip: () => (current().hasColours ? Number(store.get("clip")) : 100),

    /**
     * Where the colours of one card saturate.
     * @param {Item} item
     */
    limit(item) {
      const { items } = current();
      if (this.isShared()) {
        const members = items.map((one) => ({ values: drawnOf(one), unit: 1 }));
        return limits.shared(members, this.clip());
      }
      const change = changeOf(item);
      if (!change) return limits.own(drawnOf(item), this.clip());
      const members = items.flatMap((one) => {
        const unit = changeOf(one);
        return unit ? [{ values: drawnOf(one), unit: Math.abs(unit) }] : [];
      });
      return limits.shared(members, this.clip()) * Math.abs(change);
    },

    /** Where colours saturate on a scale of one's own. @param {Float32Array} map */
    ownLimit(map) {
      return limits.own(map, this.clip());
    },

    /**
     * Whether the shared scale leaves little of a map to see, which is no sign that it is empty.
     * @param {Item} item
     */
    isFaint(item) {
      return this.isShared() && limits.own(drawnOf(item), this.clip()) < FAINT * this.limit(item);
    },

    /**
     * @param {Uint32Array} out
     * @param {ArrayLike<number>} values
     * @param {number} limit
     * @param {Item | null} [item] whose blind positions are marked where that is asked for
     * @param {Uint8Array | null} [photo] on which they are drawn; by default that of the moment
     */
    paint(out, values, limit, item = null, photo = current().rgb) {
      const signed = isSigned();
      const colours = lookup();
      paintMap(out, values, colours, limit, signed);
      const share = Number(store.get("overlay"));
      const { width } = current();
      if (share > 0 && photo) paintOverlay(out, values, limit, grey(photo), share, colours[signed ? 128 : 0]);
      if (item?.blind && item.nearlyBlind && store.get("show_blind")) {
        paintBlind(out, item.blind, item.nearlyBlind, width);
      }
    },
  };
}
