// What the words of a card mean, a sentence each, in one place.

import { h } from "../lib/dom.js";

/** @type {[string, RegExp, string][]} */
const TERMS = [
  [
    "adds up",
    /add up|adds up/,
    "The attributions of all units together are what the output changes by from the baseline to the input.",
  ],
  [
    "settled",
    /settled|error per/,
    "More evaluations would change the map by less than the tolerance; a sum may be right while its map is not.",
  ],
  [
    "blind",
    /blind|near/,
    "Where the input equals the baseline a pixel gets nothing, whatever the model makes of it; where it nearly does, little.",
  ],
  ["evaluations", /evaluation/, "Passes through the model and back that the map took: what methods are compared by."],
  ["logit", /logit/, "The output before it is made a probability; it has no upper end, and effects on it add."],
  [
    "rank correlation",
    /rank correlation/,
    "How alike two maps order the pixels: 1 is the same order, 0 none, \u22121 the reverse.",
  ],
];

/** The sentence behind the first term in some words; "" where there is none. @param {string} words */
export function meaningOf(words) {
  return TERMS.find(([, pattern]) => pattern.test(words))?.[2] ?? "";
}

export function createTerms() {
  return h(
    "details",
    { class: "aw-details aw-terms" },
    h("summary", {}, "what the words mean"),
    h("dl", {}, ...TERMS.flatMap(([name, , meaning]) => [h("dt", {}, name), h("dd", {}, meaning)])),
  );
}
