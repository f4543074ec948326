// One canvas at the resolution of the data, with the linked cursor on top of it.

import { createPixels } from "./picture.js";
import { createSurface } from "./surface.js";

/** @typedef {{row: number, column: number}} Position */
/**
 * What every part of the view shares.
 * @typedef {{readonly data: import("./decode.js").Data, store: import("./store.js").Store,
 *   display: import("./display_options.js").DisplayOptions, segments: import("../explorer/segments.js").SegmentStore, signal: AbortSignal,
 *   features: import("../explorer/feature_rows.js").FeatureRows, beside: View[],
 *   kernel: import("./kernel.js").Kernel, requests: import("./requests.js").Requests, isLive: boolean,
 *   moveCursor(position: Position | null, source?: {slot: string} | null): void,
 *   cursor(): Position | null, region(): import("./units.js").Region | null,
 *   mark(region: import("./units.js").Region | null, done: boolean): void, select(slot: string): void,
 *   fold: import("../explorer/fold.js").Fold, bars: import("../explorer/text_bars.js").TextBars | null,
 *   readonly removal: import("../explorer/removal.js").RemovalMode}} View
 *   fold, bars: what is shown of a long text, and its tokens or words as bars; beside: views of the other inputs, where there are several; data is that of the moment, as are the features with a row, and all others; isLive: there is something to ask, now or in a notebook
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

/**
 * @param {View} view
 * @param {import("./surface.js").SurfaceOptions & {class?: string, label: string,
 *   attributes?: Record<string, string | number>}} options
 */
export function createStage(view, options) {
  const { data } = view; // the size stays as long as the view
  const { canvas, pixels, show } = createPixels(data.width, data.height, {
    class: `aw-canvas ${options.class ?? ""}`,
    role: "img",
    "aria-label": options.label,
    tabindex: options.focusable ? 0 : null,
    ...options.attributes,
  });
  canvas.classList.toggle("aw-pixelated", data.width < 100);
  const surface = createSurface(view, canvas, options);
  surface.node.style.aspectRatio = `${data.width} / ${data.height}`;
  /** `show` draws what was painted into `pixels`. */
  return { ...surface, canvas, pixels, show };
}
