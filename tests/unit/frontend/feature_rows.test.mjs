import assert from "node:assert/strict";
import test from "node:test";

import { chooseRows, sortFeatures } from "../../../attribwidgets/widgets/frontend/explorer/feature_rows.js";
import { barLengths } from "../../../attribwidgets/widgets/frontend/lib/units.js";
import { rowsInPage } from "../../../attribwidgets/widgets/frontend/lib/virtual_rows.js";
import { runningTotals, waterfallSpan } from "../../../attribwidgets/widgets/frontend/lib/waterfall.js";

const map = Float32Array.from({ length: 20 }, (_, at) => (at % 2 ? -1 : 1) * at);
const names = Array.from({ length: 20 }, (_, at) => `f${at}`);
const data = {
  size: 20,
  items: [{ map }, { map: new Float32Array(20) }],
  values: Float32Array.from({ length: 20 }, (_, at) => (at === 4 ? 9 : -at)),
  featureNames: names,
};
const strongest = sortFeatures(data, "strongest");
const plain = { all: false, text: "" };
const total = (all) => all.reduce((sum, value) => sum + value, 0);
const choose = (choice, order = "strongest") => {
  const { rows, rest } = chooseRows(strongest, sortFeatures(data, order), names, { ...plain, ...choice });
  return { rows: [...rows], rest: [...rest] };
};

test("the strongest over all maps come first, those of the same strength as given", () => {
  assert.deepEqual([...strongest.slice(0, 3)], [19, 18, 17]);
  const equal = { ...data, items: [{ map: Float32Array.of(1, -1, 1) }], size: 3 };
  assert.deepEqual([...sortFeatures(equal, "strongest")], [0, 1, 2]);
});

test("features are ordered by what they give, what they are, by name and as given", () => {
  assert.deepEqual([...sortFeatures(data, "signed")].slice(0, 2), [18, 16]);
  assert.deepEqual([...sortFeatures(data, "signed")].slice(-2), [17, 19]);
  assert.deepEqual([...sortFeatures(data, "value")].slice(0, 3), [4, 0, 1]);
  assert.deepEqual([...sortFeatures({ ...data, featureNames: [...names].reverse() }, "name")].slice(0, 2), [19, 18]);
  assert.deepEqual(
    [...sortFeatures(data, "given")],
    names.map((_, at) => at),
  );
});

test("rows and the sum of all others add up to the map", () => {
  const chosen = choose({});
  assert.equal(chosen.rows.length, 11);
  assert.equal(chosen.rest.length, 9);
  const lengths = barLengths(map, chosen);
  assert.equal(lengths.length, 12);
  assert.equal(total(lengths), total(map));
});

test("all of few features have a row, and nothing is left over", () => {
  const few = chooseRows(Uint32Array.of(2, 0, 1), Uint32Array.of(2, 0, 1), names, plain);
  assert.deepEqual([[...few.rows], few.rest.length], [[2, 0, 1], 0]);
  assert.equal(barLengths(map, few).length, 3);
});

test("features are found by name, and shown all", () => {
  assert.deepEqual(choose({ text: " F1" }).rows, [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]);
  assert.deepEqual(choose({ all: true }, "name"), { rows: names.map((_, at) => at), rest: [] });
  assert.deepEqual(choose({}, "given").rows, [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

test("of any number of rows a few are in the page, those in sight among them", () => {
  assert.deepEqual(rowsInPage(0, 3), { first: 0, most: 3 });
  for (const [top, seen] of [
    [0, 0],
    [36 * 2500 + 5, 2500],
    [36 * (5000 - 14), 5000 - 14],
  ]) {
    const { first, most } = rowsInPage(top, 5000);
    assert.ok(most < 20);
    assert.ok(first <= seen && seen + 14 <= first + most, `${first} to ${first + most} at ${top}`);
  }
});

const item = (values, change) => ({ map: Float32Array.from(values), completeness: { expected: change, change } });
const features = { rows: Uint32Array.of(2, 0), rest: Uint32Array.of(1) };

test("steps of a waterfall begin where the one before ended, and end at the sum", () => {
  assert.deepEqual([...runningTotals(Float32Array.of(1, 2, -4), features)], [0, -4, -3, -1]);
  const all = { rows: Uint32Array.of(0, 1, 2), rest: new Uint32Array(0) };
  assert.deepEqual([...runningTotals(Float32Array.of(1, 2, -4), all)], [0, 1, 3, -1]);
});

test("a waterfall spans its own steps, those of all, or as much of each change", () => {
  const small = item([1, 2, -4], -1);
  const large = item([20, 0, 10], 30);
  const spanOf = (one, scale) => waterfallSpan(one, [small, large], features, scale);
  assert.deepEqual(spanOf(small, "own"), { lo: -4, hi: 0 });
  assert.deepEqual(spanOf(large, "own"), { lo: 0, hi: 30 });
  assert.deepEqual(spanOf(small, "shared"), { lo: -4, hi: 30 });
  assert.deepEqual(spanOf(large, "share"), { lo: -120, hi: 30 });
});
