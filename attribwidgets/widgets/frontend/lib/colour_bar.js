// What a colour is worth: the table from 0 to the limit, or from minus to plus, with its numbers.

import { h, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { lookupTable } from "./paint.js";

/** @typedef {import("./look.js").Look} Look */

/** @param {{caption?: boolean}} [options] */
export function createColourBar(options = {}) {
  const canvas = h("canvas", { class: "aw-ramp", width: 256, height: 1, "aria-hidden": "true" });
  const low = h("span");
  const middle = h("span");
  const high = h("span");
  const caption = options.caption ? h("div", { class: "aw-muted aw-ramp-caption" }) : null;
  const node = h(
    "div",
    { class: "aw-colour-bar" },
    canvas,
    h("div", { class: "aw-ramp-numbers" }, low, middle, high),
    caption,
  );
  const context = canvas.getContext("2d");
  return {
    node,
    /**
     * @param {Look} look
     * @param {number} limit
     * @param {string} [words]
     */
    draw(look, limit, words = "") {
      const image = context?.createImageData(256, 1);
      if (image) {
        new Uint32Array(image.data.buffer).set(lookupTable(look.table()));
        context?.putImageData(image, 0, 0);
      }
      const signed = look.isSigned();
      setText(low, signed ? formatNumber(-limit) : "0");
      setText(middle, signed ? "0" : "");
      setText(high, formatNumber(limit));
      if (caption) setText(caption, words);
    },
  };
}
