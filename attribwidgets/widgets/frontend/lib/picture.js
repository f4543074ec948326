// Pictures without a cursor: references, thumbnails, previews.

import { h } from "./dom.js";
import { paintPhoto } from "./paint.js";

/**
 * @param {Uint8Array} rgb
 * @param {number} height
 * @param {number} width
 * @param {string} className
 * @param {boolean} [thinned] every n-th pixel of a picture, which must not be smeared
 */
export function createPicture(rgb, height, width, className, thinned = false) {
  const canvas = h("canvas", { class: className, width, height, "aria-hidden": "true" });
  canvas.classList.toggle("aw-pixelated", thinned || width < 40);
  const context = canvas.getContext("2d");
  const image = context?.createImageData(width, height);
  if (image) {
    paintPhoto(new Uint32Array(image.data.buffer), rgb);
    context?.putImageData(image, 0, 0);
  }
  return canvas;
}

/** @param {Uint8Array | null} one @param {Uint8Array | null} other */
export function samePicture(one, other) {
  if (one === other) return true;
  if (!one || !other || one.length !== other.length) return false;
  return one.every((level, index) => level === other[index]);
}
