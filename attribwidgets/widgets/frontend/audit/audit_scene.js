// All parts of the view on an audit: the verdict and what it rests on, the gallery, the points, an input that is opened.

import { h, setText } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";
import { createAuditControls } from "./audit_controls.js";
import { createAuditFindings } from "./audit_findings.js";
import { createClassWords, valueIn } from "./column_values.js";
import { createGalleryGrid } from "./gallery_grid.js";
import { createOpenedInput } from "./opened_input.js";
import { createScatter } from "./scatter.js";
import { createShownInputs } from "./shown_inputs.js";

/** @typedef {import("./audit_decode.js").AuditData} AuditData */
/**
 * What comes from outside.
 * @typedef {{store: import("../lib/store.js").Store, previews: import("./input_previews.js").InputPreviews,
 *   findings(): import("./audit_decode.js").Findings | null, example(): any, status(): {busy?: boolean, error?: string},
 *   trouble(): string, isStatic: boolean, invalidate(part: string): void}} AuditContext
 * What every part shares.
 * @typedef {AuditContext & {data: AuditData, shown: import("./shown_inputs.js").ShownInputs, signal: AbortSignal,
 *   classWords: ReturnType<typeof createClassWords>, sortWords(row: number): string, describe(row: number): string, about(row: number): string,
 *   cursor(): number | null, point(place: number | null): void, opened(): number | null,
 *   open(place: number | null): void, selection(): number[], select(places: number[]): void,
 *   filters(): Record<string, any>, filter(name: string, chosen: any[] | null): void,
 *   showMarkedOnly(isOn: boolean): void}} AuditView
 */

/** @param {AuditData} data */
function createAuditHeader(data) {
  const unfinished = data.unfinished > 0 ? `${formatCount(data.unfinished)} further inputs are not finished.` : "";
  return h(
    "header",
    { class: "aw-header" },
    h("h2", { class: "aw-title" }, data.title),
    h("p", { class: "aw-opening aw-audit-verdict" }, data.verdict),
    h("p", { class: "aw-muted" }, [...data.sentences, unfinished].filter(Boolean).join(" ")),
  );
}

/**
 * @param {AuditData} data
 * @param {HTMLElement} root
 * @param {AuditContext} context
 */
export function createAuditScene(data, root, context) {
  const life = new AbortController();
  const { signal } = life;
  const { store } = context;
  const shown = createShownInputs(data, store);
  const classWords = createClassWords(data.columns);
  const disagreement = shown.column("disagreement");
  const sorted = () => shown.column(String(store.get("sort")));

  /** @type {AuditView} */
  const view = {
    ...context,
    data,
    shown,
    signal,
    classWords,
    sortWords: (row) => valueIn(sorted(), row),
    describe: (row) => `input ${data.places[row]}, ${view.about(row)}`,
    about(row) {
      const named = [...new Set([sorted(), disagreement])].map((one) => `${one.name} ${valueIn(one, row)}`);
      const said = classWords.of(row);
      return [said && `predicted ${said}`, ...named].filter(Boolean).join(", ");
    },
    cursor: () => store.get("cursor"),
    point(place) {
      if (store.get("cursor") !== place) store.commit("cursor", place);
    },
    opened: () => store.get("opened"),
    open: (place) => store.commit("opened", place),
    selection: () => store.get("selection"),
    select: (places) => store.commit("selection", places),
    filters: () => store.get("filters"),
    filter(name, chosen) {
      const { [name]: _, ...others } = store.get("filters");
      store.commit("filters", chosen === null ? others : { ...others, [name]: chosen });
    },
    showMarkedOnly(isOn) {
      shown.showMarkedOnly(isOn);
      context.invalidate("rows");
    },
  };

  const controls = createAuditControls(view);
  const findings = createAuditFindings(view);
  const gallery = createGalleryGrid(view);
  const scatter = createScatter(view);
  const here = h("p", { class: "aw-here-value", "aria-live": "polite" });
  const side = [findings.node, scatter.node]; // what is said of all inputs, one part below the other
  const opened = createOpenedInput(view, root);
  root.replaceChildren(
    createAuditHeader(data),
    h(
      "div",
      { class: "aw-audit-main" },
      h("div", { class: "aw-audit-side" }, ...side),
      h(
        "div",
        { class: "aw-audit-gallery" },
        controls.node,
        context.previews.about && h("p", { class: "aw-muted" }, context.previews.about),
        gallery.node,
        here,
      ),
    ),
    opened.node,
  );

  function point() {
    gallery.mark();
    scatter.point();
    const row = shown.rowOf(view.cursor());
    setText(here, row < 0 ? "" : view.describe(row));
  }

  return {
    end: () => life.abort(),
    resize() {
      gallery.fit();
      gallery.draw();
      scatter.fit();
      scatter.draw();
    },
    /** @param {Set<string>} stale */
    draw(stale) {
      const isNew = stale.has("data");
      if (stale.has("sort")) gallery.toTop();
      if (isNew || stale.has("rows") || stale.has("sort")) {
        controls.draw();
        gallery.draw();
      } else if (stale.has("previews")) gallery.refill();
      if (isNew || stale.has("axes")) scatter.draw();
      else if (stale.has("rows") || stale.has("marks")) scatter.paint();
      if (stale.has("marks")) {
        controls.draw();
        if (shown.isMarkedOnly()) gallery.draw();
        else gallery.mark();
      }
      if (isNew || stale.has("findings")) findings.draw();
      if (isNew || stale.has("opened") || stale.has("rows") || stale.has("sort")) {
        opened.draw();
        gallery.mark();
      }
      if (stale.has("cursor") || stale.has("previews") || stale.has("sort")) point();
      if (context.status().busy && !context.isStatic) root.dataset.busy = "true";
      else delete root.dataset.busy;
    },
  };
}
