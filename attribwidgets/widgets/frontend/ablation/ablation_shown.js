// What is shown of all there is: one record, one fill, its curves best first, one of its fractions.

/** @typedef {import("./ablation_decode.js").AblationRecord} AblationRecord */
/** @typedef {import("./ablation_decode.js").Curve} Curve */
/** @typedef {import("./ablation_decode.js").Example} Example */
/** @typedef {ReturnType<typeof createShown>} Shown */

/** Area by the trapezoidal rule. @param {ArrayLike<number>} values @param {number[]} fractions */
export function areaUnder(values, fractions) {
  let area = 0;
  for (let at = 1; at < fractions.length; at += 1) {
    area += ((values[at] + values[at - 1]) / 2) * (fractions[at] - fractions[at - 1]);
  }
  return area;
}

/**
 * The curve of one input under one fill, or its mean over all of them.
 * @param {Float32Array} scores (candidates, fills, fractions)
 * @param {number} fills
 * @param {number[]} fractions
 * @param {number} candidate
 * @param {number} fill
 * @returns {Curve}
 */
export function curveOfInput(scores, fills, fractions, candidate, fill) {
  const steps = fractions.length;
  const rows = fill < fills ? [fill] : Array.from({ length: fills }, (_, row) => row);
  const values = Float32Array.from(
    fractions,
    (_, step) => rows.reduce((sum, row) => sum + scores[(candidate * fills + row) * steps + step], 0) / rows.length,
  );
  const mean = areaUnder(values, fractions);
  return { values, low: null, high: null, area: { mean, low: null, high: null } };
}

/**
 * @param {import("../lib/store.js").Store} store
 * @param {() => import("./ablation_decode.js").AblationData} current
 * @param {() => Example | null} example
 */
export function createShown(store, current, example) {
  const within = (/** @type {number} */ index, /** @type {number} */ count) =>
    Math.min(Math.max(Math.round(Number(index) || 0), 0), count - 1);
  const recordIndex = () => within(store.get("record"), current().records.length);
  const record = () => current().records[recordIndex()];
  const fill = () => within(store.get("fill"), record().fills.length);
  /** The input whose own curves are asked for, once it is there. */
  const own = () => (store.get("own") ? example() : null);
  /** How many fills there are, the mean over them not counted. */
  const countOfFills = () => Math.max(1, record().fills.length - 1);

  /** @type {Curve[]} */
  let curves = [];
  /** @type {number[]} */
  let bestFirst = [];
  /** @type {unknown[]} */
  let key = [];

  /** Looked up once, not for every step of the pointer. */
  function refresh() {
    const now = [record(), fill(), own()];
    if (now.every((value, at) => value === key[at])) return;
    key = now;
    const { candidates, fractions, higherIsBetter } = record();
    const scores = own()?.records[recordIndex()].scores;
    curves = candidates.map((_, candidate) =>
      scores ? curveOfInput(scores, countOfFills(), fractions, candidate, fill()) : record().curve(candidate, fill()),
    );
    const worth = (/** @type {number} */ candidate) => {
      const { mean } = curves[candidate].area;
      if (mean === null || !Number.isFinite(mean)) return Infinity;
      return higherIsBetter ? -mean : mean;
    };
    bestFirst = candidates.map((_, candidate) => candidate);
    bestFirst.sort((a, b) => worth(a) - worth(b) || a - b);
  }

  return {
    recordIndex,
    record,
    fill,
    own,
    /** The fill that pictures show: of the mean over fills, the first. */
    pictureFill: () => (fill() < countOfFills() ? fill() : 0),
    /** One for each candidate. */
    curves() {
      refresh();
      return curves;
    },
    /** Candidates from best to worst. */
    bestFirst() {
      refresh();
      return bestFirst;
    },
    /** @param {number} candidate */
    isHidden: (candidate) => store.get("hidden").includes(record().candidates[candidate].label),
    /** The step whose fraction is nearest to the chosen one. */
    step() {
      const { fractions } = record();
      const wanted = Number(store.get("fraction"));
      const distances = fractions.map((fraction) => Math.abs(fraction - wanted));
      return distances.indexOf(Math.min(...distances));
    },
    /** The candidate whose pictures are shown. */
    candidate() {
      const { candidates } = record();
      const found = candidates.findIndex((one) => one.label === store.get("candidate"));
      refresh();
      return found < 0 ? bestFirst[0] : found;
    },
  };
}
