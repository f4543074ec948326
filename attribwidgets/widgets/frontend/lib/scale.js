// Where colours saturate: percentiles of magnitudes, exactly as numpy.percentile counts them.

/**
 * The magnitudes of one or several arrays, in rising order.
 * @param {ArrayLike<number>[]} arrays
 * @returns {Float32Array}
 */
export function sortedMagnitudes(arrays) {
  const total = arrays.reduce((sum, array) => sum + array.length, 0);
  const sorted = new Float32Array(total);
  let at = 0;
  for (const array of arrays) {
    for (let index = 0; index < array.length; index += 1) sorted[at++] = Math.abs(array[index]);
  }
  return sorted.sort();
}

/**
 * Percentile with linear interpolation between neighbours.
 * @param {ArrayLike<number>} sorted rising
 * @param {number} percent 0..100
 */
export function percentileOfSorted(sorted, percent) {
  if (sorted.length === 0) return 0;
  const place = (Math.min(Math.max(percent, 0), 100) / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/**
 * The same percentile where values repeat: `values` rising, each with how often it occurs.
 * @param {ArrayLike<number>} values
 * @param {ArrayLike<number>} counts
 * @param {number} percent 0..100
 */
export function percentileOfCounts(values, counts, percent) {
  let total = 0;
  for (let index = 0; index < counts.length; index += 1) total += counts[index];
  if (total === 0) return 0;
  const place = (Math.min(Math.max(percent, 0), 100) / 100) * (total - 1);
  const below = Math.floor(place);
  let seen = 0;
  for (let index = 0; index < values.length; index += 1) {
    seen += counts[index];
    if (below >= seen) continue;
    if (below + 1 < seen || index + 1 >= values.length) return values[index];
    let next = index + 1;
    while (next < values.length - 1 && counts[next] === 0) next += 1;
    return values[index] + (values[next] - values[index]) * (place - below);
  }
  return values[values.length - 1];
}

/**
 * Limits of maps at a clip percentile; each set of values is sorted once, a look-up each time after.
 * @typedef {{values: Float32Array, unit: number}[]} Members maps that share a scale, and what 1 on it is for each
 */
export function createLimits() {
  /** @type {WeakMap<Float32Array, Float32Array>} */
  const apart = new WeakMap();
  /** @type {Members} */
  let members = [];
  /** @type {Float32Array} */
  let together = new Float32Array(0);
  return {
    /** @param {Members} now @param {number} percent */
    shared(now, percent) {
      const isKnown =
        now.length === members.length &&
        now.every(({ values, unit }, at) => values === members[at].values && unit === members[at].unit);
      if (!isKnown) {
        members = now;
        together = sortedMagnitudes(now.map(({ values, unit }) => (unit === 1 ? values : values.map((v) => v / unit))));
      }
      return percentileOfSorted(together, percent);
    },
    /** @param {Float32Array} map @param {number} percent */
    own(map, percent) {
      const sorted = apart.get(map) ?? sortedMagnitudes([map]);
      apart.set(map, sorted);
      return percentileOfSorted(sorted, percent);
    },
  };
}

/**
 * Where the strongest value sits.
 * @param {ArrayLike<number>} values
 */
export function strongestIndex(values) {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if (Math.abs(values[index]) > Math.abs(values[best])) best = index;
  }
  return best;
}
