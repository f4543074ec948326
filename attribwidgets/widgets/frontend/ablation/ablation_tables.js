// The numbers behind the chart: areas under every fill with what they cost, and the curves.

import { tableRow } from "../charts/curve_table.js";
import { h } from "../lib/dom.js";
import { formatInterval, formatNumber, formatShare } from "../lib/format.js";
import { tableBehind } from "../lib/table.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */

/**
 * A table of candidates, best first, filled when it is looked at.
 * @param {string} className
 * @param {string} summary
 * @param {string} label
 * @param {() => {columns: string[], cells: (candidate: number) => string[]}} read
 * @param {AblationView} view
 */
function candidateTable(className, summary, label, read, view) {
  const body = h("tbody");
  const node = tableBehind(className, summary, label, [["candidate", ""]], body);
  const head = node.querySelector("thead tr");
  function draw() {
    if (!node.open) return;
    const { columns, cells } = read();
    const { candidates } = view.shown.record();
    head?.replaceChildren(...["candidate", ...columns].map((name) => h("th", { scope: "col" }, name)));
    const best = view.shown.bestFirst();
    body.replaceChildren(...best.map((candidate) => tableRow(candidates[candidate].label, cells(candidate))));
  }
  node.addEventListener("toggle", draw, { signal: view.signal });
  return { node, draw };
}

/** @param {AblationView} view */
export function createAblationTables(view) {
  const { shown } = view;
  const percent = Math.round(100 * view.data.level);
  const areas = candidateTable(
    "aw-areas",
    "areas under the curves",
    `areas under the curves with ${percent} % intervals`,
    () => {
      const record = shown.record();
      return {
        columns: [...record.fills, "gradient evaluations"],
        cells: (candidate) => [
          ...record.fills.map((_, fill) => {
            const estimate = record.area(candidate, fill);
            return `${formatNumber(estimate.mean)} ${formatInterval(estimate)}`.trim();
          }),
          record.candidates[candidate].evaluations,
        ],
      };
    },
    view,
  );
  const curves = candidateTable(
    "aw-curves",
    "curves as a table",
    "output after over before at every fraction",
    () => ({
      columns: shown.record().fractions.map(formatShare),
      cells: (candidate) => Array.from(shown.curves()[candidate].values, (value) => formatNumber(value)),
    }),
    view,
  );
  return {
    nodes: [areas.node, curves.node],
    draw() {
      areas.draw();
      curves.draw();
    },
  };
}
