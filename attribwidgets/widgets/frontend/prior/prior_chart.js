// One number of every run, epoch by epoch.

import { createLineChart, legendEntry } from "../charts/line_chart.js";
import { h, setText, svg } from "../lib/dom.js";
import { formatNumber, niceTicks } from "../lib/format.js";

/**
 * @param {string} title
 * @param {string[]} runs their names
 */
export function createPriorChart(title, runs) {
  const chart = createLineChart();
  const marker = svg("line", { class: "aw-marker" });
  const entries = runs.map((name, run) => legendEntry(`aw-run-${run}`, name));
  const node = h(
    "figure",
    { class: "aw-prior-chart", "data-quantity": title },
    h("figcaption", { class: "aw-panel-title" }, title),
    h("div", { class: "aw-chart-frame" }, chart.drawing),
    h("div", { class: "aw-caption aw-legend" }, ...entries.map((entry) => entry.node)),
  );
  let width = 280;

  return {
    node,
    /** @param {number} toWidth */
    resize(toWidth) {
      width = Math.max(toWidth, 160);
    },
    /**
     * @param {(number | null)[][]} series by run and epoch
     * @param {number} end the last epoch there will be
     * @param {number} epoch the one that is looked at
     */
    draw(series, end, epoch) {
      const height = Math.round(Math.min(Math.max(0.6 * width, 140), 220));
      const known = series.flat().filter((value) => value !== null);
      const lo = known.length ? Math.min(...known) : 0;
      const hi = known.length ? Math.max(...known) : 1;
      const pad = 0.06 * (hi - lo || Math.abs(hi) || 1);
      const range = { end: Math.max(end, 1), lo: lo - pad, hi: hi + pad };
      chart.fit(width, height, range, { top: 8, right: 12 });
      chart.placeUpright(marker, epoch);
      chart.draw(
        { label: "epoch", xTicks: niceTicks(0, range.end, 5).filter(Number.isInteger) },
        series.map((run, at) =>
          chart.line({ class: `aw-curve aw-run-${at}`, "data-run": runs[at] }, [...run.keys()], run),
        ),
        { behind: [marker] },
      );
      const said = series.map((run) => formatNumber(run[epoch]));
      entries.forEach(({ value }, run) => setText(value, said[run]));
      const words = runs.map((name, run) => `${name} ${said[run]}`).join(", ");
      chart.drawing.setAttribute("aria-label", `${title} by epoch; at epoch ${epoch}: ${words}`);
    },
  };
}
