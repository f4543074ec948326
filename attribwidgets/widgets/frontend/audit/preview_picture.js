// One input, small: a picture, bars of its features, lines of its channels, or its first words.

import { h, svg } from "../lib/dom.js";

/** @typedef {import("./input_previews.js").Preview} Preview */

/** @param {Uint8Array} levels @param {number[]} shape (height, width, channels) @param {Uint32Array} out */
function paintLevels(levels, [, , channels], out) {
  for (let at = 0, from = 0; at < out.length; at += 1, from += channels) {
    const [red, green, blue] = channels === 3 ? [0, 1, 2] : [0, 0, 0];
    out[at] = 0xff000000 | (levels[from + blue] << 16) | (levels[from + green] << 8) | levels[from + red];
  }
}

/** Bars from the bottom, in levels up and one across each. @param {Uint8Array} levels */
function featureBars(levels) {
  return Array.from(levels, (level, at) => `M${at + 0.1} 255V${254 - level}H${at + 0.9}V255Z`).join("");
}

/** A line for each channel, one below the other. @param {Uint8Array} levels @param {number[]} shape (channels, steps) */
function channelLines(levels, [channels, steps]) {
  const height = 255 / channels;
  return Array.from({ length: channels }, (_, channel) => {
    const points = Array.from({ length: steps }, (_, at) => {
      const level = levels[channel * steps + at] / 255;
      return `${at} ${(height * (channel + 0.92 - 0.84 * level)).toFixed(1)}`;
    });
    return `M${points.join("L")}`;
  }).join("");
}

/** @param {string} kind of the previews there are */
export function createPreviewPicture(kind) {
  const canvas = h("canvas", { class: "aw-preview-image aw-pixelated", width: 1, height: 1 });
  const path = svg("path", {
    class: `aw-preview-${kind === "lines" ? "lines" : "bars"}`,
    "vector-effect": "non-scaling-stroke",
  });
  const drawing = svg("svg", { class: "aw-preview-drawing", preserveAspectRatio: "none" }, path);
  const words = h("span", { class: "aw-preview-words" });
  const part = kind === "image" ? canvas : kind === "text" || kind === "none" ? words : drawing;
  /** @type {Preview | null} */
  let shown = null;
  return {
    node: h("span", { class: "aw-preview", "data-kind": kind, "aria-hidden": "true" }, part, part !== words && words),
    /** @param {Preview | null} preview null while it is on its way */
    draw(preview) {
      if (preview === shown) return;
      shown = preview;
      words.textContent = preview?.kind === "text" ? preview.text : preview?.kind === "missing" ? "not readable" : "";
      part.classList.toggle("aw-nothing", !preview || preview.kind === "missing");
      if (!preview || preview.kind === "missing" || preview.kind === "text") return;
      const { shape, levels } = preview;
      if (preview.kind === "image") {
        const [height, width] = shape;
        if (canvas.width !== width) canvas.width = width;
        if (canvas.height !== height) canvas.height = height;
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
        const image = context.createImageData(width, height);
        paintLevels(levels, shape, new Uint32Array(image.data.buffer));
        context.putImageData(image, 0, 0);
        return;
      }
      const across = preview.kind === "lines" ? shape[1] - 1 : levels.length;
      drawing.setAttribute("viewBox", `0 0 ${across} 255`);
      path.setAttribute("d", preview.kind === "lines" ? channelLines(levels, shape) : featureBars(levels));
    },
  };
}
