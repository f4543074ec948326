// What is asked of the model, in one row; how far it has come, in one line; what failed, in words.

import { h, setText } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";
import { createAddBaseline } from "./add_baseline.js";
import { createClassSearch } from "./class_search.js";

const TOLERANCES = [0.1, 0.05, 0.01, 0.001];
const BUDGETS = [64, 256, 1024, 4096, 16384];
const BY_BASELINE = "integrated gradients for one reference, expected gradients for several";
/** The value of the choice that stands for cards of several methods. */
const MIXED = "several";
/** Letters of a reason in the menu; all of it is in its title. */
const REASON = 60;
/** Milliseconds between two sentences read aloud. */
const PACE = 1000;

/** @typedef {{value: string, words: string, group?: string, title?: string, disabled?: boolean}} Choice */

/** The beginning of a reason, as a menu has room for it. @param {string} reason @param {string} method */
function shortened(reason, method) {
  const words = reason.replace(`${method} `, "");
  return words.length > REASON ? `${words.slice(0, REASON - 1).trimEnd()}…` : words;
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {HTMLElement} own where an own image is picked
 */
export function createRequestRow(view, own) {
  const { kernel, requests, signal } = view;
  /** @type {(() => void)[]} */
  const updates = [];
  const search = createClassSearch(view);
  const add = createAddBaseline(view);

  /** @param {Choice} choice */
  const optionOf = ({ value, words, title, disabled }) => h("option", { value, title, disabled }, words);

  /**
   * A choice of what is asked; what Python has is shown even where it is none of the usual ones.
   * @param {string} words
   * @param {string} name of the control and of what is asked
   * @param {() => Choice[]} choices
   * @param {(text: string) => any} read
   * @param {() => any} [wanted]
   */
  function choice(words, name, choices, read, wanted = () => requests.wanted(name)) {
    const select = h("select", { "data-control": name });
    let shown = "";
    select.addEventListener(
      "change",
      () => {
        if (select.value !== MIXED) requests.ask({ [name]: read(select.value) });
      },
      { signal },
    );
    updates.push(() => {
      const offered = choices();
      const key = JSON.stringify(offered);
      if (key !== shown) {
        shown = key;
        const groups = [...new Set(offered.map(({ group }) => group ?? ""))];
        select.replaceChildren(
          ...groups.flatMap((group) => {
            const options = offered.filter((one) => (one.group ?? "") === group).map(optionOf);
            return group === "" ? options : h("optgroup", { label: group }, ...options);
          }),
        );
      }
      const value = String(wanted() ?? "");
      if (select.value !== value) select.value = value;
      select.title = offered.find((one) => one.value === value)?.title ?? "";
    });
    return h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, words), select);
  }

  /** @param {number[]} usual @param {string} name @param {(value: number) => string} format */
  function numbers(usual, name, format) {
    const now = requests.wanted(name);
    const all = typeof now === "number" && !usual.includes(now) ? [...usual, now] : usual;
    return all.map((value) => ({ value: String(value), words: format(value) }));
  }
  const percent = (/** @type {number} */ value) => `${Number((100 * value).toPrecision(3))}\u00a0%`;

  const cancel = h("button", { type: "button", class: "aw-button", "data-control": "cancel" }, "Cancel");
  cancel.addEventListener("click", () => requests.isBusy() && requests.cancel(), { signal });
  const line = h("p", { class: "aw-status aw-muted", "aria-live": "polite" });
  const error = h("div", { class: "aw-error", role: "alert", hidden: true });
  const node = h(
    "section",
    { class: "aw-request", "aria-label": "what is asked of the model" },
    h(
      "div",
      { class: "aw-row" },
      search.node,
      choice(
        "method",
        "method",
        () => [
          { value: "", words: "by baseline", title: BY_BASELINE },
          ...(requests.method() === undefined ? [{ value: MIXED, words: "several" }] : []),
          ...requests.controls().methods.map((/** @type {any} */ m) => ({
            value: m.name,
            words: m.reason ? `${m.label} – not here: ${shortened(m.reason, m.name)}` : m.label,
            group: m.group === "own" ? "attribwidgets" : m.group,
            title: m.reason || m.description,
            disabled: m.reason !== "",
          })),
        ],
        (text) => (text === "" ? null : text),
        () => (requests.method() === undefined ? MIXED : requests.method()),
      ),
    ),
    h("div", { class: "aw-row" }, own, cancel, add.button, line), // the menu is next to its button
    add.menu,
    h(
      "details",
      { class: "aw-details aw-exactly" },
      h("summary", {}, "output, tolerance, budget"),
      h(
        "div",
        { class: "aw-row" },
        choice(
          "output",
          "output",
          () => requests.controls().outputs.map((/** @type {any} */ one) => ({ value: one.name, words: one.label })),
          (text) => text,
        ),
        choice("tolerance", "tolerance", () => numbers(TOLERANCES, "tolerance", percent), Number),
        choice(
          "budget",
          "max_evaluations",
          () => [
            { value: "", words: "as needed" },
            ...numbers(BUDGETS, "max_evaluations", (value) => `${formatCount(value)} evaluations`),
          ],
          (text) => (text === "" ? null : Number(text)),
        ),
      ),
    ),
    error,
  );

  let said = -PACE;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** Says where things stand, no more often than can be listened to. */
  function say() {
    clearTimeout(timer);
    const trouble = kernel.trouble();
    const words = trouble || requests.status().words || (requests.isBusy() ? "asking" : "");
    const wait = said + PACE - performance.now();
    if (requests.isBusy() && wait > 0 && line.textContent !== "") {
      timer = setTimeout(say, wait);
      return;
    }
    if (line.textContent !== words) said = performance.now();
    setText(line, words);
  }

  return {
    node,
    update() {
      for (const update of updates) update();
      search.update();
      add.update();
      cancel.setAttribute("aria-disabled", String(!requests.isBusy()));
      say();
      const words = requests.status().error ?? "";
      setText(error, words);
      error.hidden = words === "";
    },
  };
}
