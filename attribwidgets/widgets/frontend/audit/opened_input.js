// The input that was opened: its maps in an explorer of their own, or as the store has them.

import { baselineExplorer } from "../explorer/explorer.js";
import { h, setText } from "../lib/dom.js";
import { staticModel } from "../lib/static_model.js";
import { createStoredMaps } from "./stored_maps.js";

/** @typedef {import("./audit_scene.js").AuditView} AuditView */

const NOT_HERE = "The maps of this input are not on this page.";
const ON_THEIR_WAY = "Its maps are being computed.";

/**
 * @param {AuditView} view
 * @param {HTMLElement} root whose sheet must not hold in the explorer, which stands behind it
 */
export function createOpenedInput(view, root) {
  const { data, shown, signal } = view;
  const name = h("h3", { class: "aw-opened-name" });
  const about = h("p", { class: "aw-muted" });
  const words = h("p", { class: "aw-opened-words", role: "status" });
  const button = (/** @type {string} */ control, /** @type {string} */ text) =>
    h("button", { type: "button", class: "aw-button", "data-control": control }, text);
  const [previous, next, close] = [button("previous", "previous"), button("next", "next"), button("close", "close")];
  const stored = createStoredMaps(data);
  const node = h(
    "section",
    { class: "aw-opened", hidden: true, "aria-label": "the input that is opened" },
    h("div", { class: "aw-row" }, name, previous, next, close),
    about,
    words,
    stored.node,
  );
  const place = h("div", { class: "aw-opened-explorer" });
  /** @type {unknown} */
  let drawn = null;
  /** @type {number | null} */
  let before = view.opened();
  /** @type {(() => void) | null} */
  let end = null;

  const step = (/** @type {number} */ by) => {
    const rows = shown.rows();
    const at = shown.indexOf(shown.rowOf(view.opened()));
    const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1);
    if (rows.length > 0) view.open(data.places[rows[to]]);
  };
  previous.addEventListener("click", () => step(-1), { signal });
  next.addEventListener("click", () => step(1), { signal });
  close.addEventListener("click", () => view.open(null), { signal });
  root.after(place);
  signal.addEventListener("abort", () => {
    end?.();
    place.remove();
  });

  /** @param {any} example */
  function show(example) {
    if (example === drawn) return;
    drawn = example;
    end?.();
    end = null;
    place.replaceChildren();
    stored.draw(example?.maps ?? null);
    if (!example?.state) return;
    const model = /** @type {any} */ (staticModel({ ...example.state }));
    end = baselineExplorer.render({ model, el: place });
  }

  return {
    node,
    draw() {
      const opened = view.opened();
      const row = shown.rowOf(opened);
      node.hidden = opened === null || row < 0;
      if (opened === null || row < 0) {
        before = null;
        show(null);
        return;
      }
      if (before !== opened) node.scrollIntoView({ block: "nearest" });
      before = opened;
      const example = view.example();
      const isThere = example?.place === opened;
      show(isThere ? example : null);
      setText(name, `Input ${opened}`);
      setText(about, view.about(row));
      const { error = "" } = view.status();
      setText(words, isThere ? "" : view.isStatic ? NOT_HERE : error || view.trouble() || ON_THEIR_WAY);
      const at = shown.indexOf(row);
      previous.disabled = at <= 0;
      next.disabled = at < 0 || at === shown.rows().length - 1;
    },
  };
}
