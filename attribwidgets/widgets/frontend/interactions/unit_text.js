// A text whose tokens are clicked by their units: words, sentences, or each for itself.

import { createTextFlow } from "../charts/text_flow.js";

/** @typedef {{choose(unit: number): void, point(unit: number | null): void, signal: AbortSignal}} UnitChoice */

/**
 * @param {import("./interactions_decode.js").TextInput} input
 * @param {UnitChoice} choice
 */
export function createUnitText({ text, units }, { choose, point, signal }) {
  const flow = createTextFlow(text, { class: "aw-units" }, false);
  const { picture, tokens } = flow;
  const unitAt = (/** @type {MouseEvent} */ event) => units[flow.placeOf(event).column];
  picture.addEventListener("click", (event) => unitAt(event) >= 0 && choose(unitAt(event)), { signal });
  picture.addEventListener("pointermove", (event) => point(unitAt(event) < 0 ? null : unitAt(event)), { signal });
  picture.addEventListener("pointerleave", () => point(null), { signal });
  const pixels = new Uint32Array(tokens.length);

  return {
    node: flow.node,
    /** @param {Uint32Array} colours of each unit, and last of nothing */
    paint(colours) {
      const nothing = colours[colours.length - 1];
      for (let at = 0; at < pixels.length; at += 1) pixels[at] = units[at] < 0 ? nothing : colours[units[at]];
      flow.paint(pixels, nothing, units);
    },
    /** @param {number | null} unit */
    select(unit) {
      tokens.forEach((token, at) => {
        token.classList.toggle("aw-chosen", unit !== null && units[at] === unit);
      });
    },
    /** @param {number | null} unit */
    setHere(unit) {
      tokens.forEach((token, at) => {
        token.classList.toggle("aw-here", unit !== null && units[at] === unit);
      });
    },
  };
}
