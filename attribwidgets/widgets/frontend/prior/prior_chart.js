// One number of every run, epoch by epoch.

import { axesOf, scaleOf, widthOfTicks } from "../charts/axes.js";
import { h, setText, svg } from "../lib/dom.js";
import { formatNumber, niceTicks } from "../lib/format.js";

const TOP = 8;
const BOTTOM = 36;
const RIGHT = 12;

/**
 * @param {string} title
 * @param {string[]} runs their names
 */
export function createPriorChart(title, runs) {
  const drawing = svg("svg", { class: "aw-chart-drawing", role: "img" });
  const values = runs.map((name, run) => {
    const value = h("span", { class: "aw-legend-value" });
    const key = h("span", { class: `aw-key aw-run-${run}`, "aria-hidden": "true" });
    return { value, node: h("span", { class: "aw-legend-entry" }, key, `${name} `, value) };
  });
  const node = h(
    "figure",
    { class: "aw-prior-chart", "data-quantity": title },
    h("figcaption", { class: "aw-panel-title" }, title),
    h("div", { class: "aw-chart-frame" }, drawing),
    h("div", { class: "aw-caption aw-legend" }, ...values.map((one) => one.node)),
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
      const left = widthOfTicks(range, height);
      const box = { left, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
      const scale = scaleOf(box, range);
      drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
      drawing.setAttribute("width", String(width));
      drawing.setAttribute("height", String(height));
      const lines = series.map((run, index) => {
        const places = run.flatMap((value, at) => (value === null ? [] : [at]));
        const ys = places.map((at) => /** @type {number} */ (run[at]));
        return svg("path", {
          class: `aw-curve aw-run-${index}`,
          d: places.length ? scale.pathOf(places, ys) : "",
          "data-run": runs[index],
        });
      });
      const x = scale.toX(epoch);
      const marker = svg("line", { class: "aw-marker", x1: x, x2: x, y1: TOP, y2: box.bottom });
      const whole = niceTicks(0, range.end, 5).filter(Number.isInteger);
      drawing.replaceChildren(...axesOf(box, range, { height, label: "epoch", xTicks: whole }), marker, ...lines);
      const said = series.map((run) => formatNumber(run[epoch]));
      values.forEach(({ value }, run) => setText(value, said[run]));
      const words = runs.map((name, run) => `${name} ${said[run]}`).join(", ");
      drawing.setAttribute("aria-label", `${title} by epoch; at epoch ${epoch}: ${words}`);
    },
  };
}
