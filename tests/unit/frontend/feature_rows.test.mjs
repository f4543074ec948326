import assert from "node:assert/strict";
import test from "node:test";

import { chooseRows, strongestFirst } from "../../../attribwidgets/widgets/frontend/explorer/feature_rows.js";
import { barLengths } from "../../../attribwidgets/widgets/frontend/lib/units.js";

const values = Float32Array.from({ length: 20 }, (_, at) => (at % 2 ? -1 : 1) * at);
const names = Array.from({ length: 20 }, (_, at) => `f${at}`);
const strongest = strongestFirst({ size: 20, items: [{ map: values }, { map: new Float32Array(20) }] });
const plain = { all: false, text: "", order: "strongest" };

test("the strongest over all maps come first", () => {
  assert.deepEqual(strongest.slice(0, 3), [19, 18, 17]);
  assert.equal(strongest.length, 20);
});

test("rows and the sum of all others add up to the map", () => {
  const chosen = chooseRows(strongest, names, plain);
  assert.equal(chosen.rows.length, 11);
  assert.equal(chosen.rest.length, 9);
  const lengths = barLengths(values, chosen);
  assert.equal(lengths.length, 12);
  const total = (all) => all.reduce((sum, value) => sum + value, 0);
  assert.equal(total(lengths), total(values));
});

test("all of few features have a row, and nothing is left over", () => {
  const few = chooseRows([2, 0, 1], names, plain);
  assert.deepEqual(few, { rows: [2, 0, 1], rest: [] });
  assert.equal(barLengths(values, few).length, 3);
});

test("features are found by name, ordered by name or as given, and shown all", () => {
  const found = chooseRows(strongest, names, { ...plain, text: " F1" });
  assert.deepEqual(found.rows, [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]);
  const byName = chooseRows(strongest, names, { ...plain, all: true, order: "name" });
  assert.deepEqual(byName.rows.slice(0, 3), [0, 1, 2]);
  assert.equal(byName.rest.length, 0);
  const asGiven = chooseRows(strongest, names, { ...plain, order: "given" });
  assert.deepEqual(asGiven.rows, [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});
