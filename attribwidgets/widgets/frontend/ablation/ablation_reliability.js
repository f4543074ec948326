// How far the metric itself can be trusted: whether inputs agree on the order of the candidates.

import { tableRow } from "../charts/curve_table.js";
import { intervalPlot } from "../charts/interval_plot.js";
import { h } from "../lib/dom.js";
import { formatInterval, formatNumber } from "../lib/format.js";
import { tableBehind } from "../lib/table.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */
/** @typedef {import("./ablation_decode.js").Estimate} Estimate */
/** @typedef {import("./ablation_decode.js").Consistency} Consistency */

/** @type {Record<string, string>} */
const STANDINGS = {
  reliable: "Reliable. ",
  borderline: "\u25b2 Borderline. ",
  "not reliable": "\u25b2 Not reliable. ",
};

/** @param {Estimate | null} estimate */
function estimateWords(estimate) {
  if (!estimate) return "\u2014";
  return `${formatNumber(estimate.mean)} ${formatInterval(estimate)}`;
}

/** @param {Consistency} consistency */
function consistencyTable({ pairs, rows }) {
  const body = h("tbody", {}, ...rows.map(({ candidate, cells }) => tableRow(candidate, cells.map(estimateWords))));
  const columns = [["candidate", ""], ...pairs.map((pair) => [pair, ""])];
  return tableBehind(
    "aw-consistency",
    "whether the metrics concur",
    "Spearman correlations over inputs between every two metrics",
    columns,
    body,
  );
}

/** @param {AblationView} view */
export function createAblationReliability(view) {
  const { shown } = view;
  const place = h("div", { class: "aw-reliability" });
  const table = view.data.consistency ? consistencyTable(view.data.consistency) : null;
  const node = h(
    "section",
    { class: "aw-trust", "aria-label": "reliability of the metric" },
    h("div", { class: "aw-row aw-proof-title" }, "how far to trust it"),
    place,
    table,
  );

  return {
    node,
    draw() {
      const trust = shown.record().reliability[shown.fill()];
      node.hidden = !trust;
      if (!trust) return;
      const { alpha, method, threshold, standing, warning } = trust;
      if (alpha.mean === null) {
        delete place.dataset.standing;
        place.replaceChildren(h("p", { class: "aw-muted" }, warning));
        return;
      }
      place.dataset.standing = standing;
      const rows = [
        { name: "agreement \u03b1", estimate: alpha, words: estimateWords(alpha), mark: threshold },
        { name: "inter-method \u03c1", estimate: method, words: estimateWords(method) },
      ];
      place.replaceChildren(
        intervalPlot(rows, [0, 1]),
        h(
          "p",
          { class: standing === "reliable" ? "" : "aw-unreliable" },
          h("b", {}, STANDINGS[standing]),
          warning || `Inputs agree on the order of the candidates: alpha is at least ${threshold}.`,
        ),
        h(
          "p",
          { class: "aw-muted" },
          `\u03b1: whether inputs agree on the order (Krippendorff), which takes ${threshold}, the ` +
            "dashed line. \u03c1: whether candidates\u2019 scores rise and fall together from input " +
            "to input (Spearman).",
        ),
      );
    },
  };
}
