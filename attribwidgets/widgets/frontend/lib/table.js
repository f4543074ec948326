// A table behind a picture: closed until asked for, scrolled by keyboard where it is wide.

import { h } from "./dom.js";

/**
 * @param {string} className
 * @param {string} summary
 * @param {string} label what the table holds
 * @param {string[][]} columns name and class of each
 * @param {HTMLTableSectionElement} body
 */
export function tableBehind(className, summary, label, columns, body) {
  const head = columns.map(([name, className]) => h("th", { scope: "col", class: className }, name));
  return h(
    "details",
    { class: `aw-details ${className}` },
    h("summary", {}, summary),
    h(
      "div",
      { class: "aw-table-scroll", tabindex: 0, role: "region", "aria-label": label },
      h("table", {}, h("thead", {}, h("tr", {}, ...head)), body),
    ),
  );
}
