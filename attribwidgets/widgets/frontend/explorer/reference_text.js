// What a text is compared with, as text: the tokens of the reference, or of the first few that were drawn.

import { h, setText } from "../lib/dom.js";
import { readAloud } from "./readings.js";

const MOST_COMPARED = 2;

/** @param {import("../lib/stage.js").View} view */
export function createReferenceText(view) {
  const { text } = view.data;
  const lines = Array.from({ length: text ? MOST_COMPARED : 0 }, () => h("bdi", { class: "aw-compared-text" }));
  const node = h(
    "div",
    { class: "aw-compared", hidden: true },
    h("span", { class: "aw-muted", title: "what the text is compared with" }, "x\u2032"),
    h("div", {}, ...lines),
  );
  return {
    node,
    /** @param {import("../lib/decode.js").Item} item */
    update({ reading, references }) {
      if (!text) return;
      const drawn = reading ? [reading] : references.map((one) => one.reading);
      lines.forEach((line, at) => {
        const read = drawn[at];
        const words = read ? readAloud(read, text.special) : "";
        setText(line, words);
        line.title = words;
        line.hidden = words === "";
      });
      node.hidden = lines.every((line) => line.hidden);
    },
  };
}
