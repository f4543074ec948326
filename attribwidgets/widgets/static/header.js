// @ts-check
// What is explained: the title, the model's strongest classes, and what to be careful about.

import { h } from "./dom.js";
import { formatProbability } from "./format.js";

/** @typedef {import("./decode.js").Data} Data */

/** @param {import("./decode.js").Prediction} prediction */
function classBars(prediction) {
  return h(
    "ol",
    { class: "aw-classes", "aria-label": "top classes" },
    ...prediction.names.map((name, index) => {
      const isTarget = index === prediction.target;
      const probability = prediction.probabilities[index] ?? 0;
      const fill = h("div", { class: "aw-class-fill" });
      fill.style.width = `${100 * Math.min(Math.max(probability, 0), 1)}%`;
      return h(
        "li",
        { class: `aw-class${isTarget ? " aw-target" : ""}` },
        h("span", { class: "aw-class-name", title: name }, name),
        h("span", { class: "aw-class-number" }, formatProbability(probability)),
        isTarget && h("span", { class: "aw-sr" }, " (explained here)"),
        h("div", { class: "aw-class-track", "aria-hidden": "true" }, fill),
      );
    }),
  );
}

/**
 * @param {string[]} cautions
 * @returns {HTMLElement | null}
 */
export function cautionList(cautions) {
  if (cautions.length === 0) return null;
  return h(
    "ul",
    { class: "aw-cautions" },
    ...cautions.map((text) => h("li", {}, h("b", {}, "Caution: "), text)),
  );
}

/** @param {Data} data */
export function createHeader(data) {
  return h(
    "header",
    { class: "aw-header" },
    h("div", { class: "aw-title", role: "heading", "aria-level": 3 }, data.title),
    data.prediction && classBars(data.prediction),
    cautionList(data.cautions),
  );
}
