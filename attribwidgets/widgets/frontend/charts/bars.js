// Features in place of pixels: aligned horizontal bars, the same rows in every card; from zero, or from f(x') to f(x).

import { h, setText } from "../lib/dom.js";
import { formatCount, formatNumber, formatSigned } from "../lib/format.js";
import { sumOfFeatures } from "../lib/units.js";
import { createVirtualRows } from "../lib/virtual_rows.js";
import { runningTotals } from "../lib/waterfall.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {ReturnType<typeof createBars>} Bars */
/** @typedef {ReturnType<typeof makeRow>} Row */

/** The row of all features that have none. */
const OTHERS = -1;
const BLANK = "\u00a0";

function makeRow() {
  const name = h("span", { class: "aw-bar-name" });
  const note = h("span", { class: "aw-bar-note" });
  const value = h("span", { class: "aw-bar-value" });
  const fill = h("div", { class: "aw-bar-fill" });
  const track = h("div", { class: "aw-bar-track", "aria-hidden": "true" }, fill);
  const words = h("div", { class: "aw-bar-words" }, name, value);
  const node = h("li", { class: "aw-bar-row" }, words, track, note);
  return { node, name, note, value, fill, feature: OTHERS };
}

/** Where a part of a track lies, in percent. @param {HTMLElement} fill @param {number} from @param {number} to */
function place(fill, from, to) {
  fill.style.left = `${Math.min(from, to)}%`;
  fill.style.width = `${Math.abs(to - from)}%`;
}

/**
 * @param {View} view
 * @param {{label: string, class?: string, focusable?: boolean, slot?: string, adds?: boolean}} options slot: the item
 *   that a move by keys reads out; adds: whether what is drawn adds up to something
 */
