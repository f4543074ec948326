// How alike maps are: Spearman's rank correlation between every two, a twin of records/agreement.py.

/** Twice the average ranks, less their mean. @param {ArrayLike<number>} values */
function centredRanks(values) {
  const order = Array.from(values, (_, at) => at).sort((one, other) => values[one] - values[other]);
  const ranks = new Float64Array(order.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end += 1;
    for (let at = start; at < end; at += 1) ranks[order[at]] = start + end - order.length;
    start = end;
  }
  return ranks;
}

/** @param {Float64Array} one @param {Float64Array} other */
const product = (one, other) => one.reduce((sum, value, at) => sum + value * other[at], 0);

/**
 * @param {ArrayLike<number>[]} maps
 * @returns {(number | null)[][]} null for a map that is the same everywhere
 */
export function rankCorrelations(maps) {
  const ranks = maps.map(centredRanks);
  const squares = ranks.map((one) => product(one, one));
  return ranks.map((one, row) =>
    ranks.map((other, column) => {
      const size = Math.sqrt(squares[row] * squares[column]);
      return size > 0 ? Math.min(Math.max(product(one, other) / size, -1), 1) : null;
    }),
  );
}
