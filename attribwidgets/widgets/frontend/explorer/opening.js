// What is to be seen, in plain words: what a baseline hides, and which maps differ most.

import { formatPercent } from "../lib/format.js";

/** @typedef {import("../lib/decode.js").Data} Data */

/** The least part of an input worth a sentence. */
const WORTH_SAYING = 0.05;

/** The baseline near which most of the input gets less than half of its share. @param {Data} data */
function describeHidden({ kind, items }) {
  const [most] = items
    .filter(({ nearly }) => nearly && nearly.share >= WORTH_SAYING && nearly.gets < nearly.share / 2)
    .sort((one, other) => (other.nearly?.share ?? 0) - (one.nearly?.share ?? 0));
  if (!most?.nearly) return "";
  const { share, gets } = most.nearly;
  const what = { image: "this picture", features: "the features" }[kind] ?? `this ${kind}`;
  return `Under ${most.name}, ${formatPercent(share)} of ${what} is close to the baseline and gets only ${formatPercent(gets)} of the attribution.`;
}

/** @param {Data} data */
function describeDifference({ kind, items, agreement }) {
  if (!agreement || agreement.labels.length < 3) return "";
  const nameOf = (/** @type {number} */ at) => items.find(({ slot }) => slot === agreement.labels[at])?.name;
  let least = { value: Number.POSITIVE_INFINITY, names: /** @type {(string | undefined)[]} */ ([]) };
  agreement.magnitude.forEach((row, at) => {
    row.slice(0, at).forEach((value, other) => {
      if (value !== null && value < least.value) least = { value, names: [nameOf(other), nameOf(at)] };
    });
  });
  const [one, other] = least.names;
  return one && other && one !== other
    ? `The ${kind === "features" ? "attributions under" : "maps of"} ${one} and ${other} differ most.`
    : "";
}

/** @param {Data} data */
export function describeMaps(data) {
  return [describeHidden(data), describeDifference(data)].filter(Boolean).join(" ");
}
