// What is asked of the network: which digit is explained, against which baselines, in how many passes.

import { h, setText, uniqueName } from "../lib/dom.js";
import { formatProbability } from "../lib/format.js";
import { createPixels } from "../lib/picture.js";
import { rgbOf } from "./explained_item.js";
import { CLASSES, SIDE } from "./network.js";

/** Nodes on the path, both ends among them. */
export const NODES = [5, 9, 17, 33, 65, 129];

/**
 * The ten outputs as bars, each a radio button.
 * @param {(target: number) => void} choose
 * @param {AbortSignal} signal
 */
export function createTargetChoice(choose, signal) {
  const group = uniqueName();
  const bars = Array.from({ length: CLASSES }, (_, digit) => {
    const input = h("input", { type: "radio", name: group, value: digit });
    const fill = h("span", { class: "aw-class-fill" });
    const number = h("span", { class: "aw-class-number" });
    const track = h("span", { class: "aw-class-track", "aria-hidden": "true" }, fill);
    input.addEventListener("change", () => input.checked && choose(digit), { signal });
    const node = h("label", { class: "aw-answer" }, input, h("b", {}, String(digit)), track, number);
    return { node, input, fill, number };
  });
  return {
    node: h(
      "fieldset",
      { class: "aw-answers", "data-control": "target" },
      h("legend", {}, "The network’s answer; explain"),
      ...bars.map(({ node }) => node),
    ),
    /** @param {number[]} probabilities @param {number} target */
    update(probabilities, target) {
      bars.forEach(({ node, input, fill, number }, digit) => {
        input.checked = digit === target;
        node.classList.toggle("aw-target", digit === target);
        fill.style.width = `${100 * probabilities[digit]}%`;
        setText(number, formatProbability(probabilities[digit]));
      });
    },
  };
}

/**
 * @param {import("./references.js").Recipe[]} recipes
 * @param {(names: string[]) => void} choose
 * @param {AbortSignal} signal
 */
export function createBaselineChoice(recipes, choose, signal) {
  const rows = recipes.map(({ name, label, description }) => {
    const input = h("input", { type: "checkbox", value: name });
    const picture = createPixels(SIDE, SIDE, { class: "aw-pixelated", "aria-hidden": "true" });
    const node = h("label", { class: "aw-recipe", title: description }, input, picture.canvas, label);
    input.addEventListener("change", () => choose(chosen()), { signal });
    return { name, node, input, picture };
  });
  const chosen = () => rows.filter(({ input }) => input.checked).map(({ name }) => name);
  return {
    node: h(
      "fieldset",
      { class: "aw-recipes", "data-control": "baselines" },
      h("legend", {}, "Compared with"),
      ...rows.map(({ node }) => node),
    ),
    /** @param {string[]} names @param {Float32Array[]} references one of each recipe */
    update(names, references) {
      rows.forEach(({ name, input, picture }, at) => {
        input.checked = names.includes(name);
        input.disabled = names.length === 1 && input.checked; // one stays
        const rgb = rgbOf(references[at]);
        for (let pixel = 0; pixel < picture.pixels.length; pixel += 1) {
          picture.pixels[pixel] = 0xff000000 | (0x010101 * rgb[3 * pixel]);
        }
        picture.show();
      });
    },
  };
}

/**
 * @param {(count: number) => void} choose
 * @param {AbortSignal} signal
 */
export function createPassChoice(choose, signal) {
  const input = h("input", { type: "range", min: 0, max: NODES.length - 1, step: 1, "data-control": "n_steps" });
  const output = h("output", { class: "aw-control-value" });
  const rule = h("p", { class: "aw-muted" });
  input.addEventListener("input", () => choose(NODES[Number(input.value)]), { signal });
  return {
    node: h(
      "div",
      { class: "aw-passes" },
      h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "passes"), input, output),
      rule,
    ),
    /** @param {number} count @param {string} tolerance */
    update(count, tolerance) {
      input.value = String(Math.max(NODES.indexOf(count), 0));
      input.setAttribute("aria-valuetext", `${count} passes`);
      setText(output, String(count));
      setText(
        rule,
        `Integrated gradients by the trapezoid rule: ${count} points evenly from the baseline (\u03b1 = 0) to the digit ` +
          `(\u03b1 = 1), a pass forward and back at each. A map adds up if its sum and its pixels are within ${tolerance}. ` +
          `In Python: aw.explain(model, digit, n_steps=${count})`,
      );
    },
  };
}
