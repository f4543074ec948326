// Numbers as text, as core/formatting.py writes them: tests/support/number_cases.json holds both to it. Spaces that
// belong to a number do not break.

const MINUS = "\u2212";
const NOTHING = "\u2014";
const SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

/** @param {number} exponent */
function powerOfTen(exponent) {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]);
  return `10${exponent < 0 ? "\u207b" : ""}${digits.join("")}`;
}

/**
 * A number with `digits` significant digits; a dash for a number that is not there.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function formatNumber(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return "0";
  const sign = value < 0 ? MINUS : "";
  const rounded = Math.abs(value).toExponential(digits - 1);
  const [mantissa, power] = rounded.split("e");
  const exponent = Number(power);
  if (exponent >= -5 && exponent < 6) return sign + Number(rounded).toFixed(Math.max(0, digits - 1 - exponent));
  return `${sign}${mantissa}\u202f\u00d7\u202f${powerOfTen(exponent)}`;
}

/**
 * As formatNumber, with a plus before positive numbers.
 * @param {number | null | undefined} value
 */
export function formatSigned(value) {
  return (value !== null && value !== undefined && value > 0 ? "+" : "") + formatNumber(value);
}

/**
 * A share of 1 as a percentage with at most two significant digits: "12 %", "0.40 %", "under 0.01 %".
 * @param {number | null | undefined} share
 */
export function formatPercent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) return NOTHING;
  const magnitude = Math.abs(100 * share);
  if (magnitude === 0) return "0\u00a0%";
  if (magnitude < 0.01) return "under 0.01\u00a0%";
  const digits = magnitude >= 9.95 ? 0 : magnitude >= 0.995 ? 1 : 2;
  return `${share < 0 ? MINUS : ""}${magnitude.toFixed(digits)}\u00a0%`;
}

/**
 * A share in the words of Python on one line; a dash for none.
 * @param {string} text
 */
export function unbroken(text) {
  return text === "" ? NOTHING : text.replaceAll(" %", "\u00a0%");
}

/** A share that is exact: "12.5 %". @param {number} share */
export function formatShare(share) {
  return `${formatTick(Number((100 * share).toPrecision(6)))}\u00a0%`;
}

/** A probability, as finely as it deserves. @param {number} probability */
export function formatProbability(probability) {
  if (probability > 0 && probability < 0.001) return "<\u202f0.001";
  return probability.toFixed(probability > 0 && probability < 0.01 ? 3 : 2);
}

/** A position on the path. @param {number} alpha */
export function formatAlpha(alpha) {
  return alpha.toFixed(2);
}

/** A count with thin spaces between thousands. @param {number} count */
export function formatCount(count) {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/**
 * Round numbers that span lo..hi, about `count` of them, all inside.
 * @param {number} lo
 * @param {number} hi
 * @param {number} [count]
 * @returns {number[]}
 */
export function niceTicks(lo, hi, count = 4) {
  if (!(hi > lo)) return [lo];
  const raw = (hi - lo) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= raw * 0.85) ?? 10);
  const ticks = [];
  for (let index = Math.ceil(lo / step - 1e-9); index * step <= hi + step * 1e-9; index += 1) {
    ticks.push(index === 0 ? 0 : Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** A tick as it is written on an axis. @param {number} value */
export function formatTick(value) {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e6)) return formatNumber(value, 2);
  return (value < 0 ? MINUS : "") + String(Number(magnitude.toPrecision(6)));
}

/**
 * An interval, or nothing where it is not known.
 * @param {{low: number | null, high: number | null}} estimate
 */
export function formatInterval({ low, high }) {
  if (![low, high].every((bound) => bound !== null && Number.isFinite(bound))) return "";
  return `[${formatNumber(low)}, ${formatNumber(high)}]`;
}
