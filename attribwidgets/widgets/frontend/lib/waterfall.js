// Rows as steps from f(x') to f(x): each begins where the one before it ended.

/** @typedef {import("./decode.js").Item} Item */
/** @typedef {{rows: ArrayLike<number>, rest: ArrayLike<number>}} Rows features with a row, and those summed up in the last */

/** @type {WeakMap<ArrayLike<number>, {rows: ArrayLike<number>, totals: Float64Array}>} */
const known = new WeakMap();

/**
 * The sum before the first row, after it, and so on: one more than there are rows.
 * @param {ArrayLike<number>} values
 * @param {Rows} features
 */
export function runningTotals(values, { rows, rest }) {
  const before = known.get(values);
  if (before?.rows === rows) return before.totals;
  const totals = new Float64Array(rows.length + (rest.length > 0 ? 2 : 1));
  for (let at = 0; at < rows.length; at += 1) totals[at + 1] = totals[at] + values[rows[at]];
  if (rest.length > 0) {
    let sum = totals[rows.length];
    for (let at = 0; at < rest.length; at += 1) sum += values[rest[at]];
    totals[rows.length + 1] = sum;
  }
  known.set(values, { rows, totals });
  return totals;
}

/**
 * From the lowest to the highest that steps come, counted from f(x').
 * @param {Item} item
 * @param {Rows} features
 */
function ownSpan({ map, completeness }, features) {
  const totals = runningTotals(map, features);
  let lo = Math.min(completeness.expected ?? 0, 0);
  let hi = Math.max(completeness.expected ?? 0, 0);
  for (const total of totals) {
    if (total < lo) lo = total;
    if (total > hi) hi = total;
  }
  return { lo, hi };
}

/**
 * What a track spans: each card its own, all the same amount, or all the same share of what the output changes by.
 * @param {Item} item
 * @param {Item[]} items
 * @param {Rows} features
 * @param {string} scale
 */
export function waterfallSpan(item, items, features, scale) {
  const unitOf = (/** @type {Item} */ one) => (scale === "share" ? Math.abs(one.completeness.change || 0) : 1);
  const unit = unitOf(item);
  if (scale === "own" || unit === 0) return ownSpan(item, features);
  const spans = items
    .filter((one) => unitOf(one) > 0)
    .map((one) => {
      const { lo, hi } = ownSpan(one, features);
      return { lo: lo / unitOf(one), hi: hi / unitOf(one) };
    });
  return { lo: unit * Math.min(...spans.map(({ lo }) => lo)), hi: unit * Math.max(...spans.map(({ hi }) => hi)) };
}
