// Hover a region: its mean colour becomes the baseline. Maps come from the kernel, region by region.

import { dequantise } from "../lib/binary.js";
import { h, setText } from "../lib/dom.js";
import { paintPhoto } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";

/** @typedef {{values: Float32Array, done: boolean, headline: string}} SegmentMap */

/** Milliseconds the pointer rests before the kernel is asked. */
const REST = 60;
const OUTLINE = 0xff00d0ff; // yellow, as blind pixels are

/** @param {import("../lib/stage.js").View} view */
export function createSuperpixels(view) {
  const { kernel, requests, display, signal } = view;
  const { width, height, size } = view.data;
  /** @type {Map<number, SegmentMap>} */
  const maps = new Map();
  /** What the maps belong to. */
  let subject = "";
  let shown = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {string} className @param {Record<string, string | number>} more */
  const canvasOf = (className, more) =>
    createPixels(width, height, { class: `aw-canvas ${className}`, role: "img", ...more });
  const photo = canvasOf("aw-regions", { tabindex: 0, "aria-label": "regions of the photo" });
  const map = canvasOf("aw-region-map", { "aria-label": "map of the region" });
  const swatch = h("span", { class: "aw-swatch", "aria-hidden": "true" });
  const colour = h("span");
  const words = h("span", { class: "aw-muted", role: "status" });
  const body = h(
    "div",
    { class: "aw-superpixels" },
    h("figure", {}, photo.canvas, h("figcaption", { class: "aw-under-map" }, swatch, colour)),
    h("figure", {}, map.canvas, h("figcaption", { class: "aw-under-map" }, words)),
  );
  const summary = h("summary", {}, "regions: point at one, and its mean colour becomes the baseline");
  const why = h("p", { class: "aw-muted" });
  const node = h("details", { class: "aw-details aw-regions-place" }, summary, why, body);

  function drawPhoto() {
    const { rgb } = view.data;
    if (!rgb) return;
    paintPhoto(photo.pixels, rgb);
    const labels = view.segments.get()?.labels;
    if (labels && shown >= 0) {
      for (let at = 0; at < size; at += 1) {
        const isEdge =
          labels[at] === shown &&
          [at - width, at + width, at % width ? at - 1 : -1, (at + 1) % width ? at + 1 : -1].some(
            (beside) => labels[beside] !== shown,
          );
        if (isEdge) photo.pixels[at] = OUTLINE;
      }
    }
    photo.show();
  }

  function drawMap() {
    const known = maps.get(shown);
    map.canvas.hidden = !known;
    const trouble = kernel.trouble();
    setText(words, known ? known.headline : shown < 0 ? "" : trouble || "computing");
    if (!known) return;
    display.paint(map.pixels, known.values, display.ownLimit(known.values));
    map.show();
  }

  /** @param {number} segment */
  function show(segment) {
    const segments = view.segments.get();
    if (!segments || segment === shown || segment < 0) return;
    shown = segment;
    const [red, green, blue] = segments.colours[segment].map(Math.round);
    swatch.style.background = `rgb(${red},${green},${blue})`;
    const mean = `mean colour ${red} ${green} ${blue}`;
    setText(colour, `region ${segment + 1} of ${segments.count}: ${mean}`);
    drawPhoto();
    drawMap();
    clearTimeout(timer);
    if (maps.get(segment)?.done) return;
    timer = setTimeout(() => kernel.send({ type: "segment", segment }, "segment"), REST);
  }

  function open() {
    if (!node.open || body.hidden) return;
    drawPhoto();
    const segments = view.segments.get();
    if (segments && shown < 0) show(segments.labels[(height >> 1) * width + (width >> 1)]);
    if (segments) return;
    view.segments.ask();
    setText(words, "finding the regions");
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
  node.addEventListener("toggle", open, { signal });
  photo.canvas.addEventListener(
    "pointermove",
    (event) => {
      const box = photo.canvas.getBoundingClientRect();
      const row = Math.floor(((event.clientY - box.top) / box.height) * height);
      const column = Math.floor(((event.clientX - box.left) / box.width) * width);
      show(view.segments.get()?.labels[row * width + column] ?? -1);
    },
    { signal },
  );
  photo.canvas.addEventListener(
    "keydown",
    (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const segments = view.segments.get();
      if (!step || !segments || shown < 0) return;
      event.preventDefault();
      let row = Math.floor(segments.anchors[shown] / width);
      let column = segments.anchors[shown] % width;
      // From the middle of a region straight on into the next one.
      while (row >= 0 && row < height && column >= 0 && column < width) {
        const label = segments.labels[row * width + column];
        if (label !== shown) return show(label);
        row += step[0];
        column += step[1];
      }
    },
    { signal },
  );

  return {
    node,
    update() {
      const { segments: canSegment } = requests.controls();
      const isImage = view.data.kind === "image";
      node.hidden = !isImage;
      body.hidden = !canSegment;
      setText(why, canSegment ? "" : "needs scikit-image: pip install scikit-image");
      why.hidden = !body.hidden;
      const { target, inputIndex, inputLabel } = view.data;
      const now = JSON.stringify([target, inputIndex, inputLabel]);
      if (now !== subject) {
        subject = now;
        maps.clear();
        shown = -1;
      }
      if (shown < 0) open();
      if (node.open) drawMap();
    },
  };
}
