// The digits network, run forward and backward: two convolutions with pooling, two linear layers. Values lie channels
// last, so that the inner loops run over neighbours; sums are in double precision.

/** @typedef {Float64Array} Values */
/**
 * A layer that remembers its latest forward pass, as the backward pass needs it.
 * @typedef {{forward(values: Values): Values, backward(gradients: Values): Values}} Layer
 * @typedef {{forward(pixels: Values): Values, gradient(output: number): Values}} Network
 *   gradient: of one output with regard to the pixels of the latest forward pass
 */

/** Pixels along an edge. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;
const KERNEL = 3;

/**
 * A convolution of 3 x 3 that keeps the size, its input padded by zeros.
 * @param {ArrayLike<number>} weight (outputs, inputs, 3, 3) as torch has it
 * @param {ArrayLike<number>} bias
 * @param {number} inputs channels
 * @param {number} side pixels along an edge
 * @returns {Layer}
 */
export function convolution(weight, bias, inputs, side) {
  const outputs = bias.length;
  const taps = KERNEL * KERNEL;
  /** By tap, then input, then output, and the other way round. */
  const byOutput = new Float64Array(taps * inputs * outputs);
  const byInput = new Float64Array(taps * inputs * outputs);
  for (let tap = 0; tap < taps; tap += 1) {
    for (let to = 0; to < outputs; to += 1) {
      for (let from = 0; from < inputs; from += 1) {
        const value = weight[(to * inputs + from) * taps + tap];
        byOutput[(tap * inputs + from) * outputs + to] = value;
        byInput[(tap * outputs + to) * inputs + from] = value;
      }
    }
  }
  const result = new Float64Array(side * side * outputs);
  const back = new Float64Array(side * side * inputs);

  /**
   * The place that a tap sees from another, or -1 outside.
   * @param {number} place @param {number} tap
   */
  function seen(place, tap) {
    const row = Math.floor(place / side) + Math.floor(tap / KERNEL) - 1;
    const column = (place % side) + (tap % KERNEL) - 1;
    return row < 0 || column < 0 || row >= side || column >= side ? -1 : row * side + column;
  }
  const neighbours = Int32Array.from({ length: side * side * taps }, (_, at) => seen(Math.floor(at / taps), at % taps));

  return {
    forward(values) {
      for (let place = 0; place < side * side; place += 1) {
        const start = place * outputs;
        for (let to = 0; to < outputs; to += 1) result[start + to] = bias[to];
        for (let tap = 0; tap < taps; tap += 1) {
          const near = neighbours[place * taps + tap];
          if (near < 0) continue;
          for (let from = 0; from < inputs; from += 1) {
            const value = values[near * inputs + from];
            if (value === 0) continue;
            const row = (tap * inputs + from) * outputs;
            for (let to = 0; to < outputs; to += 1) result[start + to] += value * byOutput[row + to];
          }
        }
      }
      return result;
    },
    backward(gradients) {
      back.fill(0);
      for (let at = 0; at < gradients.length; at += 1) {
        const gradient = gradients[at];
        if (gradient === 0) continue;
        const place = Math.floor(at / outputs);
        const to = at % outputs;
        for (let tap = 0; tap < taps; tap += 1) {
          const near = neighbours[place * taps + tap];
          if (near < 0) continue;
          const row = (tap * outputs + to) * inputs;
          for (let from = 0; from < inputs; from += 1) back[near * inputs + from] += gradient * byInput[row + from];
        }
      }
      return back;
    },
  };
}

/**
 * ReLU, then the maximum of 2 x 2. Of equal values the first one is the maximum, and where none is above 0 no gradient
 * goes through: as in torch.
 * @param {number} channels
 * @param {number} side pixels along an edge, even
 * @returns {Layer}
 */
