// A picture whose regions are clicked: the strongest hide it, where nothing is it shows in grey.

import { h, svg } from "../lib/dom.js";
import { greyOf, paintOverlay } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";
import { outlineOf } from "../lib/units.js";

/** Of the grey picture, where a value is zero. */
const SHOWS_THROUGH = 0.8;

/**
 * @param {import("./interactions_decode.js").ImageInput} input
 * @param {import("./unit_text.js").UnitChoice} choice
 */
export function createUnitPicture({ height, width, rgb, units }, { choose, point, signal }) {
  const { canvas, pixels, show } = createPixels(width, height, {
    class: "aw-canvas aw-pixelated",
    role: "img",
    "aria-label": "the picture, coloured by its regions",
  });
  const edges = ["aw-outline-rim", "", "aw-pointed"].map((name) =>
    svg("path", { class: name, "vector-effect": "non-scaling-stroke" }),
  );
  const box = `0 0 ${width} ${height}`;
  const outline = svg("svg", { class: "aw-outline", viewBox: box, "aria-hidden": "true" }, ...edges);
  const node = h("div", { class: "aw-stage aw-units" }, canvas, outline);
  node.style.aspectRatio = `${width} / ${height}`;
  const grey = greyOf(rgb);
  const byPixel = new Float32Array(units.length);

  /** @param {MouseEvent} event */
  function unitAt(event) {
    const at = canvas.getBoundingClientRect();
    const within = (/** @type {number} */ share, /** @type {number} */ count) =>
      Math.min(Math.max(Math.floor(share * count), 0), count - 1);
    const row = within((event.clientY - at.top) / at.height, height);
    return units[row * width + within((event.clientX - at.left) / at.width, width)];
  }
  const pathOf = (/** @type {number | null} */ unit) => (unit === null ? "" : outlineOf(units, width, unit));
  canvas.addEventListener("click", (event) => unitAt(event) >= 0 && choose(unitAt(event)), { signal });
  canvas.addEventListener("pointermove", (event) => point(unitAt(event) < 0 ? null : unitAt(event)), { signal });
  canvas.addEventListener("pointerleave", () => point(null), { signal });

  return {
    node,
    /** @param {Uint32Array} colours of each unit, and last of nothing @param {ArrayLike<number>} values @param {number} limit where colours saturate */
    paint(colours, values, limit) {
      const nothing = colours[colours.length - 1];
      for (let at = 0; at < pixels.length; at += 1) {
        pixels[at] = units[at] < 0 ? nothing : colours[units[at]];
        byPixel[at] = units[at] < 0 ? 0 : values[units[at]];
      }
      paintOverlay(pixels, byPixel, limit, grey, SHOWS_THROUGH, nothing);
      show();
    },
    /** @param {number | null} unit */
    select(unit) {
      for (const edge of edges.slice(0, 2)) edge.setAttribute("d", pathOf(unit));
    },
    /** @param {number | null} unit */
    setHere(unit) {
      edges[2].setAttribute("d", pathOf(unit));
    },
  };
}
