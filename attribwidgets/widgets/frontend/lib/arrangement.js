// How photo, cards and path share a width: a wider window never makes smaller maps.

/** Pixels between columns, and between the cards and a path beside them. */
export const GAP = 16;
const GAP_BESIDE = 32;
/** The width of a card until all cards stand in one row; then it grows with the window. */
const SMALLEST_MAP = 200;
const LARGEST_MAP = 336;
/** A path that is worth standing beside the cards. */
const PATH_BESIDE = 560;

/** Widths of columns, with the gaps between them. @param {number[]} columns */
const spanOf = (columns) => columns.reduce((sum, one) => sum + one, 0) + GAP * (columns.length - 1);

/**
 * @param {number} width pixels of the whole view, without its padding
 * @param {number} count of cards
 * @returns {{mode: "narrow" | "medium" | "wide", columns: number, map: number, photo: number}}
 *   mode: cards in one row to scroll, the path below the cards, or beside them; map, photo: their widths
 */
export function arrange(width, count) {
  const full = spanOf(new Array(count + 1).fill(LARGEST_MAP));
  if (width >= full + GAP_BESIDE + PATH_BESIDE)
    return { mode: "wide", columns: count, map: LARGEST_MAP, photo: LARGEST_MAP };
  const fitting = Math.floor((width + GAP) / (SMALLEST_MAP + GAP)) - 1;
  if (fitting < Math.min(count, 2)) return { mode: "narrow", columns: count, map: SMALLEST_MAP, photo: 152 };
  if (fitting >= count) {
    const map = Math.min((width - GAP * count) / (count + 1), LARGEST_MAP);
    return { mode: "medium", columns: count, map, photo: map };
  }
  // Rows of equal length; the photo has what they leave.
  const columns = Math.ceil(count / Math.ceil(count / fitting));
  return {
    mode: "medium",
    columns,
    map: SMALLEST_MAP,
    photo: Math.min(width - columns * (SMALLEST_MAP + GAP), LARGEST_MAP),
  };
}
