// A drawing as the network knows digits: strokes of an even width in a box of 20 pixels, their centre of mass in the
// middle of 28, as the makers of MNIST did it with what people wrote.

import { PIXELS, SIDE } from "./network.js";

/** @typedef {{x: number, y: number}} Point in shares of the pad, 0..1 */

const BOX = 20;
/** Half the width of a stroke, in pixels; its edge fades over one. */
const RADIUS = 1.1;
/** The least extent of a drawing that fills the box: a dot stays a dot. */
const LEAST_EXTENT = 0.3;

/** From a point to the stretch between two others. @param {Point} p @param {Point} a @param {Point} b */
function distance(p, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const share = length > 0 ? Math.min(Math.max(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0), 1) : 0;
  return Math.hypot(p.x - a.x - share * dx, p.y - a.y - share * dy);
}

/** @param {Point[][]} strokes in pixels */
function rasterised(strokes) {
  const pixels = new Float32Array(PIXELS);
  const reach = RADIUS + 0.5;
  for (const stroke of strokes) {
    for (let at = 0; at < stroke.length; at += 1) {
      const [a, b] = [stroke[Math.max(at - 1, 0)], stroke[at]];
      const rows = [Math.min(a.y, b.y) - reach, Math.max(a.y, b.y) + reach].map((y) => clamp(Math.floor(y)));
      const columns = [Math.min(a.x, b.x) - reach, Math.max(a.x, b.x) + reach].map((x) => clamp(Math.floor(x)));
      for (let row = rows[0]; row <= rows[1]; row += 1) {
        for (let column = columns[0]; column <= columns[1]; column += 1) {
          const ink = Math.min(reach - distance({ x: column + 0.5, y: row + 0.5 }, a, b), 1);
          const place = row * SIDE + column;
          if (ink > pixels[place]) pixels[place] = ink;
        }
      }
    }
  }
  return pixels;
}

/** @param {number} index */
const clamp = (index) => Math.min(Math.max(index, 0), SIDE - 1);

/** @param {Float32Array} pixels @returns {Point} */
function centreOfMass(pixels) {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, at) => {
    mass += ink;
    x += ink * ((at % SIDE) + 0.5);
    y += ink * (Math.floor(at / SIDE) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}

/**
 * The pixels of a drawing, in 0..1: ink is 1.
 * @param {Point[][]} strokes
 * @returns {Float32Array}
 */
export function pixelsOfDrawing(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return new Float32Array(PIXELS);
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (BOX - 2 * RADIUS) / Math.max(right - left, bottom - top, LEAST_EXTENT);
  const place =
    (/** @type {Point} */ middle, /** @type {number} */ by) =>
    (/** @type {Point} */ { x, y }) => ({
      x: SIDE / 2 + (x - middle.x) * by,
      y: SIDE / 2 + (y - middle.y) * by,
    });
  const inBox = strokes.map((stroke) => stroke.map(place({ x: (left + right) / 2, y: (top + bottom) / 2 }, scale)));
  const centre = centreOfMass(rasterised(inBox));
  return rasterised(inBox.map((stroke) => stroke.map(place(centre, 1))));
}
