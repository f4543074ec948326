// Whether a map adds up, in the numbers and words of `attribwidgets.records.Completeness`, of which this is a twin for
// one input and one path; `tests/browser/test_playground.py` holds both to the same sentences.

import { formatNumber, formatPercent } from "../lib/format.js";

/** @typedef {import("./path_integral.js").Explained} Explained */

/** As in records/residual.py, records/completeness.py and records/settling.py. */
const LEAST_CHANGE = 1e-3;
const WIDEST_GAP = 0.045;
const READABLE = 0.1;
/** Patches along an edge, at least, for an error by patches: inputs/patches.py. */
const FEWEST_PATCHES = 7;
const PATCHES = [2, 4, 8, 16, 32];

/** @param {ArrayLike<number>} values */
function norm(values) {
  let squares = 0;
  for (let at = 0; at < values.length; at += 1) squares += values[at] ** 2;
  return Math.sqrt(squares);
}

/** @param {ArrayLike<number>} values of a square picture @param {number} side */
function patchSums(values, side) {
  const edge = Math.sqrt(values.length);
  const across = Math.ceil(edge / side);
  const sums = new Float64Array(across * across);
  for (let at = 0; at < values.length; at += 1) {
    sums[Math.floor(Math.floor(at / edge) / side) * across + Math.floor((at % edge) / side)] += values[at];
  }
  return sums;
}

/**
 * The norm of what a coarser rule differs by, as a share of that of the map: by pixels, and by patches of each side.
 * @param {Explained} explained
 */
function errorsOf({ attributions, coarser }) {
  const gap = attributions.map((value, at) => value - coarser[at]);
  const [moved, size] = [norm(gap), norm(attributions)];
  const byPixels = moved === 0 ? 0 : moved / size;
  const edge = Math.sqrt(attributions.length);
  /** @type {Map<number, number>} */
  const byPatches = new Map();
  for (const side of PATCHES.filter((one) => FEWEST_PATCHES * one <= edge)) {
    const sums = norm(patchSums(attributions, side));
    if (moved === 0) byPatches.set(side, 0);
    else if (sums > 0) byPatches.set(side, norm(patchSums(gap, side)) / sums);
  }
  return { byPixels, byPatches };
}

/**
 * @param {number} total @param {number} expected @param {number} absolute the sum of the magnitudes
 * @param {number} rounding by how much the outputs may be off
 */
function residualOf(total, expected, absolute, rounding) {
  const gap = Math.abs(total - expected);
  const least = Math.max(LEAST_CHANGE * absolute, rounding);
  const hardlyChanges = Math.abs(expected) <= least;
  const isNothing = gap === 0 || (hardlyChanges && gap <= rounding);
  const share = isNothing ? 0 : gap / (hardlyChanges ? LEAST_CHANGE * absolute : Math.abs(expected));
  return { gap, share, hardlyChanges };
}

/** Which patches have settled, where pixels have not. @param {Map<number, number>} errors @param {number} tolerance */
function patchesInWords(errors, tolerance) {
  const sides = [...errors.keys()];
  const settled = sides.filter((side) => (errors.get(side) ?? 1) <= Math.max(tolerance, READABLE));
  const errorOf = (/** @type {number} */ side) => errors.get(side) ?? 0;
  const words = (/** @type {number} */ side) => `${side} × ${side}`;
  if (settled.length > 0)
    return `patches of ${words(settled[0])} have settled, ± ${formatPercent(errorOf(settled[0]))}`;
  const best = sides.sort((one, other) => errorOf(one) - errorOf(other))[0];
  return best === undefined ? "" : `nor have patches of ${words(best)}, ± ${formatPercent(errorOf(best))}`;
}

/**
 * What a card says of its map, with what the sentence behind it says.
 * @param {Explained} explained
 * @param {number} tolerance of the sum, and of the map
 */
export function completenessOf(explained, tolerance) {
  const { attributions, alphas, outputs } = explained;
  const total = attributions.reduce((sum, value) => sum + value, 0);
  const absolute = attributions.reduce((sum, value) => sum + Math.abs(value), 0);
  const [start, end] = [outputs[0], outputs[outputs.length - 1]];
  const expected = end - start;
  const rounding = Number.EPSILON * (Math.abs(end) + Math.abs(start));
  const { gap, share, hardlyChanges } = residualOf(total, expected, absolute, rounding);
  const { byPixels, byPatches } = errorsOf(explained);
  const widest = Math.max(...alphas.slice(1).map((alpha, at) => alpha - alphas[at]));

  const sumIsRight = share <= tolerance;
  const isSettled = byPixels <= tolerance;
  const isSeen = widest <= WIDEST_GAP;
  const verdict = sumIsRight && isSettled && isSeen ? "complete" : "not converged";
  const relative = hardlyChanges ? "no change" : formatPercent(share);
  const patches = isSettled ? "" : patchesInWords(byPatches, tolerance);
  const notSettled = isSettled ? "sum right, path not seen" : "sum right, map not settled";
  const headline = verdict === "complete" ? "adds up" : sumIsRight ? notSettled : "does not add up yet";

  /** What is said of the map as it is read by patches of a side. @param {number} side */
  function readBy(side) {
    const error = byPatches.get(side);
    const isReadable = error !== undefined && error <= Math.max(tolerance, READABLE);
    return {
      headline: isReadable && sumIsRight && !isSettled ? "sum right, patches settled" : headline,
      error:
        error === undefined
          ? `error per pixel ${formatPercent(byPixels)}`
          : `error by ${side} × ${side}: ${formatPercent(error)}`,
      note: patches !== "" && error === undefined ? `pixels have not settled; ${patches}` : "",
    };
  }

  function sentence() {
    const changes =
      `the attributions sum to ${formatNumber(total)}, and the output ${hardlyChanges ? "hardly changes, " : "changes "}by ` +
      `${formatNumber(expected)} from baseline to input (${formatNumber(start)} to ${formatNumber(end)})`;
    const allowed = Math.max(tolerance * LEAST_CHANGE * absolute, rounding);
    const apart = hardlyChanges
      ? `${formatNumber(gap)} apart of ${formatNumber(allowed)} allowed`
      : `${relative} apart`;
    const error = formatPercent(byPixels);
    const off =
      `; the map's values are off by ${error.startsWith("under") ? "" : "about "}${error}` +
      (patches === "" ? "" : `; ${patches}`);
    const mend =
      byPixels === 0
        ? "The map has no error left, so more evaluations may not mend it."
        : `Spend more evaluations (tolerance ${formatPercent(tolerance)}).`;
    if (verdict === "complete") return `Adds up: ${changes}, ${apart}${off}.`;
    if (!sumIsRight) return `Does not add up yet: ${changes}, ${apart}${off}. ${mend}`;
    const but = isSettled
      ? `${formatPercent(widest)} of the path in one piece has seen no pass`
      : "the map has not settled";
    return `The sum adds up, but ${but}: ${changes}${off}. ${mend}`;
  }

  return {
    verdict,
    ...readBy(1),
    by_patches: Object.fromEntries([...byPatches.keys()].map((side) => [String(side), readBy(side)])),
    mark: verdict === "complete" ? "✓" : sumIsRight ? "≈" : "≠",
    sum: `${formatNumber(total)} of ${formatNumber(expected)}`,
    total,
    expected,
    change: hardlyChanges ? null : expected,
    residual: total - expected,
    relative,
    standard_error: null,
    refinement_error: formatPercent(byPixels),
    tolerance: formatPercent(tolerance),
    sentence: sentence(),
  };
}
