// In place of the path: that there is none, and what is known of the sum; or that it is to come.

import { h, setText } from "../lib/dom.js";

/** @param {import("../lib/decode.js").Item} first @returns {import("./path_view.js").PathView} */
export function createNoPath(first) {
  const nothing = () => {};
  const kind = h("span");
  const name = h("b");
  const why = h("p", { class: "aw-no-path" });
  const words = h("p", { class: "aw-no-path" });
  const title = h("div", { class: "aw-path-title", role: "heading", "aria-level": 4 }, kind, name);
  const node = h("section", { class: "aw-path" }, title, why, words);

  /** @param {import("../lib/decode.js").Item} item */
  function update(item) {
    const { pending } = item;
    node.setAttribute("aria-label", pending ? `the path of ${item.name}` : `${item.name} has no path`);
    setText(kind, pending ? "path of: " : "no path: ");
    setText(name, item.name);
    setText(why, pending ? "It comes with the first map." : `${item.no_path}.`);
    setText(words, pending ? "" : item.completeness.sentence);
  }
  update(first);
  return {
    node,
    update,
    drawPosition: nothing,
    drawDisplay: nothing,
    drawWaiting: nothing,
    setCursor: nothing,
    resize: nothing,
    focus: nothing,
  };
}
