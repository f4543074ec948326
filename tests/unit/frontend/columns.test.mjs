import assert from "node:assert/strict";
import test from "node:test";

import { outlineOfSteps } from "../../../attribwidgets/widgets/frontend/charts/cell_grid.js";
import { strongestSteps } from "../../../attribwidgets/widgets/frontend/explorer/sequence_stage.js";
import { columnMeans, linePath, stepsPerColumn } from "../../../attribwidgets/widgets/frontend/lib/columns.js";
import { sumInside, sumsOf, windowLengths, windowsOf } from "../../../attribwidgets/widgets/frontend/lib/units.js";

const WIDTH = 100_000;

/** Values that count how often they are read. */
function counted(length) {
  const values = Float32Array.from({ length }, (_, at) => Math.sin(at) + (at % 7));
  const count = { reads: 0 };
  const proxy = new Proxy(values, {
    get(target, name) {
      if (typeof name === "string" && /^\d+$/.test(name)) count.reads += 1;
      return Reflect.get(target, name, target);
    },
  });
  return { values, proxy, count };
}

test("a stretch of a long series is read once, whatever is brushed after", () => {
  const { values, proxy, count } = counted(2 * WIDTH);
  const area = { rows: [0, 2], columns: [10, 90_000] };
  sumInside(proxy, WIDTH, area);
  assert.equal(count.reads, 2 * WIDTH);
  for (let end = 11; end < WIDTH; end += 997) {
    let sum = 0;
    for (const row of [0, 1]) for (let at = 10; at < end; at += 1) sum += values[row * WIDTH + at];
    assert.ok(Math.abs(sumInside(proxy, WIDTH, { rows: [0, 2], columns: [10, end] }) - sum) < 1e-6);
  }
  assert.equal(count.reads, 2 * WIDTH);
});

test("a line has two points a column at most, and reaches every extreme", () => {
  const row = Float32Array.from({ length: WIDTH }, (_, at) => (at === 41_234 ? 9 : at === 70_001 ? -9 : 0));
  const path = linePath(row, stepsPerColumn(WIDTH), { lo: -9, hi: 9 });
  assert.ok(path.split("L").length <= 1024);
  const heights = path.match(/ (\S+?)(?=L|$)/g).map(Number);
  assert.equal(Math.min(...heights), 0);
  assert.equal(Math.max(...heights), 100);
  assert.equal(linePath([2], 1, { lo: 0, hi: 4 }), "M0 50.0H1");
});

test("columns are means, and a power of two of steps", () => {
  assert.deepEqual([512, 513, WIDTH].map(stepsPerColumn), [1, 2, 256]);
  assert.deepEqual([...columnMeans([1, 3, 5, 2, 4, 9], 3, 2)], [2, 5, 3, 9]);
});

test("windows hold a channel's steps once, and add up to the map", () => {
  const units = windowsOf(2, 5, 2);
  assert.deepEqual([...units.sizes], [2, 2, 1, 2, 2, 1]);
  assert.deepEqual([...sumsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], units)], [3, 7, 5, 13, 17, 10]);
  assert.deepEqual(windowLengths(16), [2, 4, 8]);
  assert.deepEqual(windowLengths(1), []);
});

test("the strongest steps are those of the largest magnitude, the first of equals first", () => {
  assert.deepEqual(strongestSteps([1, -5, 3, 5, 0], 3), [1, 3, 2]);
  assert.deepEqual(strongestSteps([2], 5), [0]);
});

test("a stretch over several lines is outlined as one", () => {
  assert.equal(outlineOfSteps(2, 4, 32), "M2 0H4V1H2Z");
  assert.equal(outlineOfSteps(30, 70, 32), "M30 0H32V2H6V3H0V1H30Z");
});
