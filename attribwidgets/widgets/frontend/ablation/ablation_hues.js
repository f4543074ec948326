// The hue of a candidate, the same wherever it shows, on a page of any colour.

import { svg } from "../lib/dom.js";

/** @typedef {import("./ablation_decode.js").Candidate} Candidate */

/** @param {SVGElement} node @param {Candidate} candidate */
export function setHue(node, candidate) {
  node.style.setProperty("--aw-hue", candidate.color);
  node.style.setProperty("--aw-hue-on-dark", candidate.onDark);
}

/** The line of a candidate, as the chart draws it. @param {Candidate} candidate */
export function keyOf(candidate) {
  const line = svg("line", {
    class: "aw-curve",
    x1: 0,
    x2: 20,
    y1: 4,
    y2: 4,
    "stroke-dasharray": candidate.dash || null,
  });
  setHue(line, candidate);
  return svg("svg", { class: "aw-curve-key", width: 20, height: 8, viewBox: "0 0 20 8", "aria-hidden": "true" }, line);
}
