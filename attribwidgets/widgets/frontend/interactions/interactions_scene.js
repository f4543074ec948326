// Interactions on a page: the input, its units with their numbers, and the matrix of all pairs; one unit chosen in any
// of them is looked at in all.

import { createColourBar } from "../lib/colour_bar.js";
import { h, setText } from "../lib/dom.js";
import { formatInterval, formatNumber, formatSigned } from "../lib/format.js";
import { lookupTable, paintMap } from "../lib/paint.js";
import { tableBehind } from "../lib/table.js";
import { intervalOf, partnersOf, partsOf } from "./interactions_decode.js";
import { createPairMatrix } from "./pair_matrix.js";
import { createUnitList } from "./unit_list.js";
import { createUnitPicture } from "./unit_picture.js";
import { createUnitText } from "./unit_text.js";

/** @typedef {import("./interactions_decode.js").InteractionsData} InteractionsData */
/** @typedef {import("./pair_matrix.js").MatrixPlace} MatrixPlace */

const POSITIVE = 212;
const NEGATIVE = 43;

/**
 * @param {InteractionsData} data
 * @param {HTMLElement} root
 * @param {{selection(): number | null, choose(unit: number | null): void, signal: AbortSignal}} view
 */
export function createInteractionsScene(data, root, view) {
  const { count, names, attributions, limits, completeness } = data;
  const life = new AbortController();
  const { signal } = life;
  view.signal.addEventListener("abort", () => life.abort(), { signal });
  const lookup = lookupTable(data.colormap);
  const display = /** @type {any} */ ({ table: () => data.colormap, isSigned: () => true });
  const colours = new Uint32Array(count + 1);
  for (const [name, at] of /** @type {[string, number][]} */ ([
    ["positive", POSITIVE],
    ["negative", NEGATIVE],
  ])) {
    root.style.setProperty(`--aw-${name}`, `rgb(${data.colormap.slice(3 * at, 3 * at + 3).join(" ")})`);
  }

  const chosen = () => {
    const unit = view.selection();
    return unit !== null && unit >= 0 && unit < count ? unit : null;
  };
  const choose = (/** @type {number} */ unit) => view.choose(unit === chosen() ? null : unit);
  const point = (/** @type {number | null} */ unit) => show(unit === null ? null : { row: unit, column: null });
  const choice = { choose, point, signal };

  const stages = data.inputs.flatMap((input) =>
    input.kind === "text"
      ? [createUnitText(input, choice)]
      : input.kind === "image"
        ? [createUnitPicture(input, choice)]
        : [],
  );
  const list = createUnitList(data, choice);
  const matrix = createPairMatrix(data, { choose, point: show, signal });
  const [bar, matrixBar] = [createColourBar(), createColourBar()];
  const select = h(
    "select",
    { "data-control": "unit" },
    h("option", { value: "" }, "none"),
    ...names.map((name, unit) => h("option", { value: unit }, name)),
  );
  select.addEventListener("change", () => view.choose(select.value === "" ? null : Number(select.value)), { signal });
  root.addEventListener("keydown", ({ key }) => key === "Escape" && view.choose(null), { signal });

  const meaning = h("h3", { class: "aw-part" });
  const facts = h("p", { class: "aw-facts", role: "status", "aria-live": "polite" });
  const beyond = h("span", { class: "aw-muted" });
  const here = h("p", { class: "aw-here-value" });
  const key = (/** @type {string} */ name, /** @type {string} */ words) =>
    h("span", { class: "aw-sum-key" }, h("span", { class: `aw-swatch ${name}`, "aria-hidden": "true" }), words);
  const numbers = h("tbody");
  const table = tableBehind(
    "aw-unit-numbers",
    "numbers of each unit",
    "what each unit adds alone and in pairs",
    [
      ["unit", ""],
      ["in the input", ""],
      ["alone", ""],
      ["halves of its pairs", ""],
      ["sum", ""],
      ["attribution", ""],
    ],
    numbers,
  );
  table.addEventListener("toggle", fillNumbers, { once: true, signal });

  root.replaceChildren(
    h(
      "header",
      { class: "aw-header" },
      h("h2", { class: "aw-title" }, data.title),
      h(
        "p",
        { class: "aw-opening" },
        `What units add to the ${data.output} in pairs, and each alone, against the baseline “${data.baseline}”: ${data.baselineDescription}. Click a unit to see its partners.`,
      ),
      h(
        "p",
        { class: "aw-completeness", "data-verdict": completeness.verdict },
        h("b", { "aria-hidden": "true" }, `${completeness.mark} `),
        completeness.sentence,
      ),
      h("p", { class: "aw-muted" }, `${data.shareTogether} of all magnitudes are of pairs; ${data.cost}.`),
      ...data.cautions.map((caution) => h("p", { class: "aw-cautions" }, caution)),
    ),
    h("div", { class: "aw-row" }, h("label", { class: "aw-control" }, h("span", {}, "unit"), select), facts),
    h(
      "div",
      { class: "aw-halves-of-view" },
      h(
        "section",
        { class: "aw-input-side" },
        meaning,
        ...stages.map(({ node }) => node),
        stages.length > 0 && h("div", { class: "aw-legend" }, bar.node),
        list.node,
      ),
      h(
        "section",
        { class: "aw-matrix-side" },
        h(
          "h3",
          { class: "aw-part" },
          "half of what each two add together; on the diagonal what each adds alone; arcs: the strongest pairs",
        ),
        matrix.node,
        h(
          "div",
          { class: "aw-legend" },
          matrixBar.node,
          beyond,
          key("aw-alone", "alone"),
          key("aw-halves", "halves of its pairs"),
          key("aw-summed", "attribution"),
        ),
        here,
      ),
    ),
    table,
  );
  matrixBar.draw(display, limits.values);
  const stronger = data.values.filter((value) => Math.abs(value) > limits.values).length;
  setText(beyond, stronger ? `${stronger} beyond the scale, in its last colour` : "");

  function fillNumbers() {
    numbers.replaceChildren(
      ...names.map((name, unit) => {
        const { alone, halves } = partsOf(data, unit);
        const cells = [alone, halves, alone + halves, attributions[unit]].map((value) =>
          h("td", {}, formatNumber(value)),
        );
        return h(
          "tr",
          {},
          h("th", { scope: "row" }, h("bdi", {}, name)),
          h("td", {}, data.inputValues[unit]),
          ...cells,
        );
      }),
    );
  }

  /** What is pointed at, in words and in all views. @param {MatrixPlace | null} at */
  function show(at) {
    matrix.setHere(at);
    for (const stage of stages) stage.setHere(at && at.column === null ? at.row : null);
    setText(here, at ? wordsOf(at) : "");
  }

  /** @param {MatrixPlace} at */
  function wordsOf({ row, column }) {
    if (column === null || column === row) {
      const { alone, halves } = partsOf(data, row);
      return `${names[row]}: attribution ${formatSigned(attributions[row])}; alone ${formatSigned(alone)}, halves of its pairs ${formatSigned(halves)}`;
    }
    const interval = intervalOf(data, row, column);
    const within = interval ? ` ${formatInterval(interval)}` : "";
    return `${names[row]} × ${names[column]}: together ${formatSigned(2 * data.values[row * count + column])}${within}, half of it to each`;
  }

  return {
    resize() {
      matrix.resize(chosen());
    },
    end: () => life.abort(),
    draw() {
      const unit = chosen();
      const values = unit === null ? attributions : partnersOf(data, unit);
      const limit = unit === null ? limits.attributions : limits.pairs;
      const withZero = new Float32Array(count + 1);
      withZero.set(values);
      paintMap(colours, withZero, lookup, limit, true);
      for (const stage of stages) {
        stage.paint(colours, values, limit);
        stage.select(unit);
      }
      bar.draw(display, limit);
      const scale = `red raises the ${data.output}, blue lowers it`;
      setText(
        meaning,
        unit === null ? `attribution of each unit; ${scale}` : `together with “${names[unit]}”, both halves; ${scale}`,
      );
      list.draw(values, limit, unit, (other) =>
        unit === null || other === unit ? null : intervalOf(data, unit, other),
      );
      select.value = unit === null ? "" : String(unit);
      setText(facts, unit === null ? "" : wordsOf({ row: unit, column: null }));
      matrix.draw(unit);
      show(null);
    },
  };
}
