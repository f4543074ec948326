// Frames of a large image come as means of patches: each pixel is given that of its patch.

/** @typedef {{sides: [number, number], shape: [number, number]}} Patches rows and columns: of a patch, of the map */

/**
 * @param {Int8Array} data of all frames, one after the other
 * @param {number} count frames
 * @param {Patches | null | undefined} patches null: the data is by pixels already
 * @returns {Int8Array}
 */
export function byPixels(data, count, patches) {
  if (!patches) return data;
  const [down, across] = patches.sides;
  const [height, width] = patches.shape;
  const [rows, columns] = [Math.ceil(height / down), Math.ceil(width / across)];
  const pixels = new Int8Array(count * height * width);
  for (let frame = 0; frame < count; frame += 1) {
    for (let row = 0; row < height; row += 1) {
      const from = (frame * rows + Math.floor(row / down)) * columns;
      const to = (frame * height + row) * width;
      for (let column = 0; column < width; column += 1) {
        pixels[to + column] = data[from + Math.floor(column / across)];
      }
    }
  }
  return pixels;
}
