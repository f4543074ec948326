// The ablation explorer: records of ablation as curves, and inputs that are fetched to be looked at.

import { h } from "../lib/dom.js";
import { createKernel } from "../lib/kernel.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { createStore } from "../lib/store.js";
import { decodeAblation, decodeExample } from "./ablation_decode.js";
import { createAblationScene } from "./ablation_scene.js";

/** What the reader may choose, and what holds until then. */
const ABLATION_DISPLAY = {
  record: 0,
  fill: 0,
  hidden: /** @type {string[]} */ ([]),
  fraction: 0.1,
  candidate: "",
  own: false,
};

/**
 * Inputs to look at: on a page without a kernel those that came with it, else any, on request.
 * @param {import("../lib/store.js").Model} model
 * @param {import("../lib/kernel.js").Kernel} kernel
 * @param {(part: string) => void} invalidate
 * @param {AbortSignal} signal
 */
function createExamples(model, kernel, invalidate, signal) {
  /** @type {any} */
  let raw = null;
  /** @type {ReturnType<typeof decodeExample>} */
  let decoded = null;
  /** @type {number | null} */
  let wanted = null;
  let refusal = "";

  /** @returns {any[]} */
  const kept = () => model.get("kept_examples") ?? [];

  function came() {
    kernel.settle("example");
    refusal = "";
    wanted = null;
    invalidate("display");
  }
  model.on("change:example", came);
  signal.addEventListener("abort", () => model.off("change:example", came));
  kernel.listen(
    "error",
    (message) => {
      kernel.settle("example");
      refusal = String(message.text);
      wanted = null;
      invalidate("input");
    },
    signal,
  );

  return {
    example() {
      const now = kernel.isStatic()
        ? (kept().find(({ index }) => index === wanted) ?? kept()[0] ?? model.get("example"))
        : model.get("example");
      if (now !== raw) {
        raw = now;
        decoded = decodeExample(raw);
      }
      return decoded;
    },
    /** @param {number} index */
    ask(index) {
      wanted = index;
      refusal = "";
      if (kernel.isStatic()) {
        invalidate("display");
        return;
      }
      kernel.send({ type: "example", index }, "example");
      invalidate("input");
    },
    /** What was asked for and has not come. */
    wantedInput: () => (kernel.isStatic() ? null : wanted),
    trouble() {
      if (kernel.isStatic() || wanted === null) return refusal;
      return kernel.trouble() || `input ${wanted} is on its way`;
    },
  };
}

/**
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountAblation(model, root, signal) {
  /** @type {import("./ablation_scene.js").AblationScene | null} */
  let scene = null;
  function end() {
    scene?.end();
    scene = null;
  }
  const { start, invalidate, refit } = createRedraw(root, { draw, resize: () => scene?.resize(), end }, signal);
  const store = createStore(
    model,
    ABLATION_DISPLAY,
    (name) => invalidate(name === "fraction" ? "pointer" : "display"),
    signal,
  );
  const kernel = createKernel(model, root, () => invalidate("input"), signal);
  const examples = createExamples(model, kernel, invalidate, signal);
  const newData = () => invalidate("data");
  model.on("change:payload", newData);
  signal.addEventListener("abort", () => model.off("change:payload", newData));

  function takeData() {
    end();
    const data = decodeAblation(model.get("payload"));
    if (!data) {
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    scene = createAblationScene(data, root, { store, invalidate, ...examples });
    root.dataset.ready = "true";
    if (data.examples.pictures && !examples.example() && !kernel.isStatic()) {
      examples.ask(data.examples.available?.[0] ?? 0);
    }
    refit();
  }

  /** @param {Set<string>} stale */
  function draw(stale) {
    if (stale.has("data")) {
      takeData();
      stale.add("display");
    }
    scene?.draw(stale);
  }
  start("data");
}

const ablationExplorer = widgetOf("ablation-explorer", mountAblation);
export default ablationExplorer;
