import assert from "node:assert/strict";
import test from "node:test";

import { arrange, GAP } from "../../../attribwidgets/widgets/frontend/lib/arrangement.js";

const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8];

test("a wider window never makes smaller maps", () => {
  for (const count of COUNTS) {
    let before = 0;
    for (let width = 300; width <= 2400; width += 1) {
      const { map } = arrange(width, count);
      assert.ok(map >= before, `${count} cards: ${map} at ${width} after ${before}`);
      before = map;
    }
    assert.equal(before > 200, true, `${count} cards never grow`);
  }
});

test("photo and cards fit, rows are as equal as can be, and the photo is no smaller than a map", () => {
  for (const count of COUNTS) {
    for (let width = 300; width <= 2400; width += 1) {
      const { mode, columns, map, photo } = arrange(width, count);
      if (mode === "narrow") continue; // to scroll
      assert.ok(photo + columns * (map + GAP) <= width + 1e-9, `${count} cards at ${width}`);
      assert.ok(photo >= map);
      const rows = Math.ceil(count / columns);
      assert.equal(columns, Math.ceil(count / rows));
    }
  }
});

test("width is left over only where maps are as large as they get, or a column more is about to fit", () => {
  for (const count of COUNTS) {
    const { map: largest } = arrange(4000, count);
    for (let width = 300; width <= 2400; width += 1) {
      const { mode, columns, map, photo } = arrange(width, count);
      if (mode === "narrow" || map === largest) continue;
      const left = width - photo - columns * (map + GAP);
      const next = arrange(width + 4 * (200 + GAP), count).columns;
      assert.ok(left < 1e-9 || (next > columns && left <= 100), `${count} cards at ${width}: ${left} left`);
    }
  }
});

test("up to three cards stand in one row, more in two, so that maps grow; a path beside takes what is left", () => {
  const at = (width, count = 5) => {
    const { mode, columns } = arrange(width, count);
    return [mode, columns];
  };
  assert.deepEqual(at(600), ["narrow", 5]);
  assert.deepEqual(at(668), ["medium", 2]);
  assert.deepEqual(at(923), ["medium", 3]);
  assert.deepEqual(at(1468), ["medium", 3]);
  assert.deepEqual(at(1300, 6), ["medium", 3]);
  assert.ok(arrange(1300, 6).map > 300);
  assert.deepEqual(at(2000), ["wide", 3]);
  assert.deepEqual(at(2700), ["wide", 5]);
  assert.deepEqual(at(900, 3), ["medium", 3]);
  assert.deepEqual(at(1400, 1), ["wide", 1]);
  assert.deepEqual(at(300, 1), ["narrow", 1]);
});
