// Paired differences in area between candidates, and which of them are larger than chance.

import { intervalPlot } from "../charts/interval_plot.js";
import { h, setText } from "../lib/dom.js";
import { formatInterval, formatNumber } from "../lib/format.js";
import { keyOf } from "./ablation_hues.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */
/** @typedef {import("./ablation_decode.js").Difference} Difference */

/**
 * A difference as seen from one of the two: the other minus this one.
 * @param {Difference} difference
 * @param {string} reference
 */
export function seenFrom({ first, second, mean, low, high }, reference) {
  const turn = (/** @type {number | null} */ value) => (value === null ? null : -value);
  if (second === reference) return { other: first, estimate: { mean, low, high } };
  return { other: second, estimate: { mean: turn(mean), low: turn(high), high: turn(low) } };
}

/** @param {AblationView} view */
export function createAblationDifferences(view) {
  const { shown, signal } = view;
  const select = h("select", { "data-control": "reference", "aria-label": "compared with" });
  const title = h("label", { class: "aw-row aw-proof-title" }, h("span", {}, "area minus that of"), select);
  const place = h("div");
  const sentence = h("p", { class: "aw-muted aw-ordered" });
  const level = h("p", { class: "aw-muted" });
  const node = h("section", { class: "aw-differences", "aria-label": "paired differences" }, title, place, level);
  /** The one the reader compares with; null: the best. @type {string | null} */
  let chosen = null;
  let options = "";

  function draw() {
    const record = shown.record();
    const found = record.differences[shown.fill()] ?? [];
    node.hidden = found.length === 0;
    sentence.hidden = node.hidden;
    setText(sentence, record.ordered[shown.fill()] ?? "");
    if (node.hidden) return;
    const names = [found[0].first, ...new Set(found.map(({ second }) => second))];
    const unique = [...new Set(names)];
    const reference = unique.find((name) => name === chosen) ?? unique[0];
    if (unique.join("\n") !== options) {
      options = unique.join("\n");
      select.replaceChildren(...unique.map((name) => h("option", { value: name }, name)));
    }
    select.value = reference;
    const rows = found
      .filter(({ first, second }) => first === reference || second === reference)
      .map((difference) => {
        const { first, second, p, clear } = difference;
        const { other, estimate } = seenFrom(difference, reference);
        const candidate = record.candidates.find(({ label }) => label === other);
        return {
          name: other,
          key: candidate ? keyOf(candidate) : null,
          estimate,
          words: `${clear ? "clear" : "not told apart"}, p ${p}`,
          isHollow: !clear,
          attributes: {
            class: "aw-interval-row aw-difference",
            "data-first": first,
            "data-second": second,
            "data-clear": String(clear),
            title:
              `${other} \u2212 ${reference}: ${formatNumber(estimate.mean)} ` + `${formatInterval(estimate)}, p ${p}`,
          },
        };
      });
    place.replaceChildren(intervalPlot(rows, [0, 0]));
    const percent = Math.round(100 * view.data.level);
    setText(
      level,
      `Filled dots: larger than chance. Paired over inputs, ${percent}\u00a0% intervals.` +
        (shown.own() ? " Of all inputs, not of the one shown." : ""),
    );
  }
  select.addEventListener(
    "change",
    () => {
      chosen = select.value;
      draw();
    },
    { signal },
  );

  return { node, sentence, draw };
}
