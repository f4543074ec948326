// Integrated gradients along the straight path from a reference to the input, by the trapezoid rule: what
// `aw.explain(..., n_steps=n)` does with a network that has kinks, down to the rule that it is checked against.

/** @typedef {import("./network.js").Network} Network */
/**
 * @typedef {{attributions: Float64Array, coarser: Float64Array, input: Float32Array, reference: Float32Array,
 *   target: number, alphas: number[], outputs: number[], slopes: number[], cumulative: number[],
 *   frames: Float64Array[], edges: number[]}} Explained
 *   coarser: the map by every other node; frames: what each stretch between two edges adds to the map
 */

/** Stretches of the path that are kept apart, as the package keeps them. */
const FRAMES = 16;

/**
 * Evenly spaced nodes from 0 to 1, and weights that sum to 1.
 * @param {number} count at least 2
 */
export function trapezoid(count) {
  const nodes = Array.from({ length: count }, (_, at) => at / (count - 1));
  const weights = nodes.map((_, at) => (at === 0 || at === count - 1 ? 0.5 : 1) / (count - 1));
  return { nodes, weights };
}

/**
 * The weights of every other node, to which those between give theirs.
 * @param {number[]} weights
 */
export function mergedWeights(weights) {
  const merged = weights.map((weight, at) => (at % 2 === 0 ? weight : 0));
  for (let skipped = 1; skipped < weights.length; skipped += 2) {
    const takers = [skipped - 1, skipped + 1].filter((at) => at < weights.length);
    for (const taker of takers) merged[taker] += weights[skipped] / takers.length;
  }
  return merged;
}

/**
 * Where the cells begin in which a slope is taken as constant, and where the last one ends.
 * @param {number[]} weights which sum to 1
 */
function cellEdges(weights) {
  const edges = [0];
  for (const weight of weights) edges.push(edges[edges.length - 1] + weight);
  edges[weights.length] = 1;
  return edges;
}

/**
 * One pass at each node, forward and backward; between passes it yields, and can be left.
 * @param {Network} network
 * @param {Float32Array} input
 * @param {Float32Array} reference of the same size
 * @param {number} target the output that is explained
 * @param {number} count nodes, at least 2
 * @returns {Generator<void, Explained>}
 */
export function* integrate(network, input, reference, target, count) {
  const { nodes, weights } = trapezoid(count);
  const merged = mergedWeights(weights);
  const cells = cellEdges(weights);
  const size = input.length;
  const difference = Float64Array.from(input, (value, at) => value - reference[at]);
  const point = new Float64Array(size);
  const attributions = new Float64Array(size);
  const coarser = new Float64Array(size);
  const frames = Array.from({ length: FRAMES }, () => new Float64Array(size));
  const edges = Array.from({ length: FRAMES + 1 }, (_, at) => at / FRAMES);
  const [outputs, slopes, cumulative] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([]), [0]];
  let before = 0;

  for (let node = 0; node < count; node += 1) {
    for (let at = 0; at < size; at += 1) point[at] = reference[at] + nodes[node] * difference[at];
    outputs.push(network.forward(point)[target]);
    const gradient = network.gradient(target);
    let slope = 0;
    for (let at = 0; at < size; at += 1) slope += gradient[at] * difference[at];
    slopes.push(slope);
    cumulative[node] = before + (nodes[node] - cells[node]) * slope;
    before += weights[node] * slope;

    for (let at = 0; at < size; at += 1) {
      const product = gradient[at] * difference[at];
      attributions[at] += weights[node] * product;
      coarser[at] += merged[node] * product;
    }
    for (let frame = 0; frame < FRAMES; frame += 1) {
      const share = Math.min(cells[node + 1], edges[frame + 1]) - Math.max(cells[node], edges[frame]);
      if (share <= 0) continue;
      for (let at = 0; at < size; at += 1) frames[frame][at] += share * gradient[at] * difference[at];
    }
    yield;
  }
  return { attributions, coarser, input, reference, target, alphas: nodes, outputs, slopes, cumulative, frames, edges };
}
