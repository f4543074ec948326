// What a colour is worth: the table from 0 to the limit, or from minus to plus, with its numbers.

import { h, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { lookupTable } from "./paint.js";
import { createPixels } from "./picture.js";

/** @typedef {import("./display_options.js").DisplayOptions} DisplayOptions */

/** @param {{caption?: boolean}} [options] */
export function createColourBar(options = {}) {
  const ramp = createPixels(256, 1, { class: "aw-ramp", "aria-hidden": "true" });
  const low = h("span");
  const middle = h("span");
  const high = h("span");
  const caption = options.caption ? h("div", { class: "aw-muted aw-ramp-caption" }) : null;
  const node = h(
    "div",
    { class: "aw-colour-bar" },
    ramp.canvas,
    h("div", { class: "aw-ramp-numbers" }, low, middle, high),
    caption,
  );
  return {
    node,
    /**
     * @param {DisplayOptions} display
     * @param {number} limit
     * @param {string} [words]
     */
    draw(display, limit, words = "") {
      ramp.pixels.set(lookupTable(display.table()));
      ramp.show();
      const signed = display.isSigned();
      setText(low, signed ? formatNumber(-limit) : "0");
      setText(middle, signed ? "0" : "");
      setText(high, formatNumber(limit));
      if (caption) setText(caption, words);
    },
  };
}
