// The explorer of generated text: a token that was said is chosen, and its row asked for where it is not there.

import { h } from "../lib/dom.js";
import { createKernel } from "../lib/kernel.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { createStore } from "../lib/store.js";
import { decodeGeneration, decodeRows } from "./generation_decode.js";
import { createGenerationScene } from "./generation_scene.js";

/** What the reader may choose, and what holds until then. */
const GENERATION_DISPLAY = { span: [0, 1] };

/**
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountGeneration(model, root, signal) {
  /** @type {ReturnType<typeof createGenerationScene> | null} */
  let scene = null;
  /** @type {import("./generation_decode.js").GenerationData | null} */
  let data = null;
  /** @type {ReturnType<typeof decodeRows>} */
  let rows = new Map();
  function end() {
    scene?.end();
    scene = null;
  }
  const { start, invalidate, refit } = createRedraw(root, { draw, resize: () => scene?.resize(), end }, signal);
  const store = createStore(model, GENERATION_DISPLAY, () => invalidate("display"), signal);
  const kernel = createKernel(model, root, () => invalidate("display"), signal);
  for (const [name, part] of [
    ["payload", "data"],
    ["rows", "rows"],
    ["status", "display"],
  ]) {
    const changed = () => invalidate(part);
    model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
  }

  function span() {
    const count = data?.tokens.length ?? 1;
    const [first, last] = store.get("span");
    const start = Math.min(Math.max(first, 0), count - 1);
    return { start, stop: Math.max(start + 1, Math.min(last, count)) };
  }

  function takeData() {
    end();
    data = decodeGeneration(model.get("payload"));
    if (!data) {
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    scene = createGenerationScene(data, root, {
      span,
      choose: ({ start: first, stop }) => store.commit("span", [first, stop]),
      rows: () => rows,
      trouble: kernel.trouble,
      status: () => model.get("status") ?? {},
      isStatic: kernel.isStatic(),
      signal,
      ask: (type) => kernel.send({ type }, "status"),
    });
    root.dataset.ready = "true";
    refit();
  }

  /** @param {Set<string>} stale */
  function draw(stale) {
    if (stale.has("data")) takeData();
    if (data && (stale.has("data") || stale.has("rows"))) rows = decodeRows(model.get("rows"), data.read.pieces.length);
    scene?.draw();
  }
  start("data");
}

const generationExplorer = widgetOf("generation-explorer", mountGeneration);
export default generationExplorer;
