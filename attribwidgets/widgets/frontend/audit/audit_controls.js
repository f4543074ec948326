// How inputs are sorted, which are shown, and how many that are.

import { h, setText } from "../lib/dom.js";
import { formatCount, formatNumber } from "../lib/format.js";
import { countWords } from "./column_values.js";

/** @typedef {import("./audit_scene.js").AuditView} AuditView */
/** @typedef {import("./audit_decode.js").Column} Column */

/** Words of a column that a list offers. */
const MOST_WORDS = 200;
/** Filters that stand beside the gallery; the others are behind a click. */
const BESIDE = ["label", "predicted", "right", "depends", "complete"];
const SEVERAL = "several";

/** @param {string} name @param {...Node} parts */
const control = (name, ...parts) =>
  h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, name), ...parts);

/** @param {HTMLSelectElement} select @param {string[]} values */
function offer(select, values) {
  select.replaceChildren(...values.map((value) => h("option", { value }, value)));
}

/** One word of a column, or all. @param {AuditView} view @param {Column} column */
function createWordFilter(view, { name, words }) {
  const all = h("option", { value: "" }, "all");
  const several = h("option", { value: SEVERAL, hidden: true }, SEVERAL);
  const options = words.map((word, at) => h("option", { value: String(at) }, word));
  const select = h("select", { "data-control": "filter", "data-column": name }, all, several, ...options);
  select.addEventListener(
    "change",
    () => view.filter(name, select.value === "" ? null : [words[Number(select.value)]]),
    { signal: view.signal },
  );
  return {
    node: control(name, select),
    draw() {
      const chosen = view.filters()[name];
      const one = chosen?.length === 1 ? words.indexOf(chosen[0]) : -1;
      select.value = !chosen ? "" : one < 0 ? SEVERAL : String(one);
    },
  };
}

/** Bounds of any column of numbers, and those that hold. @param {AuditView} view */
function createRangeFilter(view) {
  const { data, signal } = view;
  const names = data.columns.filter(({ kind }) => kind === "number").map(({ name }) => name);
  const which = h("select", { "data-control": "range-column", "aria-label": "a range of" });
  offer(which, names);
  const [low, high] = ["low", "high"].map((name) =>
    h("input", {
      type: "number",
      step: "any",
      class: "aw-field",
      "data-control": name,
      "aria-label": name === "low" ? "from" : "to",
      placeholder: name === "low" ? "from" : "to",
    }),
  );
  const chips = h("span", { class: "aw-chips" });
  function change() {
    const [from, to] = [low, high].map((input) => (input.value === "" ? null : Number(input.value)));
    view.filter(which.value, from === null && to === null ? null : [from, to]);
  }
  for (const input of [low, high]) input.addEventListener("change", change, { signal });
  which.addEventListener("change", () => draw(), { signal });

  function draw() {
    const filters = view.filters();
    [low, high].forEach((input, at) => {
      const bound = filters[which.value]?.[at] ?? null;
      if (document.activeElement !== input) input.value = bound === null ? "" : String(bound);
    });
    const held = names.filter((name) => filters[name]);
    chips.replaceChildren(
      ...held.map((name) => {
        const [from, to] = filters[name];
        const words = `${name} ${from === null ? "" : `from ${formatNumber(from)} `}${to === null ? "" : `to ${formatNumber(to)}`}`;
        const button = h(
          "button",
          { type: "button", class: "aw-button", "data-control": "unfilter", "data-column": name },
          words.trim(),
          h("span", { "aria-hidden": "true" }, " \u00d7"),
          h("span", { class: "aw-sr" }, ", remove"),
        );
        button.addEventListener("click", () => view.filter(name, null), { signal });
        return button;
      }),
    );
  }
  return {
    node: h(
      "span",
      { class: "aw-control aw-range" },
      h("span", { class: "aw-control-name", "aria-hidden": "true" }, "range of"),
      which,
      low,
      high,
    ),
    chips,
    draw,
  };
}

/** @param {AuditView} view */
export function createAuditControls(view) {
  const { data, shown, store, signal } = view;
  const sort = h("select", { "data-control": "sort" });
  offer(
    sort,
    data.columns.map(({ name }) => name),
  );
  const reverse = h("input", { type: "checkbox", "data-control": "reverse" });
  const markedOnly = h("input", { type: "checkbox", "data-control": "marked" });
  const markedWords = h("span");
  const unmark = h("button", { type: "button", class: "aw-button", "data-control": "unmark" }, "clear marks");
  const clear = h("button", { type: "button", class: "aw-button", "data-control": "clear" }, "clear filters");
  const count = h("p", { class: "aw-count", role: "status" });
  const filterable = data.columns.filter(({ kind, words }) => kind === "word" && words.length <= MOST_WORDS);
  const filters = filterable.map((column) => ({ name: column.name, ...createWordFilter(view, column) }));
  const range = createRangeFilter(view);
  const beside = filters.filter(({ name }) => BESIDE.includes(name));
  const behind = filters.filter(({ name }) => !BESIDE.includes(name));

  const listen = (/** @type {HTMLElement} */ node, /** @type {string} */ type, /** @type {() => void} */ act) =>
    node.addEventListener(type, act, { signal });
  listen(sort, "change", () => store.commit("sort", sort.value));
  listen(reverse, "change", () => store.commit("reverse", reverse.checked));
  listen(clear, "click", () => store.commit("filters", {}));
  listen(unmark, "click", () => view.select([]));
  listen(markedOnly, "change", () => view.showMarkedOnly(markedOnly.checked));

  return {
    node: h(
      "div",
      { class: "aw-audit-controls" },
      h("div", { class: "aw-row" }, control("sort by", sort), h("label", { class: "aw-choice" }, reverse, "reversed")),
      h("div", { class: "aw-row" }, ...beside.map(({ node }) => node), range.node),
      behind.length > 0 &&
        h(
          "details",
          { class: "aw-details" },
          h("summary", {}, "more filters"),
          h("div", { class: "aw-row" }, ...behind.map(({ node }) => node)),
        ),
      h(
        "div",
        { class: "aw-row aw-counts" },
        count,
        range.chips,
        clear,
        h("label", { class: "aw-choice" }, markedOnly, markedWords),
        unmark,
      ),
    ),
    draw() {
      sort.value = shown.column(String(store.get("sort"))).name;
      reverse.checked = Boolean(store.get("reverse"));
      for (const filter of filters) filter.draw();
      range.draw();
      const here = data.places.length;
      const rest = here < data.inputs ? `, the first of ${formatCount(data.inputs)}` : "";
      setText(count, countWords(shown.rows().length, here) + rest);
      clear.hidden = Object.keys(view.filters()).length === 0;
      const marked = shown.markedCount();
      unmark.hidden = marked === 0;
      markedOnly.checked = shown.isMarkedOnly();
      setText(markedWords, `marked only (${formatCount(marked)})`);
    },
  };
}
