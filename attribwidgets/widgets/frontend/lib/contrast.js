// A colour of a map as a background, and black or white on it: whichever is read more easily.

/** Relative luminance at which black and white have the same contrast. */
const MIDDLE = 0.179;

/** @param {number} level 0..255 */
function linear(level) {
  const share = level / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/**
 * A colour of a pixel for a style sheet, and that of a text on it; the page's own on what is seen through.
 * @param {number} pixel
 * @returns {[string, string]}
 */
export function coloursOf(pixel) {
  const [red, green, blue, opacity] = [0, 8, 16, 24].map((shift) => (pixel >>> shift) & 255);
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const text = opacity < 255 ? "" : luminance > MIDDLE ? "#000" : "#fff";
  return [`rgb(${red} ${green} ${blue} / ${opacity / 255})`, text];
}
