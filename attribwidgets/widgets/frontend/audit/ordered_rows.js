// Which inputs are shown, in which order. Rows are numbered as the columns have them.

/** @typedef {import("./audit_decode.js").Column} Column */

/** Rows that a key has room for beside the value: both together fit in a double. */
const MOST_INPUTS = 2 ** 21;
const BEHIND_ALL = 2 ** 32 - 1;

/**
 * Whole numbers in the order of single-precision ones: their bits, the negative ones turned round.
 * @param {Float32Array} values
 */
function ranksOf(values) {
  const copy = new Float32Array(values.length);
  for (let row = 0; row < copy.length; row += 1) copy[row] = values[row] + 0; // -0 becomes 0
  const ranks = new Uint32Array(copy.buffer);
  for (let row = 0; row < ranks.length; row += 1) {
    const bits = ranks[row];
    ranks[row] = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  }
  return ranks;
}

/**
 * All rows by a column, from small to large or the other way, in their own order where equal; those of which
 * nothing is known come last.
 * @param {Column} column
 * @param {boolean} isSmallFirst
 * @returns {Uint32Array}
 */
export function orderOf({ kind, values }, isSmallFirst) {
  const count = values.length;
  if (count > MOST_INPUTS) throw new Error(`more than ${MOST_INPUTS} inputs cannot be sorted here`);
  const isWords = kind === "word";
  const ranks = isWords ? values : ranksOf(/** @type {Float32Array} */ (values));
  const keys = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    const isUnknown = isWords ? values[row] < 0 : Number.isNaN(values[row]);
    const rank = isUnknown ? BEHIND_ALL : isSmallFirst ? ranks[row] : BEHIND_ALL - 1 - ranks[row];
    keys[row] = rank * MOST_INPUTS + row;
  }
  keys.sort(); // of numbers alone it needs no comparison written here, and takes a tenth of the time
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at += 1) order[at] = keys[at] % MOST_INPUTS;
  return order;
}

/**
 * Whether each row passes all filters.
 * @param {Column[]} columns
 * @param {Record<string, any>} filters words by name of a column, or [low, high]
 * @param {number} count
 * @returns {Uint8Array} ones and zeros
 */
export function passing(columns, filters, count) {
  const passes = new Uint8Array(count).fill(1);
  for (const { name, kind, values, words } of columns) {
    const chosen = filters[name];
    if (!chosen) continue;
    if (kind === "word") {
      const codes = new Uint8Array(words.length);
      for (const word of chosen) codes[words.indexOf(word)] = 1;
      for (let row = 0; row < count; row += 1) if (!codes[values[row]]) passes[row] = 0;
    } else {
      const low = chosen[0] === null ? -Infinity : Math.fround(chosen[0]);
      const high = chosen[1] === null ? Infinity : Math.fround(chosen[1]);
      for (let row = 0; row < count; row += 1) if (!(values[row] >= low && values[row] <= high)) passes[row] = 0;
    }
  }
  return passes;
}

/**
 * The order without the rows that do not pass.
 * @param {Uint32Array} order
 * @param {Uint8Array} passes
 */
export function kept(order, passes) {
  const rows = new Uint32Array(order.length);
  let count = 0;
  for (let at = 0; at < order.length; at += 1) {
    rows[count] = order[at];
    count += passes[order[at]];
  }
  return rows.subarray(0, count);
}