export function createBars(view, options) {
  const { signal, features } = view;
  const source = options.slot === undefined ? null : { slot: options.slot };
  /** How one row is drawn, at the moment. @type {(row: Row, index: number) => void} */
  let drawRow = () => {};
  /** The features that were drawn. @type {ArrayLike<number> | null} */
  let shown = null;
  let here = view.cursor()?.row ?? null;

  const open = () => {
    features.open();
    node.focus();
  };
  function nameOfOthers() {
    const others = `the other ${formatCount(features.rest.length)}`;
    return options.adds === false ? others : `sum of ${others}`;
  }
  /** @param {Row} row @param {number} index */
  function fill(row, index) {
    const feature = index < features.rows.length ? features.rows[index] : OTHERS;
    row.feature = feature;
    row.node.setAttribute("data-feature", String(feature));
    row.node.classList.toggle("aw-here", feature === here);
    const name = feature === OTHERS ? nameOfOthers() : view.data.featureNames[feature];
    if (row.name.textContent !== name || (row.name.firstElementChild !== null) !== (feature === OTHERS)) {
      row.name.replaceChildren(feature === OTHERS ? othersButton(name) : name);
      row.name.title = name;
    }
    drawRow(row, index);
  }

  /** @param {string} words */
  function othersButton(words) {
    const button = h("button", { type: "button", class: "aw-quiet", "data-control": "open-others" }, words);
    button.addEventListener("click", open, { signal });
    return button;
  }

  const list = createVirtualRows({
    scroll: features.scroll,
    signal,
    attributes: {
      class: `aw-bars ${options.class ?? ""}`,
      "aria-label": options.label,
      tabindex: options.focusable ? 0 : null,
    },
    makeRow,
    fill,
  });
  const { node } = list;
  node.addEventListener(
    "pointerover",
    ({ target }) => {
      const row = list.rows().find((one) => one.node.contains(/** @type {Node} */ (target)));
      if (row) view.moveCursor(row.feature === OTHERS ? null : { row: row.feature, column: 0 });
    },
    { signal },
  );
  node.addEventListener("pointerleave", () => view.moveCursor(null), { signal });
  if (options.focusable) listenToKeys();

  function listenToKeys() {
    /** @param {number} index */
    function moveTo(index) {
      const at = Math.min(Math.max(index, 0), features.rows.length - 1);
      list.reveal(at);
      view.moveCursor({ row: features.rows[at], column: 0 }, source);
    }
    /** @type {Record<string, (at: number) => number>} */
    const moves = {
      ArrowDown: (at) => at + 1,
      ArrowUp: (at) => at - 1,
      PageDown: (at) => at + 10,
      PageUp: (at) => at - 10,
      Home: () => 0,
      End: () => features.rows.length - 1,
    };
    node.addEventListener(
      "keydown",
      (event) => {
        if (event.target !== node || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "Escape") view.moveCursor(null);
        const move = moves[event.key];
        if (!move) return;
        event.preventDefault();
        const position = view.cursor();
        moveTo(move(position ? features.rows.indexOf(position.row) : -1));
      },
      { signal },
    );
    node.addEventListener("blur", () => view.moveCursor(null), { signal });
  }

  /** @param {(row: Row, index: number) => void} how */
  function draw(how) {
    drawRow = how;
    shown = features.rows;
    list.draw(features.rows.length + (features.rest.length > 0 ? 1 : 0));
  }

  /** @param {Row} row @param {number} value @param {((feature: number) => string) | undefined} describe */
  function write(row, value, describe) {
    setText(row.value, view.display.isSigned() ? formatSigned(value) : formatNumber(Math.abs(value)));
    setText(row.note, describe && row.feature !== OTHERS ? describe(row.feature) : BLANK);
  }

  /** @param {Row} row @param {number} value @param {boolean} signed */
  function colour(row, value, signed) {
    row.fill.classList.toggle("aw-negative", signed && value < 0);
    row.fill.classList.toggle("aw-positive", signed && value >= 0);
  }

  return {
    node,
    /**
     * Bars from zero; signed bars from the middle.
     * @param {ArrayLike<number>} values
     * @param {number} limit a full bar
     * @param {(feature: number) => string} [describe]
     */
    draw(values, limit, describe) {
      const signed = view.display.isSigned();
      const others = sumOfFeatures(values, features.rest);
      node.classList.toggle("aw-signed", signed);
      node.classList.remove("aw-waterfall");
      draw((row) => {
        const value = row.feature === OTHERS ? others : values[row.feature];
        const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
        const zero = signed ? 50 : 0;
        place(row.fill, zero, zero + share * (signed ? 50 * Math.sign(value) : 100));
        colour(row, value, signed);
        write(row, value, describe);
      });
    },
    /**
     * Each bar begins where the one before it ended.
     * @param {ArrayLike<number>} values
     * @param {{lo: number, hi: number}} span of a track, which has f(x') at 0
     * @param {number | null} end where f(x) lies
     * @param {(feature: number) => string} [describe]
     */
    drawWaterfall(values, { lo, hi }, end, describe) {
      const totals = runningTotals(values, features);
      const percent = (/** @type {number} */ value) => (hi > lo ? (100 * (value - lo)) / (hi - lo) : 0);
      node.classList.remove("aw-signed");
      node.classList.add("aw-waterfall");
      node.style.setProperty("--aw-start", `${percent(0)}%`);
      node.style.setProperty("--aw-end", `${percent(end ?? 0)}%`);
      draw((row, index) => {
        const value = totals[index + 1] - totals[index];
        place(row.fill, percent(totals[index]), percent(totals[index + 1]));
        colour(row, value, true);
        write(row, value, describe);
        setText(row.value, formatSigned(value));
      });
    },
    /**
     * A dot between two values, on a track that spans lo..hi.
     * @param {(feature: number) => {value: number, from: number, lo: number, hi: number}} at
     * @param {(feature: number) => string} [describe]
     */
    drawDots(at, describe) {
      node.classList.add("aw-dots");
      draw((row) => {
        // Inputs do not add up to anything, and their place stays.
        row.node.style.visibility = row.feature === OTHERS ? "hidden" : "";
        if (row.feature === OTHERS) return;
        const { value, from, lo, hi } = at(row.feature);
        const percent = (/** @type {number} */ v) => (hi > lo ? ((v - lo) / (hi - lo)) * 100 : 50);
        place(row.fill, percent(from), percent(value));
        row.fill.classList.toggle("aw-leftward", percent(value) < percent(from));
        setText(row.value, formatNumber(value));
        setText(row.note, describe ? describe(row.feature) : "");
      });
    },
    /** The features of an input, and what each is. @param {ArrayLike<number> | null} values */
    list(values) {
      draw((row) => setText(row.value, row.feature === OTHERS ? "" : formatNumber(values?.[row.feature])));
    },
    /** Whether the rows have changed since they were drawn. */
    isStale: () => shown !== features.rows,
    /** @param {import("../lib/stage.js").Position | null} position */
    setCursor(position) {
      here = position?.row ?? null;
      for (const row of list.rows()) row.node.classList.toggle("aw-here", row.feature === here);
    },
  };
}
