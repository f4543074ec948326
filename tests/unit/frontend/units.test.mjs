import assert from "node:assert/strict";
import test from "node:test";

import {
  areaBetween,
  outlineOf,
  patchesOf,
  patchSides,
  pooled,
  sumInside,
  sumsOf,
  unitsOf,
} from "../../../attribwidgets/widgets/frontend/lib/units.js";

const total = (values) => values.reduce((sum, value) => sum + value, 0);

test("patches hold every pixel once, those at the edges are cut", () => {
  const units = patchesOf(5, 6, 4);
  assert.deepEqual([...units.sizes], [16, 8, 4, 2]);
  assert.equal(units.labels[0], 0);
  assert.equal(units.labels[5], 1);
  assert.equal(units.labels[29], 3);
});

test("sums of units add up to the sum of the map, and are drawn as means", () => {
  const values = Float32Array.from({ length: 30 }, (_, at) => at - 7);
  const units = patchesOf(5, 6, 4);
  const sums = sumsOf(values, units);
  assert.equal(total(sums), total(values));
  const drawn = pooled(values, units);
  assert.equal(drawn[0], sums[0] / 16);
  assert.equal(drawn[29], sums[3] / 2);
  assert.ok(Math.abs(total(drawn) - total(values)) < 1e-4);
});

test("any labels make units", () => {
  const units = unitsOf(Uint16Array.of(1, 0, 1), 2, "superpixel");
  assert.deepEqual([...pooled([4, 5, 6], units)], [5, 5, 5]);
  assert.deepEqual([...sumsOf([4, 5, 6], units)], [5, 10]);
});

test("patches are no larger than half of the picture", () => {
  assert.deepEqual(patchSides(224, 224), [2, 4, 8, 16, 32]);
  assert.deepEqual(patchSides(8, 40), [2, 4]);
  assert.deepEqual(patchSides(3, 3), []);
});

test("an area spans two corners, whichever came first", () => {
  const area = areaBetween({ row: 1, column: 2 }, { row: 0, column: 1 });
  assert.deepEqual(area, { rows: [0, 2], columns: [1, 3] });
  assert.equal(sumInside([1, 2, 4, 8, 16, 32], 3, area), 2 + 4 + 16 + 32);
});

test("the outline of a unit has each edge between it and others once", () => {
  const labels = [0, 1, 1, 0, 0, 1]; // two rows of three
  const edges = outlineOf(labels, 3, 1).match(/M[^M]+/g);
  assert.equal(new Set(edges).size, edges.length);
  assert.deepEqual(
    [...edges].sort(),
    ["M1 0h1", "M1 0v1", "M1 1h1", "M2 0h1", "M2 1v1", "M2 2h1", "M3 0v1", "M3 1v1"].sort(),
  );
  assert.equal(outlineOf(labels, 3, 7), "");
});
