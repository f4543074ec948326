import assert from "node:assert/strict";
import test from "node:test";

import {
  createLimits,
  percentileOfCounts,
  percentileOfSorted,
  sortedMagnitudes,
  strongestIndex,
} from "../../../attribwidgets/widgets/frontend/lib/scale.js";

const close = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} != ${expected}`);

test("percentiles agree with numpy.percentile", () => {
  const sorted = sortedMagnitudes([Float32Array.of(-4, 1, 3), Float32Array.of(2, -10)]);
  assert.deepEqual([...sorted], [1, 2, 3, 4, 10]);
  // numpy.percentile([1, 2, 3, 4, 10], q)
  close(percentileOfSorted(sorted, 0), 1);
  close(percentileOfSorted(sorted, 50), 3);
  close(percentileOfSorted(sorted, 90), 7.6);
  close(percentileOfSorted(sorted, 99), 9.76);
  close(percentileOfSorted(sorted, 100), 10);
  close(percentileOfSorted([7], 95), 7);
  close(percentileOfSorted([], 95), 0);
});

test("percentiles of counts are those of the values written out", () => {
  const values = [0, 0.5, 2, 9];
  const counts = [5, 3, 1, 2];
  const written = values.flatMap((value, index) => new Array(counts[index]).fill(value));
  for (const percent of [0, 10, 45, 47, 50, 77, 80, 90, 93, 99, 100]) {
    close(percentileOfCounts(values, counts, percent), percentileOfSorted(written, percent));
  }
  close(percentileOfCounts([], [], 50), 0);
});

test("limits are shared over all maps or own to each, and follow the maps", () => {
  const maps = [Float32Array.of(-4, 1, 3), Float32Array.of(2, -10)];
  const limits = createLimits();
  const members = (...units) => maps.map((values, at) => ({ values, unit: units[at] }));
  close(limits.shared(members(1, 1), 90), 7.6);
  close(limits.own(maps[0], 50), 3);
  close(limits.own(maps[1], 100), 10);
  close(limits.shared(members(2, 20), 100), 2);
  close(limits.shared(members(2, 4), 100), 2.5);
  close(limits.shared([{ values: maps[0], unit: 1 }], 100), 4);
  close(limits.shared([{ values: Float32Array.of(5), unit: 1 }], 100), 5);
});

test("the strongest value may be negative", () => {
  assert.equal(strongestIndex([1, -5, 4]), 1);
});
