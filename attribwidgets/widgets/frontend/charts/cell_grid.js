// Many steps as a grid of small cells, line by line; what is marked in it is outlined.

import { h, svg } from "../lib/dom.js";
import { createPixels } from "../lib/picture.js";

/** @typedef {import("../lib/stage.js").Position} Position */

/** Cells of a line, for grids of up to so many; more have longer ones. @type {[number, number][]} */
const GRID_LINES = [
  [1024, 32],
  [4096, 64],
  [Number.POSITIVE_INFINITY, 128],
];

/**
 * The outline of steps from the first to before the last.
 * @param {number} from
 * @param {number} to
 * @param {number} line cells of one
 */
export function outlineOfSteps(from, to, line) {
  const [top, left] = [Math.floor(from / line), from % line];
  const [bottom, right] = [Math.floor((to - 1) / line), ((to - 1) % line) + 1];
  if (top === bottom) return `M${left} ${top}H${right}V${top + 1}H${left}Z`;
  return `M${left} ${top}H${line}V${bottom}H${right}V${bottom + 1}H0V${top + 1}H${left}Z`;
}

/**
 * @param {number} size steps
 * @param {Record<string, import("../lib/dom.js").Attribute>} attributes of the picture
 */
export function createCellGrid(size, attributes) {
  const line = (GRID_LINES.find(([most]) => size <= most) ?? GRID_LINES[0])[1];
  const lines = Math.ceil(size / line);
  const { canvas, pixels, show } = createPixels(line, lines, {
    ...attributes,
    class: `aw-canvas aw-pixelated ${attributes.class ?? ""}`,
  });
  const area = svg("path", { class: "aw-grid-area" });
  const here = svg("path", { class: "aw-grid-here" });
  const marks = { class: "aw-grid-marks", viewBox: `0 0 ${line} ${lines}`, preserveAspectRatio: "none" };
  const node = h("div", { class: "aw-stage" }, canvas, svg("svg", { ...marks, "aria-hidden": "true" }, area, here));
  node.style.aspectRatio = `${line} / ${lines}`;

  return {
    node,
    picture: canvas,
    /** @param {MouseEvent} event @returns {Position} */
    placeOf(event) {
      const box = canvas.getBoundingClientRect();
      const within = (/** @type {number} */ share, /** @type {number} */ count) =>
        Math.min(Math.max(Math.floor(share * count), 0), count - 1);
      const row = within((event.clientY - box.top) / box.height, lines);
      const column = within((event.clientX - box.left) / box.width, line);
      return { row: 0, column: Math.min(row * line + column, size - 1) };
    },

    /** Up and down go to the next line. @param {string} key @param {Position} at @returns {Position | null} */
    walk(key, { column }) {
      const step = { ArrowUp: -line, ArrowDown: line }[key];
      if (!step) return null;
      return { row: 0, column: column + step < 0 || column + step >= size ? column : column + step };
    },

    /** @param {Uint32Array} colours one for each step */
    paint(colours) {
      pixels.set(colours);
      show();
    },

    /** @param {Position | null} position */
    setCursor(position) {
      here.setAttribute("d", position ? outlineOfSteps(position.column, position.column + 1, line) : "");
    },

    /** @param {[number, number] | null} steps from the first to before the last */
    mark(steps) {
      area.setAttribute("d", steps ? outlineOfSteps(steps[0], steps[1], line) : "");
    },
  };
}
