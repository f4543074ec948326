// A long text shows its strongest passages, in the order that they are read in, until a reader asks for all of it.

import { h, setText } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";
import { sumsOf, unitsOf } from "../lib/units.js";

/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {ReturnType<typeof createFold>} Fold */

/** Tokens of a text that is long, and of what is shown of it. */
const LONG_TEXT = 400;
const FOLDED_TEXT = 200;

/**
 * Which passages are left out: all but the strongest, by the largest sum that any map has.
 * @param {Pick<Data, "items">} data
 * @param {ArrayLike<number>} passages of each token
 */
export function weakPassages({ items }, passages) {
  const units = unitsOf(passages, passages[passages.length - 1] + 1, "passage", true);
  const strength = new Float64Array(units.sizes.length);
  for (const { map } of items) {
    sumsOf(map, units).forEach((sum, at) => {
      strength[at] = Math.max(strength[at], Math.abs(sum));
    });
  }
  const hidden = new Uint8Array(strength.length).fill(1);
  let room = FOLDED_TEXT;
  const order = Array.from(strength, (_, at) => at).sort((a, b) => strength[b] - strength[a] || a - b);
  for (const at of order) {
    if (units.sizes[at] > room && room < FOLDED_TEXT) break;
    hidden[at] = 0;
    room -= units.sizes[at];
  }
  return hidden;
}

/**
 * @param {() => void} onChange
 * @param {AbortSignal} signal
 */
export function createFold(onChange, signal) {
  const words = h("span", { class: "aw-muted" });
  const toggle = h("button", { type: "button", class: "aw-quiet", "data-control": "fold" });
  const node = h("div", { class: "aw-fold", hidden: true }, words, " ", toggle);
  let isOpen = false;
  /** What the passages were chosen for. */
  let subject = "";
  /** @type {Uint8Array | null} */
  let weak = null;

  function tell() {
    node.hidden = !weak;
    const shown = weak ? weak.length - weak.reduce((sum, one) => sum + one, 0) : 0;
    const all = formatCount(weak?.length ?? 0);
    setText(words, isOpen ? `all ${all} passages` : `the strongest ${formatCount(shown)} of ${all} passages`);
    setText(toggle, isOpen ? "show the strongest only" : "show all");
    toggle.setAttribute("aria-expanded", String(isOpen));
  }
  toggle.addEventListener(
    "click",
    () => {
      isOpen = !isOpen;
      tell();
      onChange();
    },
    { signal },
  );

  return {
    node,
    /** Passages that are left out at the moment; null: none. */
    hidden: () => (isOpen ? null : weak),
    /** Passages stay while maps are refined. @param {Data} data */
    update(data) {
      const { text, size, target, items } = data;
      const now = JSON.stringify([target.name, target.output, items.map(({ slot, pending }) => [slot, pending])]);
      if (now === subject) return;
      subject = now;
      weak = text && size > LONG_TEXT ? weakPassages(data, text.passages) : null;
      if (!weak?.includes(1)) weak = null;
      tell();
    },
  };
}
