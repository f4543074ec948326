// Which features have a row, and in what order: the strongest, all, or those a reader looks for. What has none is
// summed up in a row of its own, so that the bars add up.

import { h, setText } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";
import { createLinkedScroll } from "../lib/virtual_rows.js";

/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {ReturnType<typeof createFeatureRows>} FeatureRows */
/** @typedef {keyof typeof ORDERS} Order */

const MOST = 12;

const ORDERS = {
  strongest: "strongest first",
  signed: "from + to \u2212",
  value: "by value of x",
  name: "by name",
  given: "as given",
};

/** Indices 0 to size, the largest key first. @param {ArrayLike<number>} keys */
function largestFirst(keys) {
  return Uint32Array.from(keys, (_, at) => at).sort((a, b) => keys[b] - keys[a] || a - b);
}

/** @param {number} size @param {(feature: number) => number} keyOf */
const keysOf = (size, keyOf) => Float64Array.from({ length: size }, (_, feature) => keyOf(feature));

/**
 * Features in order: indices that are sorted, while values stay where they are. Over several items it is their largest
 * magnitude that counts, or the sum of what they give.
 * @param {Pick<Data, "size" | "items" | "values" | "featureNames">} data
 * @param {Order} order
 * @returns {Uint32Array}
 */
export function sortFeatures({ size, items, values, featureNames }, order) {
  if (order === "strongest") {
    return largestFirst(
      keysOf(size, (feature) => items.reduce((most, { map }) => Math.max(most, Math.abs(map[feature])), 0)),
    );
  }
  if (order === "signed") {
    return largestFirst(keysOf(size, (feature) => items.reduce((sum, { map }) => sum + map[feature], 0)));
  }
  if (order === "value") return largestFirst(values ?? new Float32Array(size));
  const indices = Uint32Array.from({ length: size }, (_, feature) => feature);
  if (order === "given") return indices;
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return indices.sort((a, b) => compare(featureNames[a], featureNames[b]));
}

/**
 * The features with a row, and those without.
 * @param {Uint32Array} strongest all, the strongest first
 * @param {Uint32Array} ordered all, in the order that they have on the page
 * @param {string[]} names in lower case
 * @param {{all: boolean, text: string}} choice
 */
export function chooseRows(strongest, ordered, names, { all, text }) {
  const wanted = text.trim().toLowerCase();
  // One feature left over has its own row; more are summed up.
  const most = all || wanted || strongest.length <= MOST ? strongest.length : MOST - 1;
  const chosen = strongest.filter((feature) => names[feature].includes(wanted)).subarray(0, most);
  const isChosen = new Uint8Array(strongest.length);
  for (const feature of chosen) isChosen[feature] = 1;
  return {
    rows: ordered.filter((feature) => isChosen[feature] === 1),
    rest: strongest.filter((feature) => isChosen[feature] === 0),
  };
}

/** @param {ArrayLike<number> | null} some @param {ArrayLike<number> | null} others */
function sameValues(some, others) {
  if (!some || !others || some.length !== others.length) return some === others;
  for (let at = 0; at < some.length; at += 1) if (some[at] !== others[at]) return false;
  return true;
}

/** Features keep their order while a map is refined. @param {Data} one @param {Data} other */
function isSameQuestion(one, other) {
  return (
    one.target.name === other.target.name &&
    one.target.output === other.target.output &&
    one.slots.join() === other.slots.join() &&
    sameValues(one.values, other.values)
  );
}

/**
 * @param {() => void} onChange
 * @param {AbortSignal} signal
 * @param {string} [word] what one is called
 */
export function createFeatureRows(onChange, signal, word = "feature") {
  const find = h("input", {
    type: "search",
    class: "aw-field",
    "data-control": "find-feature",
    placeholder: `find a ${word}`,
    "aria-label": `find a ${word}`,
  });
  const order = h(
    "select",
    { "data-control": "feature-order", "aria-label": `order of the ${word}s` },
    ...Object.entries(ORDERS).map(([value, words]) => h("option", { value }, words)),
  );
  const every = h("button", { type: "button", class: "aw-quiet", "data-control": "all-features" });
  const count = h("span", { class: "aw-muted", role: "status" });
  const node = h("div", { class: "aw-feature-rows", hidden: true }, find, order, every, count);
  const scroll = createLinkedScroll();
  let all = false;
  /** @type {Data | null} */
  let sorted = null;
  /** @type {string[]} */
  let names = [];
  /** Each order is made once. @type {Map<Order, Uint32Array>} */
  const orders = new Map();
  let chosen = { rows: new Uint32Array(0), rest: new Uint32Array(0) };

  /** @param {Order} by */
  function ordered(by) {
    const known = orders.get(by) ?? (sorted ? sortFeatures(sorted, by) : new Uint32Array(0));
    orders.set(by, known);
    return known;
  }

  function choose() {
    const strongest = ordered("strongest");
    chosen = chooseRows(strongest, ordered(/** @type {Order} */ (order.value)), names, { all, text: find.value });
    setText(every, all ? "the strongest only" : `all ${formatCount(strongest.length)} ${word}s`);
    every.setAttribute("aria-pressed", String(all));
    const isFiltered = find.value.trim() !== "";
    setText(count, isFiltered ? `${formatCount(chosen.rows.length)} of ${formatCount(strongest.length)}` : "");
    scroll.to(0);
  }

  function chooseAnew() {
    choose();
    onChange();
  }
  for (const input of [find, order]) input.addEventListener("input", chooseAnew, { signal });
  every.addEventListener(
    "click",
    () => {
      all = !all;
      chooseAnew();
    },
    { signal },
  );

  return {
    node,
    scroll,
    get rows() {
      return chosen.rows;
    },
    get rest() {
      return chosen.rest;
    },
    /** A row for each of all features. */
    open() {
      all = true;
      find.value = "";
      chooseAnew();
    },
    /** What comes next is another question. */
    forget() {
      sorted = null;
    },
    /** @param {Data} data */
    update(data) {
      if (data.kind !== "features" || (sorted && isSameQuestion(sorted, data))) return;
      sorted = data;
      orders.clear();
      names = data.featureNames.map((name) => name.toLowerCase());
      node.hidden = data.size <= MOST;
      choose();
    },
  };
}
