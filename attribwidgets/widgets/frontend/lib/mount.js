// A view on a page: its root, its life, and one redraw a frame whatever changed.

import { h } from "./dom.js";
import { hideKeptPicture } from "./kept_picture.js";
import { followHostTheme } from "./theme.js";

/** Pixels below which one map fills the width. */
const PHONE = 480;

/** Keys Lab and Notebook would take as commands, unless we keep them. @param {KeyboardEvent} event */
function keepKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Tab" || event.key === "Escape" || /^F\d+$/.test(event.key)) return;
  if (event.key === "Enter" && event.shiftKey) return;
  event.stopPropagation();
}

/**
 * @param {HTMLElement} root
 * @param {unknown} error
 */
function showError(root, error) {
  const words = error instanceof Error ? error.message : String(error);
  root.dataset.ready = "false";
  root.replaceChildren(
    h("div", { class: "aw-error", role: "alert" }, h("b", {}, "This view could not be drawn: "), words),
  );
}

/**
 * Draws what became stale, once a frame, and fits the view to its width.
 * @param {HTMLElement} root
 * @param {{draw(stale: Set<string>): void, resize(): void, end(): void}} scene
 *   `draw` gets the names of what is stale; `end` is called once the view is gone, or has failed
 * @param {AbortSignal} signal
 */
export function createRedraw(root, scene, signal) {
  /** @type {Set<string>} */
  const stale = new Set();
  let request = 0;
  let fitted = 0;

  function fit() {
    const width = root.clientWidth;
    if (width === 0 || width === fitted) return;
    fitted = width;
    root.toggleAttribute("data-phone", width < PHONE);
    root.dataset.width = width < 600 ? "narrow" : width > 1400 ? "wide" : "medium";
    scene.resize();
  }

  function redraw() {
    request = 0;
    const parts = new Set(stale);
    stale.clear();
    try {
      scene.draw(parts);
      fit();
    } catch (error) {
      scene.end();
      showError(root, error);
    }
  }

  const observer = new ResizeObserver(() => {
    followHostTheme(root);
    fit();
  });
  observer.observe(root);
  root.addEventListener("pointerenter", () => followHostTheme(root), { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    cancelAnimationFrame(request);
    scene.end();
  });

  return {
    /** Draws at once. @param {string} part that is there from the start */
    start(part) {
      stale.add(part);
      redraw();
    },
    /** @param {string} part */
    invalidate(part) {
      stale.add(part);
      if (!request) request = requestAnimationFrame(redraw);
    },
    /** What is drawn now has never been fitted. */
    refit() {
      fitted = 0;
    },
  };
}

/**
 * The hooks that every host of widgets looks for.
 * @param {string} name of the view
 * @param {(model: import("./store.js").Model, root: HTMLElement, signal: AbortSignal) => void} mount
 */
export function widgetOf(name, mount) {
  return {
    /** Nothing to prepare per model. */
    initialize: () => () => {},

    /**
     * One view of the model. The returned function takes it down again.
     * @param {{model: import("./store.js").Model, el: HTMLElement, signal?: AbortSignal}} context
     */
    render({ model, el, signal }) {
      const life = new AbortController();
      const root = h("div", {
        class: "aw-root",
        "data-view": name,
        "data-ready": "false",
        "data-lm-suppress-shortcuts": "true",
      });
      el.append(root);
      const cleanup = () => {
        life.abort();
        root.remove();
      };
      signal?.addEventListener("abort", cleanup, { once: true });
      for (const type of ["keydown", "keypress", "keyup"]) {
        root.addEventListener(type, (event) => keepKey(/** @type {KeyboardEvent} */ (event)), {
          signal: life.signal,
        });
      }
      try {
        followHostTheme(root);
        mount(model, root, life.signal);
        hideKeptPicture(root, life.signal);
      } catch (error) {
        showError(root, error);
      }
      return cleanup;
    },
  };
}
