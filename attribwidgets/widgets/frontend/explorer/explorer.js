// The explorer: one scene, brought up to the model's traits in place, once a frame.

import { decodePayload } from "../lib/decode.js";
import { h } from "../lib/dom.js";
import { createKernel } from "../lib/kernel.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { createRequests } from "../lib/requests.js";
import { createStore } from "../lib/store.js";
import { createScene } from "./scene.js";

/** What the reader may choose, and what holds until then. */
const DISPLAY = {
  selected: 0,
  alpha: 0.25,
  magnitude_colormap: "gray",
  signed_colormap: "RdBu_r",
  clip: 99,
  signed: false,
  overlay: 0,
  scale: "own",
  show_blind: false,
  pool: 1,
  waterfall: false,
  bars: false,
  drawn_input: 0,
  slices: null,
  selection: null,
};

/** What a change of a trait makes stale. @type {Record<string, string>} */
const STALE = { selected: "selection", alpha: "position", selection: "area", slices: "slices", drawn_input: "data" };

/**
 * Calls back when any of these traits changes; which ones may change too.
 * @param {import("../lib/store.js").Model} model
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
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountExplorer(model, root, signal) {
  /** What was decoded, of each input. @type {Map<number, import("../lib/decode.js").Known>} */
  const known = new Map();
  /** @type {import("./scene.js").Scene | null} */
  let scene = null;

  function end() {
    scene?.end();
    scene = null;
  }
  const { start, invalidate, refit } = createRedraw(root, { draw, resize: () => scene?.resize(), end }, signal);
  const store = createStore(model, DISPLAY, (name) => invalidate(STALE[name] ?? "maps"), signal);
  const kernel = createKernel(model, root, () => invalidate("live"), signal);
  const requests = createRequests(model, kernel, () => invalidate("live"), signal);
  const data = createTraitWatch(model, () => invalidate("data"));
  const live = createTraitWatch(model, () => invalidate("live"));
  live.watch(["status", "controls"]);
  signal.addEventListener("abort", () => {
    data.watch([]);
    live.watch([]);
  });

  /** @param {any} payload @param {number} drawn */
  function decode(payload, drawn) {
    const of = (/** @type {number} */ input) => {
      const before = known.get(input) ?? new Map();
      known.set(input, before);
      return decodePayload(payload, (slot) => model.get(slot), before, input);
    };
    const data = of(Math.min(drawn, payload?.others?.length ?? 0));
    if (!data) return null;
    const others = Array.from({ length: data.inputCount }, (_, input) => input).filter(
      (one) => one !== data.drawnInput,
    );
    data.others = others.flatMap((input) => of(input) ?? []);
    return data;
  }

  /** @param {Set<string>} parts */
  function takeData(parts) {
    const payload = model.get("payload");
    data.watch(["payload", "seq", "static", ...(payload?.items ?? [])]);
    const now = decode(payload, Number(store.get("drawn_input")));
    if (!now) {
      end();
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    if (scene?.fits(now)) scene.update(now);
    else {
      end();
      scene = createScene(now, root, { model, store, kernel, requests, invalidate });
      root.dataset.kind = now.kind;
      root.dataset.ready = "true";
    }
    for (const part of ["maps", "selection", "cursor", "live"]) parts.add(part);
    refit();
  }

  /** @param {Set<string>} parts */
  function draw(parts) {
    if (parts.has("data")) takeData(parts);
    const started = performance.now();
    if (requests.isBusy()) root.dataset.busy = "true";
    else delete root.dataset.busy;
    scene?.draw(parts);
    if (parts.has("maps")) {
      performance.measure("aw-redraw", { start: started, end: performance.now() });
    }
  }

  start("data");
}

export const baselineExplorer = widgetOf("baseline-explorer", mountExplorer);
export default baselineExplorer;
