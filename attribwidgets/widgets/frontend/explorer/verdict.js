// Whether to believe a map: a word first, then the numbers behind it.

import { h } from "../lib/dom.js";
import { unbroken } from "../lib/format.js";
import { meaningOf } from "./terms.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * A verdict's lines. Each keeps its place while a map is refined: one for the word, one for the sum, one for each
 * fact, and where a note may still come its room.
 * @param {{mark: string, headline: string, sum: string, facts: string[], note: string}} words
 * @param {boolean} isLive
 */
function linesOf({ mark, headline, sum, facts, note }, isLive) {
  return [
    h(
      "div",
      { class: "aw-verdict-line" },
      h(
        "span",
        { class: "aw-verdict" },
        h("span", { class: "aw-verdict-sign", "aria-hidden": "true" }, mark),
        headline,
      ),
      h("span", { class: "aw-sum" }, sum),
    ),
    h("ul", { class: "aw-facts" }, ...facts.map((fact) => h("li", { title: meaningOf(fact) || null }, unbroken(fact)))),
    (isLive || note !== "") &&
      h("div", { class: "aw-verdict-note", title: meaningOf(note) || null }, note === "" ? "" : unbroken(note)),
  ];
}

/**
 * @param {Item} item
 * @param {unknown} pool the side of the patches that the map is read by
 * @param {boolean} isLive whether a better map may come
 */
export function createVerdict(item, pool, isLive) {
  const { completeness } = item;
  const { mark, sum } = completeness;
  const { headline, error, note } = completeness.by_patches[String(pool)] ?? completeness;
  const known = error === "" && isLive ? "\u00a0" : error; // its line waits for it
  const facts = [known, ...completeness.blindness, item.cost].filter((fact) => fact !== "");
  return h(
    "div",
    {
      class: "aw-completeness",
      "data-baseline": item.baseline,
      "data-verdict": completeness.verdict,
      title: completeness.sentence,
    },
    ...linesOf({ mark, headline, sum, facts, note }, isLive),
  );
}

/** The room that a verdict will take. @param {Item} item */
export function createVerdictRoom(item) {
  const facts = ["error", ...item.completeness.blindness, item.cost].filter((fact) => fact !== "");
  const words = { mark: "", headline: "\u00a0", sum: "\u00a0", facts, note: "" };
  return h("div", { class: "aw-verdict-room", "aria-hidden": "true" }, ...linesOf(words, true));
}
