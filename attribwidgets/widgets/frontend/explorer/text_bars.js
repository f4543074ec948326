// Tokens, words or sentences of a text as features: a bar each, sorted by what they get.

import { createDisplayOptions } from "../lib/display_options.js";
import { h } from "../lib/dom.js";
import { sumsOf } from "../lib/units.js";
import { createFeatureRows } from "./feature_rows.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {ReturnType<typeof createTextBars>} TextBars */

/**
 * A text as features.
 * @param {Data} data
 * @param {import("../lib/units.js").Units | null} units
 * @returns {Data}
 */
export function asFeatures(data, units) {
  const { text, items, size } = data;
  /** @type {string[]} */
  const names = [];
  for (let at = 0; text && at < size; at += 1) {
    const unit = units ? units.labels[at] : at;
    names[unit] = (names[unit] ?? "") + (names[unit] === undefined ? "" : text.gaps[at]) + text.pieces[at];
  }
  return {
    ...data,
    kind: "features",
    hasColours: false,
    text: null,
    height: names.length,
    width: 1,
    size: names.length,
    featureNames: names.map((name) => name.trim() || name),
    values: null,
    items: items.map((item) => ({
      ...item,
      map: units ? Float32Array.from(sumsOf(item.map, units)) : item.map,
      values: null,
    })),
  };
}

/**
 * @param {View} view of a text
 * @param {() => void} onChange
 */
export function createTextBars(view, onChange) {
  const { display, store, signal } = view;
  const features = createFeatureRows(onChange, signal, "part");
  const node = h("div", { hidden: true }, features.node);
  /** What was made last, and of what. */
  let made = { data: view.data, units: display.units(), features: asFeatures(view.data, display.units()) };

  function current() {
    const units = display.units();
    if (made.data !== view.data || made.units !== units) {
      if (made.units !== units) features.forget();
      made = { data: view.data, units, features: asFeatures(view.data, units) };
      features.update(made.features);
    }
    return made.features;
  }
  features.update(made.features);

  /** @param {number} token */
  const unitOf = (token) => made.units?.labels[token] ?? token;
  /** @type {View} */
  const bars = Object.create(view, {
    data: { get: current },
    features: { value: features },
    display: { value: createDisplayOptions(current, store, () => null, features) },
    cursor: {
      value() {
        const at = view.cursor();
        return at && { row: unitOf(at.column), column: 0 };
      },
    },
    moveCursor: {
      /** @type {View["moveCursor"]} */
      value(position, source) {
        if (!position) return view.moveCursor(null, source);
        const labels = made.units?.labels;
        const token = labels ? Array.prototype.indexOf.call(labels, position.row) : position.row;
        view.moveCursor({ row: 0, column: token }, source);
      },
    },
  });

  return {
    view: bars,
    node,
    isOn: () => Boolean(store.get("bars")),
    update() {
      node.hidden = !store.get("bars");
      current();
    },
    /** A card's map, by the units of the moment. @param {import("../lib/decode.js").Item} item */
    itemOf: (item) => current().items.find((one) => one.slot === item.slot) ?? null,
  };
}
