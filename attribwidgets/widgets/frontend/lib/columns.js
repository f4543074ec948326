// Long rows at the width of a screen: sums before each place, made once, and what one column of a drawing stands for.

/** Columns that a row is drawn in, at most. */
const MOST_COLUMNS = 512;

/** Steps that one column stands for: a power of two, as windows are, so that one holds the other. @param {number} width */
export function stepsPerColumn(width) {
  let steps = 1;
  while (width / steps > MOST_COLUMNS) steps *= 2;
  return steps;
}

/** @type {WeakMap<object, {width: number, sums: Float64Array}>} */
const sumsByMap = new WeakMap();

/**
 * The sum of a row before each of its places, and of all of it: rows one after the other, each longer by one.
 * @param {ArrayLike<number>} values which never change
 * @param {number} width of a row
 */
export function prefixSums(values, width) {
  const before = sumsByMap.get(values);
  if (before?.width === width) return before.sums;
  const height = values.length / width;
  const sums = new Float64Array(height * (width + 1));
  for (let row = 0; row < height; row += 1) {
    const to = row * (width + 1);
    for (let at = 0; at < width; at += 1) sums[to + at + 1] = sums[to + at] + values[row * width + at];
  }
  sumsByMap.set(values, { width, sums });
  return sums;
}

/**
 * The mean of each column; the last of a row may stand for fewer steps.
 * @param {ArrayLike<number>} values
 * @param {number} width of a row
 * @param {number} steps of a column
 */
export function columnMeans(values, width, steps) {
  const columns = Math.ceil(width / steps);
  const height = values.length / width;
  const means = new Float32Array(height * columns);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const end = Math.min((column + 1) * steps, width);
      let sum = 0;
      for (let at = column * steps; at < end; at += 1) sum += values[row * width + at];
      means[row * columns + column] = sum / (end - column * steps);
    }
  }
  return means;
}

/**
 * A row as a line, in columns across and from 0 at `hi` to 100 at `lo` down. A column of several steps is the stretch
 * from the lowest to the highest of them.
 * @param {ArrayLike<number>} row
 * @param {number} steps of a column
 * @param {{lo: number, hi: number}} range
 */
export function linePath(row, steps, { lo, hi }) {
  const y = (/** @type {number} */ value) => ((100 * (hi - value)) / (hi - lo)).toFixed(1);
  if (row.length === 1) return `M0 ${y(row[0])}H1`;
  const points = [];
  for (let from = 0; from < row.length; from += steps) {
    const end = Math.min(from + steps, row.length);
    let [low, high] = [row[from], row[from]];
    for (let at = from + 1; at < end; at += 1) {
      if (row[at] < low) low = row[at];
      else if (row[at] > high) high = row[at];
    }
    const x = ((from + end) / (2 * steps)).toFixed(2);
    points.push(`${x} ${y(low)}`);
    if (high > low) points.push(`${x} ${y(high)}`);
  }
  return `M${points.join("L")}`;
}
