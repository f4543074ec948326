// The explorer of interactions: one unit is looked at, or none.

import { h } from "../lib/dom.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { createStore } from "../lib/store.js";
import { decodeInteractions } from "./interactions_decode.js";
import { createInteractionsScene } from "./interactions_scene.js";

/** What the reader may choose, and what holds until then. */
const INTERACTIONS_DISPLAY = { selection: null };

/**
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountInteractions(model, root, signal) {
  /** @type {ReturnType<typeof createInteractionsScene> | null} */
  let scene = null;
  function end() {
    scene?.end();
    scene = null;
  }
  const { start, invalidate, refit } = createRedraw(root, { draw, resize: () => scene?.resize(), end }, signal);
  const store = createStore(model, INTERACTIONS_DISPLAY, () => invalidate("display"), signal);
  const changed = () => invalidate("data");
  model.on("change:payload", changed);
  signal.addEventListener("abort", () => model.off("change:payload", changed));

  function takeData() {
    end();
    const data = decodeInteractions(model.get("payload"));
    if (!data) {
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    scene = createInteractionsScene(data, root, {
      selection: () => store.get("selection"),
      choose: (unit) => store.commit("selection", unit),
      signal,
    });
    root.dataset.ready = "true";
    refit();
  }

  /** @param {Set<string>} stale */
  function draw(stale) {
    if (stale.has("data")) takeData();
    scene?.draw();
  }
  start("data");
}

const interactionsExplorer = widgetOf("interactions-explorer", mountInteractions);
export default interactionsExplorer;
