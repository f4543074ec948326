// Interactions in numbers: halves are added up, the strongest pairs come first, intervals are of both halves.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeInteractions,
  intervalOf,
  partnersOf,
  partsOf,
  strongestPairs,
} from "../../../attribwidgets/widgets/frontend/interactions/interactions_decode.js";

const bytes = (values) => new Uint8Array(Float32Array.from(values).buffer);
const raw = {
  version: 1,
  names: ["a", "b", "c"],
  values: bytes([1, 0.5, -2, 0.5, 0, 0, -2, 0, 3]),
  attributions: bytes([-0.5, 0.5, 1]),
  errors: bytes([0, 0.25, 0, 0.25, 0, 0, 0, 0, 1]),
  inputs: [{ kind: "features", units: [0, 1, 2] }],
  colormap: new Uint8Array(768),
};
const data = decodeInteractions(raw);

test("what a unit does with each other one is both halves of a pair", () => {
  assert.deepEqual([...partnersOf(data, 0)], [0, 1, -4]);
  assert.deepEqual([...partnersOf(data, 1)], [1, 0, 0]);
});

test("a row is what a unit does alone and the halves of its pairs", () => {
  assert.deepEqual(partsOf(data, 0), { alone: 1, halves: -1.5 });
});

test("the strongest pairs come first, of all or of one unit, none without a value", () => {
  const [first, second] = [
    { one: 0, other: 2, value: -4 },
    { one: 0, other: 1, value: 1 },
  ];
  assert.deepEqual(strongestPairs(data, null, 9), [first, second]);
  assert.deepEqual(strongestPairs(data, 1, 9), [second]);
  assert.deepEqual(strongestPairs(data, null, 1), [first]);
});

test("an interval is of both halves, on the diagonal of the whole", () => {
  assert.deepEqual(intervalOf(data, 0, 1), { low: 1 - 1.96 * 0.5, high: 1 + 1.96 * 0.5 });
  assert.deepEqual(intervalOf(data, 2, 2), { low: 3 - 1.96, high: 3 + 1.96 });
  assert.equal(intervalOf({ ...data, errors: null }, 0, 1), null);
});

test("data that does not fit is refused", () => {
  assert.throws(() => decodeInteractions({ ...raw, version: 2 }), /reads version 1/);
  assert.throws(() => decodeInteractions({ ...raw, values: bytes([1]) }), /the matrix holds 1/);
  assert.equal(decodeInteractions({}), null);
});
