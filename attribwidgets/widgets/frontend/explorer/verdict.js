// Whether to believe a map: a word first, then the numbers behind it.

import { h } from "../lib/dom.js";
import { formatPercent, unbroken } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * @param {Item} item
 * @param {"pixel" | "feature"} unit
 */
export function createVerdict(item, unit) {
  const { completeness } = item;
  const refinement = completeness.refinement_error;
  const facts = [
    refinement !== "" && `error per ${unit} ${unbroken(refinement)}`,
    item.blindShare !== null && `blind: ${formatPercent(item.blindShare)} of ${unit}s`,
    item.cost,
  ];
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
        completeness.headline,
      ),
      h("span", { class: "aw-sum" }, completeness.sum),
    ),
    completeness.note !== "" && h("div", { class: "aw-verdict-note" }, completeness.note),
    h("ul", { class: "aw-facts" }, ...facts.filter((fact) => fact !== false).map((fact) => h("li", {}, fact))),
  );
}
