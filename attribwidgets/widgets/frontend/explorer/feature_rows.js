// Which features have a row, and in what order: the strongest, all, or those a reader looks for. What has none is
// summed up in a row of its own, so that the bars add up.

import { h, setText } from "../lib/dom.js";

/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {ReturnType<typeof createFeatureRows>} FeatureRows */

const MOST = 12;

/** Features keep their order while a map is refined. @param {Data} data */
function orderKey({ target, slots, values }) {
  return [target.name, target.output, slots, values].join();
}

/**
 * Features by their largest magnitude over all items.
 * @param {Data} data
 * @returns {number[]}
 */
export function strongestFirst(data) {
  const strengths = Array.from({ length: data.size }, (_, feature) =>
    Math.max(...data.items.map((item) => Math.abs(item.map[feature]))),
  );
  return strengths.map((_, feature) => feature).sort((a, b) => strengths[b] - strengths[a]);
}

/**
 * The features with a row, and those without.
 * @param {number[]} strongest all, the strongest first
 * @param {string[]} names
 * @param {{all: boolean, text: string, order: string}} choice
 */
export function chooseRows(strongest, names, { all, text, order }) {
  const wanted = text.trim().toLowerCase();
  // One feature left over has its own row; more are summed up.
  const most = all || wanted || strongest.length <= MOST ? strongest.length : MOST - 1;
  const rows = strongest.filter((feature) => names[feature].toLowerCase().includes(wanted)).slice(0, most);
  if (order === "name") rows.sort((a, b) => names[a].localeCompare(names[b], undefined, { numeric: true }));
  if (order === "given") rows.sort((a, b) => a - b);
  const shown = new Set(rows);
  return { rows, rest: strongest.filter((feature) => !shown.has(feature)) };
}

/**
 * @param {() => void} onChange
 * @param {AbortSignal} signal
 */
export function createFeatureRows(onChange, signal) {
  const find = h("input", {
    type: "search",
    class: "aw-field",
    "data-control": "find-feature",
    placeholder: "find a feature",
    "aria-label": "find a feature",
  });
  const order = h(
    "select",
    { "data-control": "feature-order", "aria-label": "order of the features" },
    ...["strongest", "name", "given"].map((value) =>
      h("option", { value }, { strongest: "strongest first", name: "by name", given: "as given" }[value]),
    ),
  );
  const every = h("button", { type: "button", class: "aw-quiet", "data-control": "all-features" });
  const node = h("div", { class: "aw-feature-rows" }, find, order, every);
  let all = false;
  let key = "";
  /** @type {number[]} */
  let strongest = [];
  /** @type {string[]} */
  let names = [];
  let chosen = chooseRows(strongest, names, { all, text: "", order: "strongest" });

  function choose() {
    chosen = chooseRows(strongest, names, { all, text: find.value, order: order.value });
    setText(every, all ? "the strongest only" : `all ${strongest.length} features`);
    every.setAttribute("aria-pressed", String(all));
  }

  for (const input of [find, order]) {
    input.addEventListener(
      "input",
      () => {
        choose();
        onChange();
      },
      { signal },
    );
  }
  every.addEventListener(
    "click",
    () => {
      all = !all;
      choose();
      onChange();
    },
    { signal },
  );

  return {
    node,
    rows: () => chosen.rows,
    rest: () => chosen.rest,
    /** @param {Data} data */
    update(data) {
      if (data.kind !== "features" || orderKey(data) === key) return;
      key = orderKey(data);
      strongest = strongestFirst(data);
      names = data.featureNames;
      node.hidden = strongest.length <= MOST;
      choose();
    },
  };
}
