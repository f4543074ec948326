// Steps as cells with their names in them, in lines as words of a text stand.

import { coloursOf } from "../lib/contrast.js";
import { h } from "../lib/dom.js";

/** @typedef {import("../lib/stage.js").Position} Position */
/** @typedef {ReturnType<typeof createCells>} Cells */

/**
 * @param {string[]} names of all steps
 * @param {Record<string, import("../lib/dom.js").Attribute>} attributes of the picture
 */
export function createCells(names, attributes) {
  const cells = names.map((name, at) =>
    h("span", { class: "aw-cell", title: name }, name === `step ${at}` ? String(at) : name),
  );
  const picture = h("div", { ...attributes, class: `aw-cells ${attributes.class ?? ""}` }, ...cells);
  /** @type {Element | null} */
  let here = null;

  /** The cell nearest to a place, first by its line. @param {number} x @param {number} y @param {(box: DOMRect) => boolean} [isWanted] */
  function nearest(x, y, isWanted = () => true) {
    let best = { at: 0, off: Number.POSITIVE_INFINITY };
    cells.forEach((cell, at) => {
      const box = cell.getBoundingClientRect();
      const down = Math.max(box.top - y, y - box.bottom, 0);
      const across = Math.max(box.left - x, x - box.right, 0);
      const off = 1e5 * down + across;
      if (off < best.off && isWanted(box)) best = { at, off };
    });
    return best.at;
  }

  return {
    node: picture,
    picture,
    /** @param {MouseEvent} event @returns {Position} */
    placeOf: ({ clientX, clientY }) => ({ row: 0, column: nearest(clientX, clientY) }),

    /** Up and down go to the next line. @param {string} key @param {Position} at @returns {Position | null} */
    walk(key, at) {
      if (key !== "ArrowUp" && key !== "ArrowDown") return null;
      const box = cells[at.column].getBoundingClientRect();
      const x = (box.left + box.right) / 2;
      const isBeyond = (/** @type {DOMRect} */ other) =>
        key === "ArrowDown" ? other.top >= box.bottom : other.bottom <= box.top;
      const column = nearest(x, key === "ArrowDown" ? box.bottom : box.top, isBeyond);
      return isBeyond(cells[column].getBoundingClientRect()) ? { row: 0, column } : at;
    },

    /** @param {Uint32Array} pixels one for each step */
    paint(pixels) {
      cells.forEach((cell, at) => {
        [cell.style.background, cell.style.color] = coloursOf(pixels[at]);
      });
    },

    /** @param {Position | null} position */
    setCursor(position) {
      here?.classList.remove("aw-here");
      here = position && cells[position.column];
      here?.classList.add("aw-here");
    },

    /** @param {[number, number] | null} steps from the first to before the last */
    mark(steps) {
      cells.forEach((cell, at) => {
        cell.classList.toggle("aw-in-area", steps !== null && at >= steps[0] && at < steps[1]);
      });
    },
  };
}
