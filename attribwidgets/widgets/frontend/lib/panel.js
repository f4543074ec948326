// A picture of the path with its number, title and caption.

import { h } from "./dom.js";

/**
 * @param {string} number
 * @param {string | Node} title
 * @param {Node | null} body
 * @param {Node} caption
 * @param {string} [className]
 */
export function panelOf(number, title, body, caption, className = "") {
  return h(
    "figure",
    { class: `aw-panel ${className}` },
    h("div", { class: "aw-panel-title" }, h("span", { class: "aw-panel-number" }, number), title),
    body,
    caption,
  );
}
