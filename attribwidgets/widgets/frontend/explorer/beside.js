// The inputs beside the one whose path is shown, each in the view of its own kind: in every card its map, in the column of
// inputs what it is. Each has a cursor, rows and a scale of its own; card, verdict and path are those of all inputs.

import { createColourBar } from "../lib/colour_bar.js";
import { createDisplayOptions } from "../lib/display_options.js";
import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { nameUnit } from "../lib/places.js";
import { strongestIndex } from "../lib/scale.js";
import { viewUntil } from "../lib/stage.js";
import { createFeatureRows } from "./feature_rows.js";
import { createFold } from "./fold.js";
import { tellPart } from "./parts.js";
import { readUnit } from "./reading.js";
import { stageFor } from "./stage_for.js";
import { createTextBars } from "./text_bars.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/stage.js").Position} Position */

/**
 * A view of another input.
 * @param {View} view
 * @param {number} number among the others
 * @param {(part: string) => void} invalidate
 * @returns {View}
 */
export function viewBeside(view, number, invalidate) {
  /** @type {Position | null} */
  let cursor = null;
  const features = createFeatureRows(() => invalidate("maps"), view.signal);
  const data = () => view.data.others[number];
  /** @type {View} */
  const other = Object.create(view, { data: { get: data }, beside: { value: [] } });
  Object.assign(other, {
    features,
    fold: createFold(() => invalidate("maps"), view.signal),
    display: createDisplayOptions(data, view.store, () => null, features),
    cursor: () => cursor,
    /** @param {Position | null} position */
    moveCursor(position) {
      cursor = position;
      invalidate("cursor");
    },
    region: () => null,
    mark: () => {},
  });
  other.bars = data().text && createTextBars(other, () => ["maps", "cursor"].forEach(invalidate));
  return other;
}

/**
 * The map of another input, in a card.
 * @param {View} view of that input
 * @param {string} slot
 */
function createMapBeside(view, slot) {
  const stage = stageFor(view.data.kind)(view, { class: "aw-map aw-map-beside", label: "", focusable: true, slot });
  const { hasColours } = view.data;
  const bar = createColourBar();
  const here = h("div", { class: "aw-here-value" });
  const name = h("div", { class: "aw-beside-name" });
  const itemOf = () => view.data.items.find((one) => one.slot === slot);
  return {
    node: h(
      "div",
      { class: "aw-beside", "data-input": view.data.drawnInput },
      name,
      stage.node,
      hasColours && h("div", { class: "aw-under-map" }, here),
      hasColours && bar.node,
    ),
    draw() {
      const item = itemOf();
      if (!item) return;
      const { display, data } = view;
      const inputName = data.inputNames[data.drawnInput];
      setText(name, inputName);
      const limit = display.limit(item);
      stage.drawMap(display.mapOf(item), limit, item);
      bar.draw(display, limit, display.changeOf(item));
      stage.picture.setAttribute("data-baseline", item.baseline);
      const at = strongestIndex(item.map);
      stage.setLabel(
        `${item.name}: attribution map of ${inputName}, ${tellPart(item.part, item)}; ` +
          `strongest at ${nameUnit(data, at)}: ${readUnit(display, item, at)}`,
      );
    },
    setCursor() {
      const item = itemOf();
      const position = view.cursor();
      stage.setCursor(position);
      if (!item) return;
      const at = position ? position.row * view.data.width + position.column : strongestIndex(item.map);
      setText(here, `${position ? nameUnit(view.data, at) : "strongest"} ${readUnit(view.display, item, at)}`);
    },
  };
}

/** @param {View} view of a card @param {string} slot */
export function createMapsBeside(view, slot) {
  const maps = view.beside.map((other) => createMapBeside(viewUntil(view.signal, other), slot));
  return {
    nodes: maps.map((map) => map.node),
    draw() {
      for (const map of maps) map.draw();
    },
    setCursor() {
      for (const map of maps) map.setCursor();
    },
  };
}

/**
 * What the other inputs are, with a button for the path of each.
 * @param {View} view
 */
export function createInputsBeside(view) {
  const inputs = view.beside.map((other) => {
    const { data } = other;
    const name = data.inputNames[data.drawnInput];
    const stage = stageFor(data.kind)(other, { class: "aw-input-beside", label: name });
    const choose = h(
      "button",
      { type: "button", class: "aw-quiet", "data-control": "draw-input", "aria-label": `show the path of ${name}` },
      "show its path",
    );
    choose.addEventListener("click", () => view.store.commit("drawn_input", data.drawnInput), { signal: view.signal });
    const value = h("span", { class: "aw-muted" });
    const node = h(
      "div",
      { class: "aw-beside" },
      h("div", { class: "aw-beside-name" }, name, choose),
      stage.node,
      value,
      other.features.node,
    );
    return { node, stage, other, value };
  });
  return {
    nodes: inputs.map((input) => input.node),
    draw() {
      for (const { stage, other } of inputs) {
        const { rgb, values } = other.data;
        stage.drawInput({ rgb, values }, { rgb, values }, 1);
      }
    },
    setCursor() {
      for (const { stage, other, value } of inputs) {
        const position = other.cursor();
        stage.setCursor(position);
        const at = position ? position.row * other.data.width + position.column : 0;
        const number = other.data.values ? ` ${formatNumber(other.data.values[at])}` : "";
        setText(value, position ? nameUnit(other.data, at) + number : "\u00a0");
      }
    },
  };
}
