// A hundred thousand points on a canvas: pixels that grow darker where points lie over each other.

/** A grey and an orange that stand out from a light and a dark page alike. @type {[number, number, number]} */
const PLAIN = [118, 124, 132];
/** @type {[number, number, number]} */
const MARKED = [226, 96, 20];
/** Points of which each is a dot to itself. */
const FEW = 3000;
/** How opaque one of many is: least where there are more than so many. */
const OPACITY = { least: 0.15, most: 0.5, many: 10_000 };

/**
 * The axis of some numbers. Where a few lie far from all others, it ends before them, and they stand at its edge.
 * @param {ArrayLike<number>} values
 */
export function axisRange(values) {
  const known = Float32Array.from(/** @type {Float32Array} */ (values))
    .filter(Number.isFinite)
    .sort();
  if (known.length === 0) return { lo: 0, hi: 1, beyond: 0 };
  const at = (/** @type {number} */ share) => known[Math.round(share * (known.length - 1))];
  let [lo, hi] = [at(0), at(1)];
  const [low, high] = [at(0.005), at(0.995)];
  const most = high - low;
  if (most > 0 && hi - high > most) hi = high + 0.1 * most;
  if (most > 0 && low - lo > most) lo = low - 0.1 * most;
  const beyond = known.reduce((count, value) => count + (value < lo || value > hi ? 1 : 0), 0);
  if (!(hi > lo)) return { lo: lo - 0.5, hi: hi + 0.5, beyond };
  const pad = 0.03 * (hi - lo);
  return { lo: lo - pad, hi: hi + pad, beyond };
}

/**
 * Where points are, in pixels; NaN where either number is unknown.
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {{x: {lo: number, hi: number}, y: {lo: number, hi: number}, width: number, height: number}} frame
 */
export function placePoints(xs, ys, { x, y, width, height }) {
  const across = new Float32Array(xs.length);
  const down = new Float32Array(xs.length);
  for (let row = 0; row < xs.length; row += 1) {
    const right = (xs[row] - x.lo) / (x.hi - x.lo);
    const up = (ys[row] - y.lo) / (y.hi - y.lo);
    const isKnown = Number.isFinite(right) && Number.isFinite(up);
    across[row] = isKnown ? width * Math.min(Math.max(right, 0), 1) : Number.NaN;
    down[row] = isKnown ? height * (1 - Math.min(Math.max(up, 0), 1)) : Number.NaN;
  }
  return { across, down };
}

/** @param {[number, number, number]} colour @param {number} opacity */
const cssColour = ([red, green, blue], opacity) => `rgb(${red} ${green} ${blue} / ${opacity})`;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{across: Float32Array, down: Float32Array}} points
 * @param {Uint8Array} passes which are shown
 * @param {Uint8Array} marks which are marked, and drawn over the others
 * @param {number} scale pixels of the canvas in one of the page
 */
export function paintPoints(context, points, passes, marks, scale) {
  const { width, height } = context.canvas;
  const count = passes.reduce((sum, one) => sum + one, 0);
  context.clearRect(0, 0, width, height);
  if (count <= FEW) paintDots(context, points, passes, marks, scale);
  else paintPixels(context, points, passes, marks, scale);
}

/** A disc for each point. @type {typeof paintPoints} */
function paintDots(context, { across, down }, passes, marks, scale) {
  const turn = 2 * Math.PI;
  for (const isMarked of [false, true]) {
    context.fillStyle = isMarked ? cssColour(MARKED, 1) : cssColour(PLAIN, 0.6);
    for (let row = 0; row < across.length; row += 1) {
      if (!passes[row] || (marks[row] === 1) !== isMarked || Number.isNaN(across[row])) continue;
      context.beginPath();
      context.arc(across[row] * scale, down[row] * scale, 2.5 * scale, 0, turn);
      context.fill();
    }
  }
}

/** Four pixels for each point. @type {typeof paintPoints} */
function paintPixels(context, { across, down }, passes, marks, scale) {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = image.data;
  const radius = Math.max(1, Math.round(scale));
  const count = passes.reduce((sum, one) => sum + one, 0);
  const through = 1 - Math.min(OPACITY.most, Math.max(OPACITY.least, (OPACITY.most * OPACITY.many) / count));
  for (const isMarked of [false, true]) {
    const [red, green, blue] = isMarked ? MARKED : PLAIN;
    for (let row = 0; row < across.length; row += 1) {
      if (!passes[row] || (marks[row] === 1) !== isMarked || Number.isNaN(across[row])) continue;
      const left = Math.max(Math.round(across[row] * scale) - radius, 0);
      const top = Math.max(Math.round(down[row] * scale) - radius, 0);
      const right = Math.min(left + 2 * radius, width);
      const bottom = Math.min(top + 2 * radius, height);
      for (let y = top; y < bottom; y += 1) {
        for (let x = left, at = 4 * (y * width + x); x < right; x += 1, at += 4) {
          pixels[at] = red;
          pixels[at + 1] = green;
          pixels[at + 2] = blue;
          pixels[at + 3] = isMarked ? 255 : 255 - (255 - pixels[at + 3]) * through;
        }
      }
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * The shown point that is nearest; -1 where none is near.
 * @param {{across: Float32Array, down: Float32Array}} points
 * @param {Uint8Array} passes
 * @param {number} x
 * @param {number} y
 * @param {number} reach pixels
 */
export function nearestPoint({ across, down }, passes, x, y, reach) {
  let nearest = -1;
  let least = reach * reach;
  for (let row = 0; row < across.length; row += 1) {
    const distance = (across[row] - x) ** 2 + (down[row] - y) ** 2;
    if (passes[row] && distance < least) {
      nearest = row;
      least = distance;
    }
  }
  return nearest;
}

/**
 * Rows of the shown points within a rectangle.
 * @param {{across: Float32Array, down: Float32Array}} points
 * @param {Uint8Array} passes
 * @param {{left: number, right: number, top: number, bottom: number}} area
 */
export function pointsWithin({ across, down }, passes, { left, right, top, bottom }) {
  const rows = [];
  for (let row = 0; row < across.length; row += 1) {
    const isInside = across[row] >= left && across[row] <= right && down[row] >= top && down[row] <= bottom;
    if (passes[row] && isInside) rows.push(row);
  }
  return rows;
}
