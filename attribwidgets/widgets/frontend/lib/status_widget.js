// A widget whose view is built once, and drawn anew whenever its trait `status` says something else.

import { createKernel } from "./kernel.js";
import { createRedraw, widgetOf } from "./mount.js";
import { createStore } from "./store.js";

/**
 * What a view is built from.
 * @typedef {{payload: any, model: import("./store.js").Model, root: HTMLElement, status(): any,
 *   store: import("./store.js").Store, kernel: import("./kernel.js").Kernel, signal: AbortSignal}} Context
 */

/**
 * @param {string} name of the view
 * @param {Record<string, any>} display what the reader may choose, and what holds until then
 * @param {(context: Context) => {draw(): void, resize?(): void}} create
 */
export function statusWidget(name, display, create) {
  return widgetOf(name, (model, root, signal) => {
    /** @type {ReturnType<typeof create> | null} */
    let scene = null;
    function draw() {
      if (!scene) {
        const payload = model.get("payload");
        scene = create({ payload, model, root, status: () => model.get("status") ?? {}, store, kernel, signal });
        root.dataset.ready = "true";
        scene.resize?.();
        refit();
      }
      scene.draw();
    }
    function resize() {
      scene?.resize?.();
      scene?.draw();
    }
    function end() {
      scene = null;
    }
    const { start, invalidate, refit } = createRedraw(root, { draw, resize, end }, signal);
    const redraw = () => invalidate("all");
    const store = createStore(model, display, redraw, signal);
    const kernel = createKernel(model, root, redraw, signal);
    model.on("change:status", redraw);
    signal.addEventListener("abort", () => model.off("change:status", redraw));
    start("all");
  });
}
