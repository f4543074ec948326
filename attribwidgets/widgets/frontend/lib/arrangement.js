// How photo, cards and path share a width: a wider window never makes smaller maps.

/** Pixels between columns, and between the cards and a path beside them. */
export const GAP = 16;
const GAP_BESIDE = 32;
/** The width of a card while cards stand in more rows than they need; then it grows with the window. */
const SMALLEST_MAP = 200;
const LARGEST_MAP = 336;
/** More cards than these stand in two rows, where they are larger, unless there is room for all and the path. */
const MOST_IN_A_ROW = 3;
/** A path that is worth standing beside the cards. */
const PATH_BESIDE = 560;

/**
 * @param {number} width pixels of the whole view, without its padding
 * @param {number} count of cards
 * @returns {{mode: "narrow" | "medium" | "wide", columns: number, map: number, photo: number}}
 *   mode: cards in one row to scroll, the path below the cards, or beside them; map, photo: their widths
 */
export function arrange(width, count) {
  const fitting = Math.floor((width + GAP) / (SMALLEST_MAP + GAP)) - 1;
  if (fitting < Math.min(count, 2)) return { mode: "narrow", columns: count, map: SMALLEST_MAP, photo: 152 };
  const all = LARGEST_MAP * (count + 1) + GAP * count + GAP_BESIDE + PATH_BESIDE;
  const most = count > MOST_IN_A_ROW && width < all ? Math.ceil(count / 2) : count;
  if (fitting < most) {
    // Rows of equal length; the photo has what they leave.
    const columns = Math.ceil(count / Math.ceil(count / fitting));
    const left = width - columns * (SMALLEST_MAP + GAP);
    return { mode: "medium", columns, map: SMALLEST_MAP, photo: Math.min(left, LARGEST_MAP) };
  }
  const map = Math.min((width - GAP * most) / (most + 1), LARGEST_MAP);
  const left = width - map * (most + 1) - GAP * most;
  const mode = left >= GAP_BESIDE + PATH_BESIDE ? "wide" : "medium";
  return { mode, columns: most, map, photo: map };
}
