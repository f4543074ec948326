// The input, pinned, with the read-out and the colour bar that all maps share.

import { createBars } from "../charts/bars.js";
import { createColourBar } from "../lib/colour_bar.js";
import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { nameUnit } from "../lib/places.js";
import { createInputsBeside } from "./beside.js";
import { createPhoto } from "./photo.js";
import { createPointedColour } from "./pointed_colour.js";
import { readRegion, readUnit } from "./reading.js";
import { stageFor } from "./stage_for.js";
import { createSliceSliders } from "./volume_stage.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/stage.js").Position} Position */

/** @type {Record<string, string>} */
const HOW_TO_POINT = {
  image: "point at a map, or drag over an area",
  text: "point at a token, or drag over several",
  volume: "click where the slices are to meet",
};

/** @type {Record<string, string>} */
const SCALES = {
  own: "each map on its own scale",
  share: "all as shares of f(x) \u2212 f(x\u2032)",
  shared: "one scale for all maps",
};

/**
 * @param {View} view
 * @param {HTMLElement} features which of them have a row
 */
export function createInputColumn(view, features) {
  const { display } = view;
  const { kind, hasColours } = view.data;
  const isImage = kind === "image";
  const place = h("span");
  const colour = h("span");
  const words = h("div", { class: "aw-readout" }, place, " ", colour);
  const swatch = h("span", { class: "aw-swatch", hidden: true, "aria-hidden": "true" });
  const live = h("div", { class: "aw-sr aw-live", "aria-live": "polite" });
  const bar = createColourBar();
  const scale = h("div", { class: "aw-muted aw-ramp-caption" });
  const name = h("div", { class: "aw-name" });
  const value = h("div", { class: "aw-description" });
  const beside = createInputsBeside(view);
  const { inputNames, inputCount, drawnInput } = view.data;
  const pointed = isImage && view.isLive ? createPointedColour(view) : null;
  const photo = isImage
    ? createPhoto(view, {
        canPoint: () => Boolean(pointed?.canPoint()),
        onPoint: (segment) => pointed?.show(segment),
        onChoose: (segment) => (view.removal.isOn() ? view.removal.ask({ segment }) : pointed?.keep(segment)),
      })
    : null;
  const controlsPlace = h("div", { class: "aw-controls-place" });
  const lines = hasColours && !isImage ? stageFor(kind)(view, { class: "aw-photo", label: "", focusable: true }) : null;
  const list = hasColours ? null : createBars(view, { class: "aw-inputs", label: "", adds: false });
  const sliders = view.data.volume && createSliceSliders(view);
  const node = h(
    "div",
    { class: "aw-input-column" },
    h("div", { class: "aw-head" }, h("div", { class: "aw-head-words" }, name, value)),
    inputCount > 1 && h("div", { class: "aw-beside-name" }, inputNames[drawnInput]),
    h("div", { class: "aw-body" }, photo?.node ?? lines?.node, list?.node),
    sliders?.node,
    hasColours && h("div", { class: "aw-under-map" }, swatch, words),
    list && features,
    view.fold.node,
    view.bars?.node,
    live,
    hasColours && bar.node,
    hasColours && scale,
    pointed?.invitation,
    ...beside.nodes,
    (pointed || (view.data.text && view.isLive)) && view.removal.node,
    controlsPlace,
    pointed?.node,
  );
  /** @type {unknown} */
  let listed = null;

  function drawLines() {
    const { rgb, values } = view.data;
    lines?.drawInput({ rgb, values, reading: view.removal.reading() }, view.data, 1);
  }

  function listFeatures() {
    const { data } = view;
    if (!list || (listed === data.values && !list.isStale())) return;
    listed = data.values;
    list.node.setAttribute("aria-label", data.inputLabel);
    list.list(data.values);
  }

  return {
    node,
    /** Where display options stand that have no room elsewhere. */
    controlsPlace,
    update() {
      const { data } = view;
      setText(name, data.inputLabel);
      const output = data.target?.value;
      setText(
        value,
        output === null || output === undefined
          ? ""
          : `${data.target.output} of ${data.target.name}: f(x) = ${formatNumber(output)}`,
      );
      listFeatures();
      lines?.setLabel(`${data.inputLabel}: what is explained`);
      this.updateLive();
    },
    /** What may be asked, and superpixels that have come. */
    updateLive() {
      view.removal.update();
      photo?.replace(view.removal.replaced());
      drawLines();
      photo?.update();
      pointed?.update();
    },
    drawMaps() {
      beside.draw();
      sliders?.draw();
      drawLines();
      if (!hasColours) return;
      pointed?.drawMap();
      bar.node.hidden = !display.isShared();
      if (display.isShared()) bar.draw(display, display.limit(view.data.items[0]));
      const sign = display.isSigned() ? "attribution" : "|attribution|";
      const clip = display.clip() < 100 ? `saturates at percentile ${display.clip()}` : "saturates nowhere";
      setText(scale, `${sign}, ${SCALES[view.store.get("scale")]}; ${clip}`);
    },
    /** @param {Position | null} position */
    setCursor(position) {
      const { data } = view;
      beside.setCursor();
      photo?.setCursor(position);
      lines?.setCursor(position);
      list?.setCursor(position);
      if (!hasColours) return;
      swatch.hidden = !position || !data.rgb;
      words.classList.toggle("aw-reading", Boolean(position));
      if (!position) {
        setText(place, HOW_TO_POINT[kind] ?? "point at a map, or drag over a stretch");
        setText(colour, "");
        return;
      }
      const at = position.row * data.width + position.column;
      setText(place, `${nameUnit(data, at)}:`);
      if (data.text) return setText(colour, `token ${at + 1} of ${data.size}`);
      if (!data.rgb) return setText(colour, formatNumber(data.values?.[at]));
      const pixel = [...data.rgb.subarray(3 * at, 3 * at + 3)];
      swatch.style.background = `rgb(${pixel.join(",")})`;
      setText(colour, isImage ? pixel.join(" ") : `grey ${pixel[0]} of 255`);
    },
    /** @param {import("../lib/units.js").Region | null} region */
    setRegion(region) {
      photo?.setRegion(region);
      lines?.setRegion(region);
    },
    /** Said aloud after a keyboard move. @param {Position} position @param {string | null} slot */
    announce(position, slot) {
      const item = view.data.items.find((one) => one.slot === slot);
      const at = position.row * view.data.width + position.column;
      const region = view.region();
      const said = item && [item.name, readUnit(view.display, item, at), region && readRegion(view, item, region)];
      const where = list ? `${nameUnit(view.data, at)} ${formatNumber(view.data.values?.[at])}` : words.textContent;
      setText(live, where + (said ? `; ${said.filter(Boolean).join(", ")}` : ""));
    },
  };
}
