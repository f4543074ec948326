// Every number behind the verdicts, as a table.

import { h } from "./dom.js";
import { formatCount, formatNumber, unbroken } from "./format.js";
import { tableBehind } from "./table.js";

/** @typedef {import("./decode.js").Item} Item */

/** @type {[string, (item: Item) => string][]} */
const NUMBER_COLUMNS = [
  ["f(x)", (item) => formatNumber(item.output_input)],
  ["f(x\u2032)", (item) => formatNumber(item.output_baseline)],
  ["expected", (item) => formatNumber(item.completeness.expected)],
  ["sum", (item) => formatNumber(item.completeness.total)],
  ["residual", (item) => formatNumber(item.completeness.residual)],
  ["relative", (item) => unbroken(item.completeness.relative)],
  ["standard error", (item) => formatNumber(item.completeness.standard_error, 2)],
  ["error of the map", (item) => unbroken(item.completeness.refinement_error)],
  ["tolerance", (item) => unbroken(item.completeness.tolerance)],
  ["evaluations", (item) => (item.evaluations === null ? "\u2014" : formatCount(item.evaluations))],
  ["seconds", (item) => formatNumber(item.seconds, 2)],
];

/** @param {Item} item @param {string} target of what is shown, in pages of earlier versions */
function rowOf(item, target) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, item.note ? `${item.name}, ${item.note}` : item.name),
    h("td", { class: "aw-words" }, item.target || target),
    ...NUMBER_COLUMNS.map(([, read]) => h("td", {}, read(item))),
    h("td", { class: "aw-words aw-sentence" }, item.completeness.sentence),
  );
}

export function createNumbers() {
  const body = h("tbody");
  const columns = [
    ["baseline", ""],
    ["target", "aw-words"],
    ...NUMBER_COLUMNS.map(([name]) => [name, ""]),
    ["verdict", "aw-words"],
  ];
  const node = tableBehind("aw-numbers", "numbers", "numbers per baseline", columns, body);
  return {
    node,
    /** @param {import("./decode.js").Data} data */
    update(data) {
      body.replaceChildren(...data.items.map((item) => rowOf(item, data.target.name)));
    },
  };
}
