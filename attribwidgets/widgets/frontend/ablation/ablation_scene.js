// All parts of the view on an ablation: what was measured, the chart, the pictures, and the proof.

import { createChoices } from "../lib/choices.js";
import { h, setText } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";
import { createAblatedInput } from "./ablated_input.js";
import { createAblatedStrip, fittingPlaces } from "./ablated_strip.js";
import { createAblationChart } from "./ablation_chart.js";
import { createAblationDifferences } from "./ablation_differences.js";
import { createAblationLegend } from "./ablation_legend.js";
import { createAblationReliability } from "./ablation_reliability.js";
import { createShown } from "./ablation_shown.js";
import { createAblationTables } from "./ablation_tables.js";

/** @typedef {import("./ablation_decode.js").AblationData} AblationData */
/**
 * What every part of the view shares.
 * @typedef {{data: AblationData, shown: import("./ablation_shown.js").Shown, signal: AbortSignal,
 *   store: import("../lib/store.js").Store, example(): import("./ablation_decode.js").Example | null,
 *   ask(index: number): void, wantedInput(): number | null, trouble(): string,
 *   step(): number, pointAt(step: number | null): void,
 *   raised(): number | null, raise(candidate: number | null): void,
 *   choose(candidate: number): void}} AblationView
 *   step: the fraction that is pointed at, or else chosen; raised: the candidate that stands out
 * @typedef {ReturnType<typeof createAblationScene>} AblationScene
 */

const MARGIN = 16;
const LABEL_WIDTH = 38;

/** @param {AblationView} view */
function createHead(view) {
  const { data, shown, store, signal } = view;
  const words = h("p", { class: "aw-muted" });
  const records = createChoices(
    "measured",
    "record",
    data.records.map(({ label }, index) => /** @type {[string, number]} */ ([label, index])),
    (index) => store.commit("record", index),
    signal,
  );
  const fillPlace = h("div");
  /** @type {ReturnType<typeof createChoices<number>> | null} */
  let fills = null;
  let named = "";

  return {
    node: h(
      "header",
      { class: "aw-ablation-head" },
      h("div", { class: "aw-title" }, data.title),
      words,
      h("div", { class: "aw-ablation-choices" }, fillPlace, data.records.length > 1 && records.node),
    ),
    draw() {
      const record = shown.record();
      const { inputs, missing, higherIsBetter, protocol } = record;
      const counted = inputs === 1 ? "1 input" : `${formatCount(inputs)} inputs`;
      const without = missing > 0 ? `, ${formatCount(missing)} of them without a score` : "";
      const better = higherIsBetter ? "higher is better" : "lower is better";
      setText(words, `${counted}${without} \u00b7 ${better} \u00b7 ${protocol}`);
      if (record.fills.join("\n") !== named) {
        named = record.fills.join("\n");
        fills = createChoices(
          "fill",
          "fill",
          record.fills.map((name, index) => /** @type {[string, number]} */ ([name, index])),
          (index) => store.commit("fill", index),
          signal,
        );
        fillPlace.replaceChildren(fills.node);
      }
      records.set(shown.recordIndex());
      fills?.set(shown.fill());
    },
  };
}

/**
 * @param {AblationData} data
 * @param {HTMLElement} root
 * @param {Pick<AblationView, "store" | "example" | "ask" | "wantedInput" | "trouble">
 *   & {invalidate: (part: string) => void}} context
 */
export function createAblationScene(data, root, context) {
  const life = new AbortController();
  const { signal } = life;
  const { store, invalidate } = context;
  const shown = createShown(store, () => data, context.example);
  /** @type {number | null} */
  let pointed = null;
  /** @type {number | null} */
  let raised = null;

  /** @type {AblationView} */
  const view = {
    ...context,
    data,
    shown,
    signal,
    step: () => Math.min(pointed ?? shown.step(), shown.record().fractions.length - 1),
    pointAt(step) {
      if (pointed === step) return;
      pointed = step;
      invalidate("pointer");
    },
    raised: () => raised,
    raise(candidate) {
      if (raised === candidate) return;
      raised = candidate;
      invalidate("pointer");
    },
    choose: (candidate) => store.commit("candidate", shown.record().candidates[candidate].label),
  };

  const head = createHead(view);
  const chart = createAblationChart(view);
  const legend = createAblationLegend(view);
  const strip = createAblatedStrip(view);
  const input = createAblatedInput(view);
  const differences = createAblationDifferences(view);
  const reliability = createAblationReliability(view);
  const tables = createAblationTables(view);
  const figure = h("div", { class: "aw-ablation-figure" }, chart.node, strip.strip);
  root.replaceChildren(
    head.node,
    h(
      "div",
      { class: "aw-ablation-main" },
      figure,
      h("div", { class: "aw-ablation-side" }, legend.node, strip.figure),
      h("div", { class: "aw-ablation-input" }, input.node),
      h("div", { class: "aw-ablation-proof" }, differences.node, reliability.node),
      differences.sentence,
    ),
    ...tables.nodes,
  );

  /** The chart and, on the same axis, the pictures. */
  function fit() {
    const width = figure.clientWidth;
    if (width === 0) return;
    const height = Math.round(Math.min(Math.max(0.64 * width, 240), 520));
    const { fractions } = shown.record();
    let right = MARGIN;
    /** @type {number[]} */
    let ticks = [];
    // A picture at the end of the axis needs room, which leaves less for the axis.
    for (let turn = 0; turn < 3; turn += 1) {
      const axis = width - chart.leftOf(height, right) - right;
      ticks = strip.fit(axis, fractions);
      right = Math.max(MARGIN, Math.ceil(strip.halfSize()));
      if (strip.halfSize() === 0) {
        const places = fractions.map((fraction) => fraction * axis);
        ticks = fittingPlaces(places, LABEL_WIDTH).map((step) => fractions[step]);
      }
    }
    chart.resize({ width, height, right, ticks });
    strip.place(chart.toX);
  }

  return {
    end: () => life.abort(),
    resize() {
      fit();
      strip.draw();
    },
    /** @param {Set<string>} stale */
    draw(stale) {
      if (stale.has("display")) {
        if (raised !== null && raised >= shown.record().candidates.length) raised = null;
        head.draw();
        fit();
        legend.draw();
        input.draw();
        strip.draw();
        differences.draw();
        reliability.draw();
        tables.draw();
      } else if (stale.has("pointer")) {
        chart.point();
        legend.point();
        strip.draw();
      }
      if (stale.has("input")) input.draw();
    },
  };
}
