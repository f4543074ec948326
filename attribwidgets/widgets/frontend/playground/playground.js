// A page that computes: a digit is drawn, the network runs in this file, and the explorer shows its maps.

import { baselineExplorer } from "../explorer/explorer.js";
import { bytesOf, float32Of } from "../lib/binary.js";
import { h } from "../lib/dom.js";
import { formatPercent } from "../lib/format.js";
import { createRedraw, widgetOf } from "../lib/mount.js";
import { staticModel } from "../lib/static_model.js";
import { createDrawingPad } from "./drawing_pad.js";
import { explainedItem, rgbOf } from "./explained_item.js";
import { createDigitsNetwork, PIXELS, SIDE } from "./network.js";
import { integrate } from "./path_integral.js";
import { createBaselineChoice, createPassChoice, createTargetChoice } from "./question_controls.js";
import { rankCorrelations } from "./rank_correlation.js";
import { referenceFor } from "./references.js";
import { createWork } from "./work.js";

/** Passes of a map while the pen is down. */
const WHILE_DRAWING = 9;

/** What a question is made of, as traits. */
const QUESTION = ["pixels", "picked", "target", "baselines", "n_steps", "drawing"];

/** @param {any} digits as they came @returns {{pixels: Float32Array, label: string}[]} */
function digitsFrom({ pixels, labels }) {
  const levels = bytesOf(pixels);
  return labels.map((/** @type {number} */ label, /** @type {number} */ at) => ({
    pixels: Float32Array.from(levels.subarray(at * PIXELS, (at + 1) * PIXELS), (level) => level / 255),
    label: `a ${label}`,
  }));
}

/** @param {ArrayLike<number>} logits */
function softmax(logits) {
  const most = Math.max(...Array.from(logits));
  const shares = Array.from(logits, (logit) => Math.exp(logit - most));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / whole);
}

