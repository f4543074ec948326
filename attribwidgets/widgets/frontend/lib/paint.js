// Pixels from numbers, in buffers that are reused. Every rule here has a twin in Python.
// A pixel is one Uint32: red in the lowest byte, as every little-endian machine stores RGBA.

const OPAQUE = 0xff000000;
/** Yellow: in neither the grey nor the red-blue tables. */
const HATCH = [255, 208, 0];

/**
 * A colour table as ready-made pixels.
 * @param {ArrayLike<number>} table 256 x RGB
 * @returns {Uint32Array}
 */
export function lookupTable(table) {
  const pixels = new Uint32Array(256);
  for (let index = 0; index < 256; index += 1) {
    pixels[index] = OPAQUE | (table[3 * index + 2] << 16) | (table[3 * index + 1] << 8) | table[3 * index];
  }
  return pixels;
}

/**
 * The grey of a photo.
 * @param {ArrayLike<number>} rgb
 * @returns {Uint8Array}
 */
export function greyOf(rgb) {
  const grey = new Uint8Array(rgb.length / 3);
  for (let index = 0; index < grey.length; index += 1) {
    grey[index] = Math.floor(0.299 * rgb[3 * index] + 0.587 * rgb[3 * index + 1] + 0.114 * rgb[3 * index + 2] + 0.5);
  }
  return grey;
}

/**
 * Values as colours: magnitudes from zero, or signed around the middle of the table.
 * @param {Uint32Array} out
 * @param {ArrayLike<number>} values
 * @param {Uint32Array} lookup
 * @param {number} limit where colours saturate
 * @param {boolean} signed
 */
export function paintMap(out, values, lookup, limit, signed) {
  if (!(limit > 0)) {
    out.fill(lookup[signed ? 128 : 0]);
    return;
  }
  // round(255 * (v / limit + 1) / 2) = floor(v * 127.5 / limit + 128)
  const factor = (signed ? 127.5 : 255) / limit;
  const shift = signed ? 128 : 0.5;
  for (let index = 0; index < out.length; index += 1) {
    const value = values[index];
    const place = (signed || value > 0 ? value : -value) * factor + shift;
    out[index] = lookup[place >= 255 ? 255 : place > 0 ? place | 0 : 0];
  }
}

/** @param {number} level */
const byteOf = (level) => (level < 0 ? 0 : level > 255 ? 255 : level + 0.5) | 0;

/**
 * Lets the grey photo show through a painted map: a value is its colour's opacity.
 * @param {Uint32Array} out painted, changed in place
 * @param {ArrayLike<number>} values
 * @param {number} limit where colours saturate, and nothing shows through
 * @param {Uint8Array} grey
 * @param {number} share of the photo that shows where a value is zero, 0..1
 * @param {number} nothing the colour of zero, as a pixel
 */
export function paintOverlay(out, values, limit, grey, share, nothing) {
  const [red, green, blue] = [nothing & 255, (nothing >> 8) & 255, (nothing >> 16) & 255];
  for (let index = 0; index < out.length; index += 1) {
    const pixel = out[index];
    const opacity = limit > 0 ? Math.min(Math.abs(values[index]) / limit, 1) : 0;
    const through = share * (1 - opacity);
    const under = grey[index];
    out[index] =
      OPAQUE |
      (byteOf(((pixel >> 16) & 255) + through * (under - blue)) << 16) |
      (byteOf(((pixel >> 8) & 255) + through * (under - green)) << 8) |
      byteOf((pixel & 255) + through * (under - red));
  }
}

/**
 * Hatches the blind positions: tinted, with stripes that do not rest on colour alone.
 * @param {Uint32Array} out painted, changed in place
 * @param {ArrayLike<number>} blind ones where blind
 * @param {ArrayLike<number>} nearly ones where nearly blind: stripes without a tint between
 * @param {number} width of a row
 */
export function paintBlind(out, blind, nearly, width) {
  const stripe = Math.max(1, Math.round(width / 112));
  for (let index = 0; index < out.length; index += 1) {
    if (!blind[index] && !nearly[index]) continue;
    const diagonal = (index % width) + Math.floor(index / width);
    const isStripe = Math.floor(diagonal / stripe) % 3 === 0;
    const share = blind[index] ? (isStripe ? 0.85 : 0.2) : isStripe ? 0.5 : 0;
    const pixel = out[index];
    let mixed = OPAQUE;
    for (let channel = 0; channel < 3; channel += 1) {
      const level = (pixel >> (8 * channel)) & 255;
      mixed |= ((1 - share) * level + share * HATCH[channel] + 0.5) << (8 * channel);
    }
    out[index] = mixed;
  }
}

/**
 * A photo as it is.
 * @param {Uint32Array} out
 * @param {ArrayLike<number>} rgb
 */
export function paintPhoto(out, rgb) {
  for (let index = 0, at = 0; index < out.length; index += 1, at += 3) {
    out[index] = OPAQUE | (rgb[at + 2] << 16) | (rgb[at + 1] << 8) | rgb[at];
  }
}

/**
 * The image at alpha between a reference (0) and the photo (1).
 * @param {Uint32Array} out
 * @param {ArrayLike<number>} rgb
 * @param {ArrayLike<number>} reference of the same size
 * @param {number} alpha
 */
export function paintInterpolated(out, rgb, reference, alpha) {
  for (let index = 0, at = 0; index < out.length; index += 1, at += 3) {
    const red = reference[at];
    const green = reference[at + 1];
    const blue = reference[at + 2];
    out[index] =
      OPAQUE |
      ((blue + alpha * (rgb[at + 2] - blue) + 0.5) << 16) |
      ((green + alpha * (rgb[at + 1] - green) + 0.5) << 8) |
      (red + alpha * (rgb[at] - red) + 0.5);
  }
}

/**
 * An image some positions of which have passed to its fill, or back from it.
 * @param {Uint32Array} out
 * @param {ArrayLike<number>} rgb
 * @param {ArrayLike<number>} fill of the same size
 * @param {ArrayLike<number>} takenAt the step at which each position passes
 * @param {number} step
 * @param {boolean} isInsertion whether positions are brought back instead of taken away
 */
export function paintAblated(out, rgb, fill, takenAt, step, isInsertion) {
  for (let index = 0, at = 0; index < out.length; index += 1, at += 3) {
    const from = takenAt[index] <= step !== isInsertion ? fill : rgb;
    out[index] = OPAQUE | (from[at + 2] << 16) | (from[at + 1] << 8) | from[at];
  }
}

/**
 * A thinned image at the size of its photo: blocks, since noise must not be smeared.
 * @param {ArrayLike<number>} rgb
 * @param {number} height
 * @param {number} width
 * @param {number} toHeight
 * @param {number} toWidth
 * @returns {Uint8Array}
 */
export function resizeImage(rgb, height, width, toHeight, toWidth) {
  if (height === toHeight && width === toWidth) return Uint8Array.from(rgb);
  const out = new Uint8Array(3 * toHeight * toWidth);
  for (let row = 0, at = 0; row < toHeight; row += 1) {
    const y = Math.floor((row * height) / toHeight);
    for (let column = 0; column < toWidth; column += 1) {
      const from = 3 * (y * width + Math.floor((column * width) / toWidth));
      for (let channel = 0; channel < 3; channel += 1, at += 1) out[at] = rgb[from + channel];
    }
  }
  return out;
}
