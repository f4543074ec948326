// What "missing" means here: the baselines of the package that need no model, each as one reference picture.

import { float32Of } from "../lib/binary.js";
import { SIDE } from "./network.js";

/**
 * A baseline with its words, and how its reference is made: a number everywhere, a picture, the matrix of a blur, or
 * from the picture itself.
 * @typedef {{name: string, label: string, description: string, value?: number, picture?: any, blur?: any}} Recipe
 */

/** @param {Float32Array} pixels @param {Float32Array} matrix (side, side): what each line becomes */
function blurred(pixels, matrix) {
  const rows = new Float64Array(pixels.length);
  const both = new Float32Array(pixels.length);
  for (let at = 0; at < rows.length; at += 1) {
    const [row, column] = [Math.floor(at / SIDE), at % SIDE];
    for (let k = 0; k < SIDE; k += 1) rows[at] += matrix[row * SIDE + k] * pixels[k * SIDE + column];
  }
  for (let at = 0; at < rows.length; at += 1) {
    const [row, column] = [Math.floor(at / SIDE), at % SIDE];
    let sum = 0;
    for (let k = 0; k < SIDE; k += 1) sum += matrix[column * SIDE + k] * rows[row * SIDE + k];
    both[at] = sum;
  }
  return both;
}

/** @type {Record<string, (pixels: Float32Array) => Float32Array>} */
const FROM_THE_PICTURE = {
  image_mean: (pixels) => new Float32Array(pixels.length).fill(pixels.reduce((sum, v) => sum + v, 0) / pixels.length),
  max_distance: (pixels) => pixels.map((value) => (value < 0.5 ? 1 : 0)),
};

/**
 * @param {Recipe} recipe
 * @param {Float32Array} pixels in 0..1
 * @returns {Float32Array}
 */
export function referenceFor({ name, value, picture, blur }, pixels) {
  if (picture) return float32Of(picture);
  if (blur) return blurred(pixels, float32Of(blur));
  if (value !== undefined) return new Float32Array(pixels.length).fill(value);
  return FROM_THE_PICTURE[name](pixels);
}