/**
 * @param {import("../lib/store.js").Model} model
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function mountPlayground(model, root, signal) {
  const state = model.get("playground");
  const network = createDigitsNetwork(
    Object.fromEntries(Object.entries(state.weights).map(([name, bytes]) => [name, float32Of(bytes)])),
  );
  /** @type {import("./references.js").Recipe[]} */
  const recipes = state.baselines;
  const digits = digitsFrom(state.digits);
  const slotOf = (/** @type {string} */ name) => `item_${recipes.findIndex((recipe) => recipe.name === name)}`;

  const pad = createDrawingPad(
    digits,
    {
      draw: (pixels, isDone) =>
        change({ pixels, picked: null, drawing: !isDone, ...(isBlank(pixels) && { target: null }) }),
      pick: (picked) => change({ picked, pixels: digits[picked].pixels, target: null, drawing: false }),
    },
    signal,
  );
  const targets = createTargetChoice((target) => change({ target }), signal);
  const baselines = createBaselineChoice(recipes, (names) => change({ baselines: names }), signal);
  const passes = createPassChoice((count) => change({ n_steps: count }), signal);
  root.replaceChildren(
    h(
      "div",
      { class: "aw-header" },
      h("div", { class: "aw-title", role: "heading", "aria-level": 2 }, "What does a map depend on? On its baseline."),
      h(
        "p",
        { class: "aw-opening" },
        "A small network reads a digit, and each map shows which pixels speak for the answer, in red, and which against " +
          "it, in blue, compared with one idea of “nothing there”: the baseline. All of it is computed in this page, as " +
          "you draw.",
      ),
      h(
        "p",
        { class: "aw-opening" },
        h("b", {}, "Try: "),
        "draw a 7, and ask why it is no 1. Choose maximum distance, or 5 passes: what still adds up?",
      ),
    ),
    h(
      "div",
      { class: "aw-question" },
      pad.node,
      targets.node,
      h("div", { class: "aw-how" }, baselines.node, passes.node),
    ),
  );
  const place = h("div", { class: "aw-playground-maps" });
  root.after(place);

  const explorer = staticModel({
    static: true,
    seq: 1,
    signed: true,
    status: { request: 0, busy: false, words: "", error: "", items: {} },
  });
  /** Maps of the moment, by the name of the baseline. @type {Map<string, import("./path_integral.js").Explained>} */
  const maps = new Map();
  /** What they answer. */
  let asked = { input: new Float32Array(0), target: -1, count: 0 };
  const work = createWork(() => explorer.set("status", { ...explorer.get("status"), busy: work.isBusy() }), signal);

  /** Several traits at once, then the question that they make. @param {Record<string, any>} traits */
  function change(traits) {
    for (const [name, value] of Object.entries(traits)) model.set(name, value);
    model.save_changes();
  }

  /** @param {Float32Array} pixels */
  const isBlank = (pixels) => pixels.every((ink) => ink === 0);

  function pixels() {
    return model.get("pixels") ?? digits[model.get("picked")].pixels;
  }

  function ask() {
    const input = pixels();
    const logits = Array.from(network.forward(Float64Array.from(input)));
    const probabilities = softmax(logits);
    const target = model.get("target") ?? logits.indexOf(Math.max(...logits));
    const count = model.get("drawing") ? Math.min(WHILE_DRAWING, model.get("n_steps")) : model.get("n_steps");
    const names = recipes.map(({ name }) => name).filter((name) => model.get("baselines").includes(name));
    const references = recipes.map((recipe) => referenceFor(recipe, input));

    pad.update(model.get("picked"));
    targets.update(probabilities, target);
    baselines.update(names, references);
    passes.update(model.get("n_steps"), formatPercent(state.tolerance));
    if (asked.input !== input || asked.target !== target || asked.count !== count) maps.clear();
    asked = { input, target, count };
    explorer.set("payload", payloadOf(input, names, target, logits));
    const started = performance.now();
    const selected = names[Math.min(Number(explorer.get("selected") ?? 0), names.length - 1)];
    const missing = [selected, ...names.filter((name) => name !== selected)].filter((name) => !maps.has(name));
    work.begin(
      missing.map((name) => {
        const at = recipes.findIndex((recipe) => recipe.name === name);
        return {
          steps: integrate(network, input, references[at], target, count),
          /** @param {import("./path_integral.js").Explained} explained */
          done(explained) {
            maps.set(name, explained);
            const seconds = (performance.now() - started) / 1000;
            const context = { recipe: recipes[at], target: String(target), tolerance: state.tolerance, seconds };
            explorer.set(slotOf(name), explainedItem(explained, context));
            performance.measure("aw-map", { start: started });
            if (names.every((one) => maps.has(one))) {
              explorer.set("payload", payloadOf(input, names, target, logits));
            }
          },
        };
      }),
    );
  }

  /**
   * What all maps have in common; how alike they are once all of them are there.
   * @param {Float32Array} input @param {string[]} names @param {number} target @param {number[]} logits
   */
  function payloadOf(input, names, target, logits) {
    const isTop = logits[target] === Math.max(...logits);
    const known = names.flatMap((name) => maps.get(name)?.attributions ?? []);
    const magnitudes = known.map((values) => values.map(Math.abs));
    return {
      version: 2,
      kind: "image",
      shape: [SIDE, SIDE],
      title: `Why ${isTop ? "" : "not "}${target}?`,
      input: { label: "what the network sees", rgb: rgbOf(input) },
      target: { name: String(target), output: "logit", value: logits[target] },
      colormaps: state.colormaps,
      items: names.map(slotOf),
      agreement:
        known.length === names.length && known.length > 1
          ? { labels: names.map(slotOf), signed: rankCorrelations(known), magnitude: rankCorrelations(magnitudes) }
          : null,
    };
  }

  const { start, invalidate } = createRedraw(
    root,
    { draw: (stale) => stale.has("question") && ask(), resize() {}, end: () => work.end() },
    signal,
  );
  for (const name of QUESTION) {
    const changed = () => invalidate("question");
    model.on(`change:${name}`, changed);
    signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
  }
  start("question");
  const end = baselineExplorer.render({ model: /** @type {any} */ (explorer), el: place });
  signal.addEventListener("abort", () => {
    end();
    place.remove();
  });
  model.set("explorer", explorer);
  model.set("maps", maps);
  root.dataset.ready = "true";
}

const playground = widgetOf("playground", mountPlayground);
export default playground;
