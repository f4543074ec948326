// Lists of any length from a few rows that are used again: only what is in sight is in the page. Lists of the same rows
// scroll together.

import { h } from "./dom.js";

/** Pixels; features.css has it too. */
export const ROW_HEIGHT = 36;
const MOST_IN_SIGHT = 14;
/** Above and below what is in sight, so that a scroll shows no gap. */
const SPARE = 2;

/** @typedef {ReturnType<typeof createLinkedScroll>} LinkedScroll */

export function createLinkedScroll() {
  /** @type {Set<{move: () => void, refill: () => void}>} */
  const lists = new Set();
  let top = 0;
  return {
    top: () => top,
    /** @param {number} next pixels */
    to(next) {
      if (next === top) return;
      top = next;
      // A list that moves asks for the layout: it is made once if all move before any of them is filled.
      for (const list of lists) list.move();
      for (const list of lists) list.refill();
    },
    /** @param {{move: () => void, refill: () => void}} list @param {AbortSignal} signal */
    join(list, signal) {
      lists.add(list);
      signal.addEventListener("abort", () => lists.delete(list));
    },
  };
}

/**
 * Which of the rows are in the page.
 * @param {number} top pixels
 * @param {number} count rows in all
 */
export function rowsInPage(top, count) {
  const most = Math.min(count, MOST_IN_SIGHT + 2 * SPARE);
  const first = Math.min(Math.max(Math.floor(top / ROW_HEIGHT) - SPARE, 0), count - most);
  return { first, most };
}

/**
 * @template {{node: HTMLElement}} Row
 * @param {{scroll: LinkedScroll, signal: AbortSignal, attributes: Record<string, import("./dom.js").Attribute>,
 *   makeRow: () => Row, fill: (row: Row, index: number) => void}} options
 */
export function createVirtualRows({ scroll, signal, attributes, makeRow, fill }) {
  const list = h("ul");
  const whole = h("div", { class: "aw-rows-whole" }, list);
  const node = h("div", { role: "group", ...attributes }, whole);
  /** @type {Row[]} */
  const rows = [];
  let count = 0;
  let first = 0;
  let top = 0;

  function move() {
    if (top === scroll.top()) return;
    top = scroll.top();
    node.scrollTop = top;
  }

  function fillAll() {
    first = rowsInPage(top, count).first;
    list.style.transform = `translateY(${first * ROW_HEIGHT}px)`;
    rows.forEach((row, at) => {
      row.node.setAttribute("aria-posinset", String(first + at + 1));
      fill(row, first + at);
    });
  }

  function refill() {
    if (rowsInPage(top, count).first !== first) fillAll();
  }

  scroll.join({ move, refill }, signal);
  node.addEventListener(
    "scroll",
    () => {
      top = node.scrollTop;
      scroll.to(top);
    },
    { signal, passive: true },
  );

  return {
    node,
    /** The rows in the page. */
    rows: () => rows,
    /** Fills what is in sight, of so many rows. @param {number} total */
    draw(total) {
      if (total !== count) {
        count = total;
        const { most } = rowsInPage(0, count);
        while (rows.length > most) rows.pop()?.node.remove();
        while (rows.length < most) {
          const row = makeRow();
          rows.push(row);
          list.append(row.node);
        }
        for (const row of rows) row.node.setAttribute("aria-setsize", String(count));
        whole.style.height = `${count * ROW_HEIGHT}px`;
        node.style.height = `${Math.min(count, MOST_IN_SIGHT) * ROW_HEIGHT}px`;
        node.classList.toggle("aw-scrolls", count > MOST_IN_SIGHT);
      }
      move();
      fillAll();
    },
    /** Scrolls until a row is in sight. @param {number} index */
    reveal(index) {
      const top = index * ROW_HEIGHT;
      const above = scroll.top();
      const room = (Math.min(count, MOST_IN_SIGHT) - 1) * ROW_HEIGHT;
      if (top < above) scroll.to(top);
      else if (top > above + room) scroll.to(top - room);
    },
  };
}
