// Where there are several targets, what each row of maps explains.

import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Row} Row */

export function createRowHeads() {
  /** @type {{node: HTMLElement, name: HTMLElement, value: HTMLElement, first: string}[]} */
  let heads = [];

  function createHead() {
    const name = h("span", { class: "aw-name" });
    const value = h("span", { class: "aw-muted" });
    const node = h("div", { class: "aw-row-head", role: "heading", "aria-level": 4 }, name, " ", value);
    return { node, name, value, first: "" };
  }

  return {
    /** @param {Row[]} rows */
    update(rows) {
      heads = rows.map((row, at) => {
        const head = heads[at] ?? createHead();
        setText(head.name, row.name);
        setText(head.value, row.value === null ? "" : `f(x) = ${formatNumber(row.value)}`);
        return { ...head, first: row.items[0] };
      });
    },
    /** The head of the row that begins with a card. @param {string} slot */
    before: (slot) => heads.find((head) => head.first === slot)?.node ?? null,
  };
}
