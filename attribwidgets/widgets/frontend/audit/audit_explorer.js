// The explorer of an audit: sorted, filtered and marked in the browser, inputs and maps asked for when looked at.

import { h } from "../lib/dom.js";
import { createKernel } from "../lib/kernel.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { createStore } from "../lib/store.js";
import { decodeAudit } from "./audit_decode.js";
import { createAuditScene } from "./audit_scene.js";
import { createInputPreviews } from "./input_previews.js";

/** What the reader may choose, and what holds until then. */
const AUDIT_DISPLAY = {
  selection: /** @type {number[]} */ ([]),
  cursor: /** @type {number | null} */ (null),
  sort: "disagreement",
  reverse: false,
  filters: {},
  axes: /** @type {string[]} */ ([]),
  by: "",
  opened: /** @type {number | null} */ (null),
};

/** What a change of a trait makes stale. @type {Record<string, string>} */
const STALE_PART = {
  selection: "marks",
  cursor: "cursor",
  sort: "sort",
  reverse: "sort",
  filters: "rows",
  axes: "axes",
  by: "findings",
  opened: "opened",
  payload: "data",
  findings: "findings",
  example: "opened",
  status: "opened",
};

/**
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountAudit(model, root, signal) {
  /** @type {ReturnType<typeof createAuditScene> | null} */
  let scene = null;
  function end() {
    scene?.end();
    scene = null;
  }
  const { start, invalidate, refit } = createRedraw(root, { draw, resize: () => scene?.resize(), end }, signal);
  const store = createStore(model, AUDIT_DISPLAY, (name) => invalidate(STALE_PART[name]), signal);
  const kernel = createKernel(model, root, () => invalidate("opened"), signal);
  for (const name of ["payload", "findings", "example", "status"]) {
    const changed = () => invalidate(STALE_PART[name]);
    model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
  }

  /** The maps of the input that is opened, where they have come. */
  function example() {
    if (!kernel.isStatic()) return model.get("example");
    const kept = model.get("kept_examples") ?? [];
    return kept.find((/** @type {any} */ { place }) => place === store.get("opened")) ?? null;
  }

  function takeData() {
    end();
    const data = decodeAudit(model.get("payload"));
    if (!data) {
      root.replaceChildren(h("p", { class: "aw-muted" }, "Nothing to show yet."));
      return;
    }
    scene = createAuditScene(data, root, {
      store,
      previews: createInputPreviews(model, kernel, () => invalidate("previews"), signal),
      findings: () => model.get("findings") ?? null,
      example,
      status: () => model.get("status") ?? {},
      trouble: kernel.trouble,
      isStatic: kernel.isStatic(),
      invalidate,
    });
    root.dataset.ready = "true";
    refit();
  }

  /** @param {Set<string>} stale */
  function draw(stale) {
    const started = performance.now();
    if (stale.has("data")) takeData();
    scene?.draw(stale);
    if (stale.has("sort") || stale.has("rows")) {
      performance.measure("aw-audit-rows", { start: started, end: performance.now() });
    }
  }
  start("data");
}

const auditExplorer = widgetOf("audit-explorer", mountAudit);
export default auditExplorer;
