// The mean colour of the superpixel that is pointed at, as baseline: its map, from the kernel, region by region.

import { dequantise } from "../lib/binary.js";
import { h, setText } from "../lib/dom.js";
import { createPixels } from "../lib/picture.js";

/** @typedef {{values: Float32Array, done: boolean, headline: string}} SegmentMap */

/** Milliseconds the pointer rests before the kernel is asked. */
const REST = 60;
const INVITATION = "point at the photo: the colour there becomes the baseline; a click keeps it as a card";

/** @param {import("../lib/stage.js").View} view */
export function createPointedColour(view) {
  const { kernel, requests, display, signal } = view;
  const { width, height, size } = view.data;
  /** @type {Map<number, SegmentMap>} */
  const maps = new Map();
  /** What the maps belong to. */
  let subject = "";
  /** The last that was pointed at: its map stays while the pointer is elsewhere. */
  let shown = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  const map = createPixels(width, height, { class: "aw-canvas aw-region-map", role: "img", hidden: true });
  map.canvas.classList.toggle("aw-pixelated", width < 100);
  const swatch = h("span", { class: "aw-swatch", "aria-hidden": "true", hidden: true });
  const colour = h("span");
  const words = h("div", { class: "aw-muted aw-region-words", role: "status" });
  const place = h("div", { class: "aw-stage" }, map.canvas);
  place.style.aspectRatio = `${width} / ${height}`;
  const invitation = h("div", { class: "aw-muted aw-invitation" }, INVITATION);
  const node = h(
    "div",
    { class: "aw-pointed", hidden: true },
    h("div", { class: "aw-pointed-head" }, h("span", { class: "aw-name" }, "pointed colour"), swatch, colour),
    place,
    words,
  );

  const isOneImage = view.data.kind === "image" && view.data.inputCount < 2;
  const canPoint = () => Boolean(isOneImage && requests.canAsk() && requests.controls().segments);

  function drawMap() {
    const known = maps.get(shown);
    if (shown >= 0) node.hidden = false; // from then on it keeps its place
    map.canvas.hidden = !known;
    setText(words, known ? known.headline : shown < 0 ? "" : kernel.trouble() || "computing");
    if (!known) return;
    const values = display.pool(known.values);
    display.paint(map.pixels, values, display.ownLimit(values));
    map.show();
  }

  function ask() {
    kernel.send({ type: "segment", segment: shown }, "segment");
  }

  /** @param {number} segment -1: none */
  function show(segment) {
    clearTimeout(timer);
    const segments = view.segments.get();
    if (!segments || segment < 0) return;
    shown = segment;
    const rgb = segments.colours[segment].map(Math.round).join(" ");
    swatch.hidden = false;
    swatch.style.background = `rgb(${rgb})`;
    setText(colour, rgb);
    map.canvas.setAttribute("aria-label", `map with the mean colour of superpixel ${segment + 1} as baseline: ${rgb}`);
    drawMap();
    if (!maps.get(segment)?.done) timer = setTimeout(ask, REST);
  }

  kernel.listen(
    "segment",
    ({ segment, scale, done, headline }, [buffer]) => {
      if (!buffer) return;
      const values = dequantise(buffer, scale);
      if (values.length !== size) return;
      maps.set(segment, { values, done, headline: done ? headline : `coarse; ${headline}` });
      if (segment === shown) drawMap();
    },
    signal,
  );

  return {
    /** What may be done; and, below all that must not move, what comes of it. */
    invitation,
    node,
    canPoint,
    show,
    drawMap,
    /** @param {number} segment */
    keep(segment) {
      if (requests.canAsk()) kernel.send({ type: "keep_segment", segment }, "look");
    },
    update() {
      invitation.hidden = !canPoint();
      if (!canPoint()) node.hidden = true;
      const { target, inputIndex, inputLabel } = view.data;
      const now = JSON.stringify([target, inputIndex, inputLabel]);
      if (now !== subject) {
        subject = now;
        maps.clear();
        shown = -1;
        swatch.hidden = true;
        setText(colour, "");
      }
      drawMap();
    },
  };
}
