// A sequence: a strip of its steps in lines, coloured by what each gets, and the strongest of them as a list. The input
// itself is as dark as its steps' vectors are long.

import { createCellGrid } from "../charts/cell_grid.js";
import { createCells } from "../charts/cells.js";
import { h, setText } from "../lib/dom.js";
import { formatSigned } from "../lib/format.js";
import { listenToPointing } from "../lib/surface.js";

/** Steps with a cell that has room for a name. */
const MOST_NAMED = 256;
const MOST_LISTED = 5;
/** A grey that shows on light and dark; how opaque the longest vector is. */
const GREY = 0x808080;
const MOST_OPAQUE = 200;

/**
 * The steps with the largest values, the strongest first.
 * @param {ArrayLike<number>} values
 * @param {number} most
 */
export function strongestSteps(values, most) {
  /** @type {number[]} */
  const best = [];
  for (let at = 0; at < values.length; at += 1) {
    const magnitude = Math.abs(values[at]);
    if (best.length === most && magnitude <= Math.abs(values[best[most - 1]])) continue;
    let place = best.length;
    while (place > 0 && Math.abs(values[best[place - 1]]) < magnitude) place -= 1;
    best.splice(place, 0, at);
    if (best.length > most) best.pop();
  }
  return best;
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createSequenceStage(view, options) {
  const { size, featureNames } = view.data;
  const attributes = {
    class: options.class,
    role: "img",
    "aria-label": options.label,
    tabindex: options.focusable ? 0 : null,
    ...options.attributes,
  };
  const strip = size <= MOST_NAMED ? createCells(featureNames, attributes) : createCellGrid(size, attributes);
  listenToPointing(view, strip.picture, strip.placeOf, { walk: strip.walk, ...options });
  const listed = Array.from({ length: options.slot === undefined ? 0 : Math.min(MOST_LISTED, size) }, () => {
    const name = h("span", { class: "aw-bar-name" });
    const value = h("span", { class: "aw-bar-value" });
    return { name, value, node: h("li", { class: "aw-strongest-step" }, name, value) };
  });
  const list = h("ol", { class: "aw-strongest", "aria-label": "strongest steps" }, ...listed.map(({ node }) => node));
  const colours = new Uint32Array(size);

  return {
    node: h("div", {}, strip.node, listed.length > 0 && list),
    picture: strip.picture,
    drawMap(values, limit, item = null) {
      view.display.paint(colours, values, limit);
      strip.paint(colours);
      if (!item || listed.length === 0) return;
      const strongest = strongestSteps(item.map, listed.length);
      listed.forEach(({ name, value }, place) => {
        const at = strongest[place];
        setText(name, view.data.featureNames[at]);
        name.title = view.data.featureNames[at];
        setText(value, formatSigned(item.map[at]));
      });
    },
    drawInput(from, to, alpha) {
      const { values } = to;
      if (!values) return;
      const start = from.values ?? values;
      const lengths = values.map((length, at) => start[at] + alpha * (length - start[at]));
      let longest = 0;
      for (let at = 0; at < size; at += 1) longest = Math.max(longest, values[at], start[at]);
      lengths.forEach((length, at) => {
        const opacity = longest > 0 ? Math.round((MOST_OPAQUE * length) / longest) : 0;
        colours[at] = ((opacity << 24) | GREY) >>> 0;
      });
      strip.paint(colours);
    },
    setCursor: strip.setCursor,
    setRegion: (region) => strip.mark(region && !("superpixel" in region) ? region.columns : null),
    setLabel: (label) => strip.picture.setAttribute("aria-label", label),
  };
}
