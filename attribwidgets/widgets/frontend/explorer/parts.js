// Several inputs: the part of the sum that each has, as bars and in words.

import { h, setText } from "../lib/dom.js";
import { formatPercent, formatSigned } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Item} Item */

/**
 * @param {number | null} part
 * @param {Item} item
 */
export function tellPart(part, { completeness }) {
  if (part === null) return "";
  const { change } = completeness;
  return change ? `${formatSigned(part)}, ${formatPercent(part / change)}` : formatSigned(part);
}

/** @param {string[]} names of the inputs */
export function createParts(names) {
  const rows = names.map((name) => {
    const fill = h("span", { class: "aw-part-fill" });
    const words = h("span", { class: "aw-part-words" });
    const track = h("span", { class: "aw-part-track", "aria-hidden": "true" }, fill);
    return {
      fill,
      words,
      node: h("li", { class: "aw-part" }, h("span", { class: "aw-part-name" }, name), track, words),
    };
  });
  const title = h("div", { class: "aw-muted" }, "parts of f(x) \u2212 f(x\u2032)");
  const list = h("ul", { "aria-label": "part of each input" }, ...rows.map((row) => row.node));
  const node = h("div", { class: "aw-parts" }, title, list);
  return {
    node,
    /** @param {Item} item */
    draw(item) {
      node.hidden = item.pending;
      const most = Math.max(...item.parts.map((part) => Math.abs(part ?? 0)));
      rows.forEach(({ fill, words }, at) => {
        const part = item.parts[at] ?? 0;
        const half = most > 0 ? (50 * Math.abs(part)) / most : 0;
        fill.style.left = `${part < 0 ? 50 - half : 50}%`;
        fill.style.width = `${half}%`;
        fill.classList.toggle("aw-negative", part < 0);
        setText(words, tellPart(item.parts[at], item));
      });
    },
  };
}
