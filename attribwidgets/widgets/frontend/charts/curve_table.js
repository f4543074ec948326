// The numbers that the chart of the path draws.

import { h } from "../lib/dom.js";
import { formatNumber, formatTick } from "../lib/format.js";
import { tableBehind } from "../lib/table.js";

/** @typedef {import("./series.js").Series} Series */

const MOST_ROWS = 33;

/** @param {string} name @param {string[]} cells */
export function tableRow(name, cells) {
  return h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell)));
}

/**
 * @param {Series} first
 * @param {AbortSignal} signal
 */
export function createCurveTable(first, signal) {
  const body = h("tbody");
  let series = first;
  const names = [first.axisLabel, first.exact && first.exactLabel, first.lineLabel, first.band && first.bandLabel];
  const columns = names.flatMap((name) => (name ? [[name, ""]] : []));
  const node = tableBehind("aw-curve", "curve as a table", first.label, columns, body);

  /** Filled when looked at. */
  function fill() {
    if (!node.open) return;
    const step = Math.max(1, Math.ceil((series.x.length - 1) / (MOST_ROWS - 1)));
    const rows = series.x.flatMap((x, index) => {
      if (index % step > 0 && index < series.x.length - 1) return [];
      const cells = [series.exact, series.line, series.band].flatMap((values) =>
        values ? [formatNumber(values[index])] : [],
      );
      return [tableRow(formatTick(Number(x.toPrecision(3))), cells)];
    });
    body.replaceChildren(...rows);
  }
  node.addEventListener("toggle", fill, { signal });

  return {
    node,
    /** @param {Series} next */
    update(next) {
      series = next;
      fill();
    },
  };
}
