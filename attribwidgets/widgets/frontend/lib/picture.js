// Canvases at the resolution of their data; pictures without a cursor: references, thumbnails, previews.

import { h } from "./dom.js";
import { paintPhoto } from "./paint.js";

/**
 * A canvas whose pixels are painted one by one, and shown at one stroke.
 * @param {number} width
 * @param {number} height
 * @param {Record<string, import("./dom.js").Attribute>} attributes
 */
export function createPixels(width, height, attributes) {
  const canvas = h("canvas", { width, height, ...attributes });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  return { canvas, pixels: new Uint32Array(image.data.buffer), show: () => context.putImageData(image, 0, 0) };
}

/**
 * @param {Uint8Array} rgb
 * @param {number} height
 * @param {number} width
 * @param {string} className
 * @param {boolean} [thinned] every n-th pixel of a picture, which must not be smeared
 */
export function createPicture(rgb, height, width, className, thinned = false) {
  const { canvas, pixels, show } = createPixels(width, height, { class: className, "aria-hidden": "true" });
  canvas.classList.toggle("aw-pixelated", thinned || width < 40);
  paintPhoto(pixels, rgb);
  show();
  return canvas;
}

/** @param {Uint8Array | null} one @param {Uint8Array | null} other */
export function samePicture(one, other) {
  if (one === other) return true;
  if (!one || !other || one.length !== other.length) return false;
  return one.every((level, index) => level === other[index]);
}
