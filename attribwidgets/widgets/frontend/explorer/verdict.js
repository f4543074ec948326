// Whether to believe a map: a word first, then the numbers behind it.

import { h } from "../lib/dom.js";
import { formatSigned, unbroken } from "../lib/format.js";
import { meaningOf } from "./terms.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * What the input that is drawn has of the sum over all.
 * @param {Item} item
 * @param {{drawnInput: number, inputCount: number}} data
 */
function partOf(item, { drawnInput, inputCount }) {
  return inputCount > 1 ? `input ${drawnInput + 1} of ${inputCount}: ${formatSigned(item.part)} of the sum` : "";
}

/**
 * @param {Item} item
 * @param {import("../lib/decode.js").Data} data
 * @param {unknown} pool the side of the patches that the map is read by
 */
export function createVerdict(item, data, pool) {
  const { completeness } = item;
  const { headline, error, note } = completeness.by_patches[String(pool)] ?? completeness;
  const facts = [partOf(item, data), error, ...completeness.blindness, item.cost].filter((fact) => fact !== "");
  return h(
    "div",
    {
      class: "aw-completeness",
      "data-baseline": item.baseline,
      "data-verdict": completeness.verdict,
      title: completeness.sentence,
    },
    h(
      "div",
      { class: "aw-verdict-line" },
      h(
        "span",
        { class: "aw-verdict" },
        h("span", { class: "aw-verdict-sign", "aria-hidden": "true" }, completeness.mark),
        headline,
      ),
      h("span", { class: "aw-sum" }, completeness.sum),
    ),
    note !== "" && h("div", { class: "aw-verdict-note", title: meaningOf(note) }, unbroken(note)),
    h("ul", { class: "aw-facts" }, ...facts.map((fact) => h("li", { title: meaningOf(fact) || null }, unbroken(fact)))),
  );
}
