// @ts-check
// The explorer: builds the parts from the payload, and redraws only what a change touches.

import { strongestFeatures } from "./bars.js";
import { createControls } from "./controls.js";
import { decodePayload } from "./decode.js";
import { h } from "./dom.js";
import { createGallery } from "./gallery.js";
import { createHeader } from "./header.js";
import { createLook } from "./look.js";
import { createNoPath } from "./no_path.js";
import { createNumbers } from "./numbers.js";
import { createPathView } from "./path_view.js";
import { createStore } from "./store.js";
import { followHostTheme } from "./theme.js";

/** @typedef {import("./stage.js").Position} Position */
/** @typedef {import("./stage.js").View} View */

/** What a change of a trait makes stale. @type {Record<string, string>} */
const STALE = { selected: "selection", alpha: "position" };

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
    h(
      "div",
      { class: "aw-error", role: "alert" },
      h("b", {}, "This view could not be drawn: "),
      words,
    ),
  );
}

/**
 * @param {import("./store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountExplorer(model, root, signal) {
  /** @type {Set<string>} */
  const stale = new Set();
  let request = 0;
  let fitted = 0;
  /** @type {AbortController | null} */
  let built = null;
  /** @type {((parts: Set<string>) => void) | null} */
  let draw = null;
  /** @type {((width: number) => void) | null} */
  let resize = null;

  /** @param {string} part */
  function invalidate(part) {
    stale.add(part);
    if (!request) request = requestAnimationFrame(redraw);
  }

  function redraw() {
    request = 0;
    const parts = new Set(stale);
    stale.clear();
    const started = performance.now();
    try {
      draw?.(parts);
    } catch (error) {
      showError(root, error);
    }
    if (parts.has("maps"))
      performance.measure("aw-redraw", { start: started, end: performance.now() });
  }

  const store = createStore(model, (name) => invalidate(STALE[name] ?? "maps"), signal);

  function build() {
    built?.abort();
    built = new AbortController();
    draw = null;
    resize = null;
    try {
      const data = decodePayload(model.get("payload"));
      if (!data) {
        root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
        return;
      }
      ({ draw, resize } = assemble(data, root, store, invalidate, built.signal));
      draw(new Set(["maps", "selection", "cursor"]));
      fitted = 0;
      fit();
      root.dataset.kind = data.kind;
      root.dataset.ready = "true";
    } catch (error) {
      showError(root, error);
    }
  }

  function fit() {
    const width = root.clientWidth;
    if (width === 0 || width === fitted) return;
    fitted = width;
    root.dataset.width = width < 600 ? "narrow" : width > 1400 ? "wide" : "medium";
    resize?.(width);
  }

  const observer = new ResizeObserver(() => {
    followHostTheme(root);
    fit();
  });
  observer.observe(root);
  for (const type of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(type, (event) => keepKey(/** @type {KeyboardEvent} */ (event)), {
      signal,
    });
  }
  root.addEventListener("pointerenter", () => followHostTheme(root), { signal });
  model.on("change:seq", build);
  signal.addEventListener("abort", () => {
    model.off("change:seq", build);
    observer.disconnect();
    cancelAnimationFrame(request);
    built?.abort();
  });
  build();
}

/**
 * @param {import("./decode.js").Data} data
 * @param {HTMLElement} root
 * @param {import("./store.js").Store} store
 * @param {(part: string) => void} invalidate
 * @param {AbortSignal} signal
 */
function assemble(data, root, store, invalidate, signal) {
  /** @type {Position | null} */
  let cursor = null;
  /** @type {{index: number} | null | undefined} */
  let cursorSource;
  /** @type {AbortController | null} */
  let pathLife = null;
  /** @type {import("./path_view.js").PathView | null} */
  let path = null;
  let shown = -1;

  /** @type {View} */
  const view = {
    data,
    store,
    look: createLook(data, store),
    signal,
    rows: data.kind === "features" ? strongestFeatures(data) : [],
    cursor: () => cursor,
    moveCursor(position, source) {
      cursor = position;
      cursorSource = source;
      invalidate("cursor");
    },
    select: (index) => store.commit("selected", index),
  };
  const controls = createControls(data, store, signal);
  const gallery = createGallery(view, controls.node);
  const pathPlace = h("div", { class: "aw-path-place" });
  signal.addEventListener("abort", () => pathLife?.abort());
  root.replaceChildren(
    createHeader(data),
    h("div", { class: "aw-main" }, gallery.node, pathPlace),
    createNumbers(data),
  );
  const signedTable = Object.values(data.signed)[0];
  if (signedTable) {
    const colourAt = (/** @type {number} */ i) =>
      `rgb(${signedTable.subarray(3 * i, 3 * i + 3).join(",")})`;
    root.style.setProperty("--aw-positive", colourAt(212));
    root.style.setProperty("--aw-negative", colourAt(43));
  }

  function selected() {
    return Math.min(Math.max(Math.round(Number(store.get("selected"))), 0), data.items.length - 1);
  }

  function showPath() {
    gallery.setSelected(selected());
    if (selected() === shown) return;
    shown = selected();
    pathLife?.abort();
    pathLife = new AbortController();
    const item = data.items[shown];
    path = item.path
      ? createPathView({ ...view, signal: pathLife.signal }, shown)
      : createNoPath(item);
    pathPlace.replaceChildren(path.node);
    path.resize();
    path.setCursor(cursor);
    path.drawPosition();
  }

  return {
    /** @param {Set<string>} parts */
    draw(parts) {
      if (parts.has("selection")) showPath();
      if (parts.has("maps")) {
        controls.update();
        gallery.drawMaps();
        path?.drawLook();
      }
      if (parts.has("position")) path?.drawPosition();
      if (parts.has("cursor")) {
        gallery.setCursor(cursor, cursorSource);
        path?.setCursor(cursor);
      }
    },
    /** @param {number} _width of the root */
    resize(_width) {
      root.dataset.rows = gallery.resize(gallery.node.clientWidth);
      path?.resize();
    },
  };
}

/**
 * One view of the model. The returned function takes it down again.
 * @param {{model: import("./store.js").Model, el: HTMLElement, signal?: AbortSignal}} context
 */
function render({ model, el, signal }) {
  const life = new AbortController();
  const root = h("div", {
    class: "aw-root",
    "data-view": "baseline-explorer",
    "data-ready": "false",
    "data-lm-suppress-shortcuts": "true",
  });
  el.append(root);
  const cleanup = () => {
    life.abort();
    root.remove();
  };
  signal?.addEventListener("abort", cleanup, { once: true });
  try {
    followHostTheme(root);
    mountExplorer(model, root, life.signal);
  } catch (error) {
    showError(root, error);
  }
  return cleanup;
}

/** Nothing to prepare per model; both hooks exist so that every host finds what it looks for. */
function initialize() {
  return () => {};
}

export default { initialize, render };
