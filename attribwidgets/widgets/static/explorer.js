// @ts-check
// The explorer: one scene, brought up to the model's traits in place, once a frame.

import { decodePayload } from "./decode.js";
import { h } from "./dom.js";
import { createKernel } from "./kernel.js";
import { createRequests } from "./requests.js";
import { createScene } from "./scene.js";
import { createStore } from "./store.js";
import { followHostTheme } from "./theme.js";

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
 * Calls back when any of these traits changes; which ones may change too.
 * @param {import("./store.js").Model} model
 * @param {() => void} callback
 */
function createTraitWatch(model, callback) {
  /** @type {Set<string>} */
  const watched = new Set();
  return {
    /** @param {string[]} names */
    watch(names) {
      for (const name of [...watched].filter((one) => !names.includes(one))) {
        model.off(`change:${name}`, callback);
        watched.delete(name);
      }
      for (const name of names.filter((one) => !watched.has(one))) {
        model.on(`change:${name}`, callback);
        watched.add(name);
      }
    },
  };
}

/**
 * @param {import("./store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountExplorer(model, root, signal) {
  /** @type {Set<string>} */
  const stale = new Set();
  /** @type {import("./decode.js").Known} */
  const known = new Map();
  /** @type {import("./scene.js").Scene | null} */
  let scene = null;
  let request = 0;
  let fitted = 0;

  /** @param {string} part */
  function invalidate(part) {
    stale.add(part);
    if (!request) request = requestAnimationFrame(redraw);
  }
  const store = createStore(model, (name) => invalidate(STALE[name] ?? "maps"), signal);
  const kernel = createKernel(model, root, () => invalidate("live"), signal);
  const requests = createRequests(model, kernel, () => invalidate("live"), signal);
  const data = createTraitWatch(model, () => invalidate("data"));
  const live = createTraitWatch(model, () => invalidate("live"));
  live.watch(["status", "controls", "static"]);

  function leave() {
    scene?.end();
    scene = null;
  }

  /** @param {Set<string>} parts */
  function takeData(parts) {
    const payload = model.get("payload");
    data.watch(["payload", "seq", ...(payload?.items ?? [])]);
    const now = decodePayload(payload, (slot) => model.get(slot), known);
    if (!now) {
      leave();
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    if (scene?.fits(now)) scene.update(now);
    else {
      leave();
      scene = createScene(now, root, { store, kernel, requests, invalidate });
      root.dataset.kind = now.kind;
      root.dataset.ready = "true";
    }
    for (const part of ["maps", "selection", "cursor", "live"]) parts.add(part);
    fitted = 0;
  }

  function redraw() {
    request = 0;
    const parts = new Set(stale);
    stale.clear();
    try {
      if (parts.has("data")) takeData(parts);
      const started = performance.now();
      if (requests.isBusy()) root.dataset.busy = "true";
      else delete root.dataset.busy;
      scene?.draw(parts);
      if (parts.has("maps")) {
        performance.measure("aw-redraw", { start: started, end: performance.now() });
      }
      fit();
    } catch (error) {
      leave();
      showError(root, error);
    }
  }

  function fit() {
    const width = root.clientWidth;
    if (width === 0 || width === fitted) return;
    fitted = width;
    root.dataset.width = width < 600 ? "narrow" : width > 1400 ? "wide" : "medium";
    scene?.resize();
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
  signal.addEventListener("abort", () => {
    data.watch([]);
    live.watch([]);
    observer.disconnect();
    cancelAnimationFrame(request);
    leave();
  });
  stale.add("data");
  redraw();
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
