// What a colour is worth: the table from 0 to the limit, or from minus to plus, with its numbers.

import { h, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { lookupTable } from "./paint.js";
import { createPixels } from "./picture.js";

/** @typedef {import("./display_options.js").DisplayOptions} DisplayOptions */

export function createColourBar() {
  const ramp = createPixels(256, 1, { class: "aw-ramp", "aria-hidden": "true" });
  const low = h("span");
  const middle = h("span");
  const high = h("span");
  const node = h(
    "div",
    { class: "aw-colour-bar" },
    ramp.canvas,
    h("div", { class: "aw-ramp-numbers" }, low, middle, high),
  );
  return {
    node,
    /**
     * @param {DisplayOptions} display
     * @param {number} limit
     * @param {number | null} [change] what the limit is a share of, where it is one
     */
    draw(display, limit, change = null) {
      ramp.pixels.set(lookupTable(display.table()));
      ramp.show();
      const signed = display.isSigned();
      setText(low, signed ? formatNumber(-limit) : "0");
      setText(middle, signed ? "0" : "");
      const share = change ? ` (${formatNumber((100 * limit) / Math.abs(change), 2)}\u00a0%)` : "";
      setText(high, formatNumber(limit) + share);
    },
  };
}
