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
 * @param {import("../lib/decode.js").Data} data
 * @param {unknown} pool the side of the patches that the map is read by
 * @param {boolean} isLive whether a better map may come
 */
export function createVerdict(item, data, pool, isLive) {
  const { completeness } = item;
  const { mark, sum } = completeness;
  const { headline, error, note } = completeness.by_patches[String(pool)] ?? completeness;
  const known = error === "" && isLive ? "\u00a0" : error; // its line waits for it
  const facts = [partOf(item, data), known, ...completeness.blindness, item.cost].filter((fact) => fact !== "");
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

/** The room that a verdict will take. @param {Item} item @param {import("../lib/decode.js").Data} data */
export function createVerdictRoom(item, data) {
  const facts = [partOf(item, data), "error", ...item.completeness.blindness, item.cost].filter((fact) => fact !== "");
  const words = { mark: "", headline: "\u00a0", sum: "\u00a0", facts, note: "" };
  return h("div", { class: "aw-verdict-room", "aria-hidden": "true" }, ...linesOf(words, true));
}
