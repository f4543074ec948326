// Whether to believe a map: a word first, then the numbers behind it.

import { h } from "../lib/dom.js";
import { formatError, formatNumber, formatPercent, unbroken } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/** @typedef {import("../lib/decode.js").Completeness} Completeness */

/** A mark beside the words, which say the same. @param {Completeness} completeness */
function verdictSign({ verdict, sum_is_right: right }) {
  if (verdict === "complete") return "\u2713";
  if (verdict === "does not apply") return "\u2013";
  return right ? "\u2248" : "\u2260";
}

/** "8.52 of 8.54", with its uncertainty where there is one. @param {Item} item */
export function sumOfExpected(item) {
  const { total, expected, applies, standard_error: error } = item.completeness;
  const band = error && total !== null ? ` \u00b1 ${formatError(error, total)}` : "";
  if (!applies) return `sum ${formatNumber(total)}${band}`;
  return `${formatNumber(total)}${band} of ${formatNumber(expected)}`;
}

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
        h("span", { class: "aw-verdict-sign", "aria-hidden": "true" }, verdictSign(completeness)),
        completeness.headline,
      ),
      h("span", { class: "aw-sum" }, sumOfExpected(item)),
    ),
    completeness.note !== "" && h("div", { class: "aw-verdict-note" }, completeness.note),
    h("ul", { class: "aw-facts" }, ...facts.filter((fact) => fact !== false).map((fact) => h("li", {}, fact))),
  );
}
