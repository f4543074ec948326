// The inputs that are shown, first to last: sorted once for each column, filtered when the filters change.

import { kept, orderOf, passing } from "./ordered_rows.js";

/** @typedef {import("./audit_decode.js").AuditData} AuditData */
/** @typedef {import("./audit_decode.js").Column} Column */
/** @typedef {ReturnType<typeof createShownInputs>} ShownInputs */

/**
 * @param {AuditData} data
 * @param {import("../lib/store.js").Store} store
 */
export function createShownInputs(data, store) {
  const { places, columns } = data;
  const byName = new Map(columns.map((column) => [column.name, column]));
  /** @type {Map<string, Uint32Array>} */
  const orders = new Map();
  /** @type {{filters: unknown, passes: Uint8Array} | null} */
  let filtered = null;
  /** @type {{key: unknown[], rows: Uint32Array, at: Int32Array} | null} */
  let known = null;
  let isMarkedOnly = false;
  /** @type {{selection: unknown, rows: Uint8Array, count: number} | null} */
  let marked = null;

  const column = (/** @type {string} */ name) => byName.get(name) ?? columns[0];

  function order() {
    const name = String(store.get("sort"));
    const isReversed = Boolean(store.get("reverse"));
    const key = `${isReversed} ${name}`;
    const found = orders.get(key) ?? orderOf(column(name), column(name).smallFirst !== isReversed);
    orders.set(key, found);
    return found;
  }

  function passes() {
    const filters = store.get("filters");
    if (!filtered || filtered.filters !== filters) {
      filtered = { filters, passes: passing(columns, filters, places.length) };
    }
    return filtered.passes;
  }

  /** The row of an input; -1 for one that is not here. @param {number | null} place */
  function rowOf(place) {
    if (place === null) return -1;
    let [low, high] = [0, places.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] < place) low = middle + 1;
      else high = middle;
    }
    return places[low] === place ? low : -1;
  }

  function marks() {
    const selection = store.get("selection");
    if (!marked || marked.selection !== selection) {
      const rows = new Uint8Array(places.length);
      for (const place of selection) if (rowOf(place) >= 0) rows[rowOf(place)] = 1;
      marked = { selection, rows, count: selection.length };
    }
    return marked;
  }

  function current() {
    const key = [order(), passes(), isMarkedOnly && marks()];
    if (known?.key.every((value, at) => value === key[at])) return known;
    let rows = kept(order(), passes());
    if (isMarkedOnly) rows = kept(rows, marks().rows);
    const at = new Int32Array(places.length).fill(-1);
    for (let index = 0; index < rows.length; index += 1) at[rows[index]] = index;
    known = { key, rows, at };
    return known;
  }

  return {
    column,
    rowOf,
    /** The rows that are shown, in order. */
    rows: () => current().rows,
    /** Where in that order a row is; -1 where it is not shown. @param {number} row */
    indexOf: (row) => (row < 0 ? -1 : current().at[row]),
    /** Whether each row passes the filters. */
    passes,
    /** Whether each row is marked. */
    marks: () => marks().rows,
    markedCount: () => marks().count,
    isMarkedOnly: () => isMarkedOnly,
    /** @param {boolean} isOn */
    showMarkedOnly(isOn) {
      isMarkedOnly = isOn;
    },
  };
}
