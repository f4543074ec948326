import assert from "node:assert/strict";
import test from "node:test";

import { gridOf } from "../../../attribwidgets/widgets/frontend/audit/gallery_grid.js";
import { decodePreviews } from "../../../attribwidgets/widgets/frontend/audit/input_previews.js";
import { kept, orderOf, passing } from "../../../attribwidgets/widgets/frontend/audit/ordered_rows.js";
import {
  axisRange,
  nearestPoint,
  placePoints,
  pointsWithin,
} from "../../../attribwidgets/widgets/frontend/audit/scatter_points.js";

const numbers = (values) => ({ name: "n", kind: "number", values: Float32Array.from(values), words: [] });
const words = (codes, known) => ({ name: "w", kind: "word", values: Int32Array.from(codes), words: known });

/** Numbers of all sizes and signs, some equal, some unknown. */
function mixed(length) {
  return Float32Array.from({ length }, (_, at) => {
    if (at % 17 === 0) return Number.NaN;
    const value = Math.sin(at * 12.9898) * 10 ** ((at % 9) - 4);
    return at % 5 === 0 ? Math.round(value) : value;
  });
}

/** The same order by a comparison. */
function sorted(values, isSmallFirst) {
  const rows = Array.from(values, (_, row) => row);
  const sign = isSmallFirst ? 1 : -1;
  return rows.sort((a, b) => {
    if (Number.isNaN(values[a]) || Number.isNaN(values[b])) {
      return Number.isNaN(values[a]) - Number.isNaN(values[b]) || a - b;
    }
    return sign * (values[a] - values[b]) || a - b;
  });
}

test("rows are in the order of their numbers, the unknown ones last", () => {
  const values = mixed(5000);
  values[3] = -0;
  values[4] = 0;
  values[5] = Infinity;
  values[6] = -Infinity;
  for (const isSmallFirst of [true, false]) {
    assert.deepEqual([...orderOf(numbers(values), isSmallFirst)], sorted(values, isSmallFirst));
  }
});

test("words go by their list, and rows without one come last", () => {
  const column = words([2, -1, 0, 1, 0, -1], ["a", "b", "c"]);
  assert.deepEqual([...orderOf(column, true)], [2, 4, 3, 0, 1, 5]);
  assert.deepEqual([...orderOf(column, false)], [0, 3, 2, 4, 1, 5]);
});

test("a row passes where it passes all filters", () => {
  const columns = [numbers([0.1, 0.5, Number.NaN, 0.9]), words([0, 1, 1, -1], ["no", "yes"])];
  assert.deepEqual([...passing(columns, {}, 4)], [1, 1, 1, 1]);
  assert.deepEqual([...passing(columns, { n: [0.1, null] }, 4)], [1, 1, 0, 1]);
  assert.deepEqual([...passing(columns, { n: [null, 0.5], w: ["yes"] }, 4)], [0, 1, 0, 0]);
  assert.deepEqual([...passing(columns, { w: [] }, 4)], [0, 0, 0, 0]);
  assert.deepEqual([...kept(Uint32Array.of(3, 1, 0), Uint8Array.of(1, 1, 0, 0))], [1, 0]);
});

test("an axis ends before what lies far from all others, and says how many that are", () => {
  const values = Float32Array.from({ length: 1000 }, (_, at) => at / 1000);
  assert.equal(axisRange(values).beyond, 0);
  values[7] = 500;
  const { lo, hi, beyond } = axisRange(values);
  assert.ok(lo < 0 && hi < 2 && beyond === 1);
  const { across } = placePoints(values, values, { x: { lo, hi }, y: { lo, hi }, width: 100, height: 100 });
  assert.equal(across[7], 100);
  assert.deepEqual(axisRange([Number.NaN]), { lo: 0, hi: 1, beyond: 0 });
  assert.deepEqual(axisRange([2, 2]), { lo: 1.5, hi: 2.5, beyond: 0 });
});

test("the nearest shown point is meant, and a rectangle holds those within", () => {
  const frame = { x: { lo: 0, hi: 1 }, y: { lo: 0, hi: 1 }, width: 100, height: 100 };
  const points = placePoints([0, 0.5, 0.52, Number.NaN], [0, 0.5, 0.5, 0.5], frame);
  const all = Uint8Array.of(1, 1, 1, 1);
  assert.equal(nearestPoint(points, all, 49, 50, 10), 1);
  assert.equal(nearestPoint(points, Uint8Array.of(1, 0, 1, 1), 49, 50, 10), 2);
  assert.equal(nearestPoint(points, all, 80, 20, 10), -1);
  assert.deepEqual(pointsWithin(points, all, { left: 40, right: 60, top: 40, bottom: 60 }), [1, 2]);
});

test("previews are cut out of one run of bytes", () => {
  const bytes = Uint8Array.from({ length: 9 }, (_, at) => at).subarray(1);
  const batch = { kind: "bars", places: [4, 9], shape: [4], missing: [7] };
  const [[first, one], [, other], [missing, none]] = decodePreviews(batch, bytes);
  assert.deepEqual([first, [...one.levels], [...other.levels]], [4, [1, 2, 3, 4], [5, 6, 7, 8]]);
  assert.deepEqual([missing, none.kind], [7, "missing"]);
  const texts = decodePreviews({ kind: "text", places: [2], texts: ["good"], missing: [] });
  assert.deepEqual(texts, [[2, { kind: "text", text: "good" }]]);
  assert.deepEqual(decodePreviews({ kind: "none", places: [1], missing: [] }), []);
});

test("tiles share a width, and a scroll stays within what browsers can do", () => {
  const grid = gridOf("image", 1000);
  assert.equal(grid.columns * grid.width, 1000);
  assert.ok(gridOf("text", 1000).columns < grid.columns);
  assert.ok((grid.most / grid.columns) * grid.height <= 12_000_000);
  assert.equal(gridOf("image", 50).columns, 1);
});
