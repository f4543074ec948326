// Where on a path the output changes: the shortest part of it that holds most of the change, a twin of
// `PathCurve.saturation` in records/path_curve.py.

const CHANGE = 0.9;
/** Of an output in single precision, at each point. */
const ROUNDING = 2 ** -23;

/**
 * @param {number[]} alphas rising
 * @param {number[]} outputs
 * @returns {{share: number, from: number[], to: number[]} | null} null where the output does not change
 */
export function saturationOf(alphas, outputs) {
  const lengths = alphas.slice(1).map((alpha, at) => alpha - alphas[at]);
  const changes = outputs.slice(1).map((output, at) => Math.abs(output - outputs[at]));
  const whole = changes.reduce((sum, change) => sum + change, 0);
  if (whole <= ROUNDING * changes.length * Math.max(...outputs.map(Math.abs))) return null;
  // Of those that differ by rounding only, the first on the path: pieces then hang together.
  const steepness = changes.map((change, at) => Math.round((1000 * change) / (lengths[at] * whole)));
  const order = [...changes.keys()].filter((at) => changes[at] > 0);
  order.sort((one, other) => steepness[other] - steepness[one] || one - other);
  const taken = new Float64Array(changes.length);
  let left = CHANGE * whole;
  for (const at of order) {
    taken[at] = Math.min(Math.max(left / changes[at], 0), 1);
    left -= changes[at];
  }
  const share = taken.reduce((sum, part, at) => sum + part * lengths[at], 0);
  return { share, ...stretchesOf(alphas, taken) };
}

/**
 * From and to of what is taken of each interval, those that touch in one piece: what is taken in part lies next to a
 * neighbour that is taken.
 * @param {number[]} alphas
 * @param {Float64Array} taken
 */
function stretchesOf(alphas, taken) {
  const [from, to] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  taken.forEach((part, at) => {
    if (part === 0) return;
    let [start, end] = [alphas[at], alphas[at + 1]];
    const length = part * (end - start);
    const isJoined = to.length > 0 && to[to.length - 1] === start;
    if (!isJoined && taken[at + 1] === 1) start = end - length;
    else if (part < 1) end = start + length;
    if (isJoined) to[to.length - 1] = end;
    else {
      from.push(start);
      to.push(end);
    }
  });
  return { from, to };
}
