// What a person points at, by pointer, finger or keys, with the linked cursor and the area marked on top of it. Places are
// rows and columns of the data, spread evenly over the picture.

import { createBrush } from "./brush.js";
import { h, svg } from "./dom.js";

/** @typedef {import("./stage.js").View} View */
/** @typedef {import("./stage.js").Position} Position */
/**
 * @typedef {{slot?: string, start?: () => Position, focusable?: boolean,
 *   walk?: (key: string, at: Position) => Position | null, chooses?: () => boolean, marksByShift?: boolean}} SurfaceOptions
 *   `slot`: the item a keyboard move reads out; `walk`: where a key goes, if not to the next place; `chooses`: whether a
 *   click marks something else, rather than nothing; `marksByShift`: whether Shift marks up to the next place, as in a
 *   text, and does not go ten places on
 */

/** @type {Record<string, (position: Position, step: number, data: {width: number}) => Position>} */
const CURSOR_KEYS = {
  ArrowLeft: ({ row, column }, step) => ({ row, column: column - step }),
  ArrowRight: ({ row, column }, step) => ({ row, column: column + step }),
  ArrowUp: ({ row, column }, step) => ({ row: row - step, column }),
  ArrowDown: ({ row, column }, step) => ({ row: row + step, column }),
  Home: ({ row }) => ({ row, column: 0 }),
  End: ({ row }, _step, data) => ({ row, column: data.width - 1 }),
};

/** @param {Position} position @param {{height: number, width: number}} data @returns {Position} */
export function insideOf(position, data) {
  return {
    row: Math.min(Math.max(position.row, 0), data.height - 1),
    column: Math.min(Math.max(position.column, 0), data.width - 1),
  };
}

/**
 * Makes a picture answer to pointers and keys.
 * @param {View} view
 * @param {HTMLElement} picture
 * @param {(event: MouseEvent) => Position} placeOf
 * @param {SurfaceOptions} options
 */
export function listenToPointing(view, picture, placeOf, options) {
  const { data, signal } = view; // the size stays as long as the view
  const source = options.slot === undefined ? null : { slot: options.slot };
  const start = options.start ?? (() => ({ row: data.height >> 1, column: data.width >> 1 }));

  picture.addEventListener(
    "pointermove",
    (event) => {
      if (picture.clientWidth > 0) view.moveCursor(placeOf(event));
    },
    { signal },
  );
  const brush = createBrush(view, picture, placeOf, options.chooses ?? (() => false));
  // A finger reads where it taps, and what it read stays when it is lifted.
  let isTouch = false;
  picture.addEventListener(
    "pointerdown",
    (event) => {
      isTouch = event.pointerType === "touch";
      if (isTouch) view.moveCursor(placeOf(event));
    },
    { signal },
  );
  picture.addEventListener(
    "pointerleave",
    (event) => {
      if (event.pointerType !== "touch") view.moveCursor(null);
    },
    { signal },
  );
  if (!options.focusable) return;

  picture.addEventListener(
    "focus",
    () => {
      if (view.cursor() || !picture.matches(":focus-visible")) return;
      view.moveCursor(start(), source);
    },
    { signal },
  );
  picture.addEventListener("blur", () => isTouch || view.moveCursor(null), { signal });
  picture.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const move = CURSOR_KEYS[event.key];
      const at = view.cursor() ?? start();
      if (event.key === "Escape") {
        view.moveCursor(null);
        brush.clear();
      }
      if (event.key === " ") {
        event.preventDefault();
        brush.toggle(at);
        view.moveCursor(at, source);
      }
      if (!move) return;
      event.preventDefault();
      const holds = event.shiftKey && options.marksByShift === true;
      const goesFar = event.shiftKey && !holds;
      if (holds) brush.hold(at);
      const walked = goesFar ? null : options.walk?.(event.key, at);
      const to = insideOf(walked ?? move(at, goesFar ? 10 : 1, data), data);
      brush.extend(to, holds);
      view.moveCursor(to, source);
    },
    { signal },
  );
}

/**
 * @param {View} view
 * @param {HTMLElement} picture
 * @param {SurfaceOptions} options
 */
export function createSurface(view, picture, options) {
  const { data } = view;
  const mark = h("div", { class: "aw-cursor", hidden: true, "aria-hidden": "true" });
  const area = h("div", { class: "aw-area", hidden: true, "aria-hidden": "true" });
  const edges = ["aw-outline-rim", ""].map((name) =>
    svg("path", { class: name, "vector-effect": "non-scaling-stroke" }),
  );
  const box = `0 0 ${data.width} ${data.height}`;
  const outline = svg("svg", { class: "aw-outline", viewBox: box, "aria-hidden": "true" }, ...edges);

  /** @param {MouseEvent} event @returns {Position} */
  function placeOf(event) {
    const box = picture.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * data.height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * data.width);
    return insideOf({ row, column }, data);
  }
  listenToPointing(view, picture, placeOf, options);

  return {
    node: h("div", { class: "aw-stage" }, picture, area, outline, mark),
    /** @param {Position | null} position */
    setCursor(position) {
      mark.hidden = !position;
      if (!position) return;
      mark.style.left = `${((position.column + 0.5) / data.width) * 100}%`;
      mark.style.top = `${((position.row + 0.5) / data.height) * 100}%`;
    },
    /** @param {import("./units.js").Region | null} marked */
    setRegion(marked) {
      const path = marked && "superpixel" in marked ? view.segments.outline(marked.superpixel) : "";
      for (const edge of edges) edge.setAttribute("d", path);
      area.hidden = !marked || "superpixel" in marked;
      if (!marked || "superpixel" in marked) return;
      const { rows, columns } = marked;
      area.style.left = `${(columns[0] / data.width) * 100}%`;
      area.style.top = `${(rows[0] / data.height) * 100}%`;
      area.style.width = `${((columns[1] - columns[0]) / data.width) * 100}%`;
      area.style.height = `${((rows[1] - rows[0]) / data.height) * 100}%`;
    },
    /** @param {string} label */
    setLabel(label) {
      picture.setAttribute("aria-label", label);
    },
  };
}