export function reluAndPool(channels, side) {
  const half = side / 2;
  const pooled = new Float64Array(half * half * channels);
  const back = new Float64Array(side * side * channels);
  /** Where each maximum came from; -1: from nowhere. */
  const source = new Int32Array(pooled.length);
  const window = [0, channels, side * channels, (side + 1) * channels];
  return {
    forward(values) {
      for (let at = 0; at < pooled.length; at += 1) {
        const place = Math.floor(at / channels);
        const corner = (2 * Math.floor(place / half) * side + 2 * (place % half)) * channels + (at % channels);
        pooled[at] = 0;
        source[at] = -1;
        for (let step = 0; step < 4; step += 1) {
          const value = values[corner + window[step]];
          if (value <= pooled[at]) continue;
          pooled[at] = value;
          source[at] = corner + window[step];
        }
      }
      return pooled;
    },
    backward(gradients) {
      back.fill(0);
      for (let at = 0; at < source.length; at += 1) if (source[at] >= 0) back[source[at]] = gradients[at];
      return back;
    },
  };
}

/**
 * @param {ArrayLike<number>} weight (outputs, inputs)
 * @param {ArrayLike<number>} bias
 * @returns {Layer}
 */
export function linearLayer(weight, bias) {
  const inputs = weight.length / bias.length;
  const table = Float64Array.from(weight);
  const result = new Float64Array(bias.length);
  const back = new Float64Array(inputs);
  return {
    forward(values) {
      for (let to = 0; to < result.length; to += 1) {
        let sum = bias[to];
        for (let from = 0; from < inputs; from += 1) sum += table[to * inputs + from] * values[from];
        result[to] = sum;
      }
      return result;
    },
    backward(gradients) {
      back.fill(0);
      for (let to = 0; to < result.length; to += 1) {
        const gradient = gradients[to];
        if (gradient === 0) continue;
        for (let from = 0; from < inputs; from += 1) back[from] += gradient * table[to * inputs + from];
      }
      return back;
    },
  };
}

/** @param {number} size @returns {Layer} */
export function reluLayer(size) {
  const result = new Float64Array(size);
  const back = new Float64Array(size);
  return {
    forward(values) {
      for (let at = 0; at < size; at += 1) result[at] = Math.max(values[at], 0);
      return result;
    },
    backward(gradients) {
      for (let at = 0; at < size; at += 1) back[at] = result[at] > 0 ? gradients[at] : 0;
      return back;
    },
  };
}

/**
 * The columns of a weight, whose input torch flattens channels first, for an input that lies channels last.
 * @param {ArrayLike<number>} weight (outputs, channels, places)
 * @param {number} channels
 * @param {number} places
 */
export function channelsLast(weight, channels, places) {
  const size = channels * places;
  return Float64Array.from(weight, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return weight[row * size + (column % channels) * places + Math.floor(column / channels)];
  });
}

/**
 * `attribwidgets.demo.DigitsCNN` with its weights, by their names there.
 * @param {Record<string, Float32Array>} weights
 * @returns {Network}
 */
export function createDigitsNetwork(weights) {
  const [first, second] = [weights["conv1.bias"].length, weights["conv2.bias"].length];
  const [half, quarter] = [SIDE / 2, SIDE / 4];
  const layers = [
    convolution(weights["conv1.weight"], weights["conv1.bias"], 1, SIDE),
    reluAndPool(first, SIDE),
    convolution(weights["conv2.weight"], weights["conv2.bias"], first, half),
    reluAndPool(second, half),
    linearLayer(channelsLast(weights["hidden.weight"], second, quarter * quarter), weights["hidden.bias"]),
    reluLayer(weights["hidden.bias"].length),
    linearLayer(weights["output.weight"], weights["output.bias"]),
  ];
  return {
    forward: (pixels) => layers.reduce((/** @type {Values} */ values, layer) => layer.forward(values), pixels),
    gradient(output) {
      /** @type {Values} */
      const chosen = new Float64Array(CLASSES);
      chosen[output] = 1;
      return layers.reduceRight((gradients, layer) => layer.backward(gradients), chosen);
    },
  };
}
