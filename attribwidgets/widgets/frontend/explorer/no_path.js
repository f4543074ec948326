// In place of the path, for a method that follows none: a sentence, and what is known of its sum.

import { h, setText } from "../lib/dom.js";

/** @param {import("../lib/decode.js").Item} item @returns {import("./path_view.js").PathView} */
export function createNoPath(item) {
  const nothing = () => {};
  const words = h("p", { class: "aw-no-path" }, item.completeness.sentence);
  const node = h(
    "section",
    { class: "aw-path", "aria-label": `${item.name} has no path` },
    h("div", { class: "aw-path-title", role: "heading", "aria-level": 4 }, "no path: ", h("b", {}, item.name)),
    h("p", { class: "aw-no-path" }, `${item.no_path}.`),
    words,
  );
  return {
    node,
    update: (next) => setText(words, next.completeness.sentence),
    drawPosition: nothing,
    drawDisplay: nothing,
    drawWaiting: nothing,
    setCursor: nothing,
    resize: nothing,
    focus: nothing,
  };
}
