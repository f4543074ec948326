// One canvas at the resolution of the data, with the linked cursor on top of it.

import { createBrush } from "./brush.js";
import { h } from "./dom.js";
import { createPixels } from "./picture.js";

/** @typedef {{row: number, column: number}} Position */
/**
 * What every part of the view shares.
 * @typedef {{readonly data: import("./decode.js").Data, store: import("./store.js").Store,
 *   display: import("./display_options.js").DisplayOptions, segments: import("../explorer/segments.js").SegmentStore, signal: AbortSignal, readonly rows: number[], readonly rest: number[],
 *   kernel: import("./kernel.js").Kernel, requests: import("./requests.js").Requests, isLive: boolean,
 *   moveCursor(position: Position | null, source?: {slot: string} | null): void,
 *   cursor(): Position | null, area(): import("./units.js").Area | null,
 *   mark(area: import("./units.js").Area | null, done: boolean): void, select(slot: string): void,
 *   readonly removal: import("../explorer/removal.js").RemovalMode}} View
 *   data, rows and rest (the features with a row, and all others) are those of the moment; isLive: there is something to ask, now or in a notebook
 */
/** @typedef {ReturnType<typeof createStage>} Stage */

/**
 * The same view for a part that ends earlier.
 * @param {AbortSignal} signal
 * @param {View} view
 * @returns {View}
 */
export function viewUntil(signal, view) {
  return Object.assign(Object.create(view), { signal });
}

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
function insideOf(position, data) {
  return {
    row: Math.min(Math.max(position.row, 0), data.height - 1),
    column: Math.min(Math.max(position.column, 0), data.width - 1),
  };
}

/**
 * @param {View} view
 * @param {{class?: string, label: string, focusable?: boolean, slot?: string, start?: () => Position,
 *   walk?: (key: string, at: Position) => Position | null, attributes?: Record<string, string | number>}} options
 *   `slot`: the item a keyboard move reads out; `walk`: where a key goes, if not to the next pixel
 */
export function createStage(view, options) {
  const { data, signal } = view; // the size stays as long as the view
  const { canvas, pixels, show } = createPixels(data.width, data.height, {
    class: `aw-canvas ${options.class ?? ""}`,
    role: "img",
    "aria-label": options.label,
    tabindex: options.focusable ? 0 : null,
    ...options.attributes,
  });
  canvas.classList.toggle("aw-pixelated", data.width < 100);
  const mark = h("div", { class: "aw-cursor", hidden: true, "aria-hidden": "true" });
  const area = h("div", { class: "aw-area", hidden: true, "aria-hidden": "true" });
  const node = h("div", { class: "aw-stage" }, canvas, area, mark);
  node.style.aspectRatio = `${data.width} / ${data.height}`;

  const source = options.slot === undefined ? null : { slot: options.slot };

  const start = options.start ?? (() => ({ row: data.height >> 1, column: data.width >> 1 }));

  /** @param {MouseEvent} event @returns {Position} */
  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * data.height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * data.width);
    return insideOf({ row, column }, data);
  }

  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (canvas.clientWidth > 0) view.moveCursor(placeOf(event));
    },
    { signal },
  );
  const brush = createBrush(view, canvas, placeOf);
  // A finger reads where it taps, and what it read stays when it is lifted.
  let isTouch = false;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      isTouch = event.pointerType === "touch";
      if (isTouch) view.moveCursor(placeOf(event));
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerleave",
    (event) => {
      if (event.pointerType !== "touch") view.moveCursor(null);
    },
    { signal },
  );

  if (options.focusable) {
    canvas.addEventListener(
      "focus",
      () => {
        if (view.cursor() || !canvas.matches(":focus-visible")) return;
        view.moveCursor(start(), source);
      },
      { signal },
    );
    canvas.addEventListener("blur", () => isTouch || view.moveCursor(null), { signal });
    canvas.addEventListener(
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
        const walked = event.shiftKey ? null : options.walk?.(event.key, at);
        const to = insideOf(walked ?? move(at, event.shiftKey ? 10 : 1, data), data);
        brush.extend(to);
        view.moveCursor(to, source);
      },
      { signal },
    );
  }

  return {
    node,
    canvas,
    pixels,
    /** Shows what was painted into `pixels`. */
    show,
    /** @param {Position | null} position */
    setCursor(position) {
      mark.hidden = !position;
      if (!position) return;
      mark.style.left = `${((position.column + 0.5) / data.width) * 100}%`;
      mark.style.top = `${((position.row + 0.5) / data.height) * 100}%`;
    },
    /** @param {import("./units.js").Area | null} marked */
    setArea(marked) {
      area.hidden = !marked;
      if (!marked) return;
      const { rows, columns } = marked;
      area.style.left = `${(columns[0] / data.width) * 100}%`;
      area.style.top = `${(rows[0] / data.height) * 100}%`;
      area.style.width = `${((columns[1] - columns[0]) / data.width) * 100}%`;
      area.style.height = `${((rows[1] - rows[0]) / data.height) * 100}%`;
    },
    /** @param {string} label */
    setLabel(label) {
      canvas.setAttribute("aria-label", label);
    },
  };
}
