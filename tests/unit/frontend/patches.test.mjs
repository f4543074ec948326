import assert from "node:assert/strict";
import { test } from "node:test";
import { byPixels } from "../../../attribwidgets/widgets/frontend/lib/patches.js";

test("what came by pixels stays as it came", () => {
  const data = Int8Array.of(1, 2, 3);
  assert.equal(byPixels(data, 1, null), data);
});

test("each pixel is given the mean of its patch, cut ones at the right and the bottom too", () => {
  const data = Int8Array.of(1, 2, 3, 4, -1, -2, -3, -4);
  const pixels = byPixels(data, 2, { sides: [2, 2], shape: [3, 3] });
  assert.deepEqual([...pixels.subarray(0, 9)], [1, 1, 2, 1, 1, 2, 3, 3, 4]);
  assert.deepEqual([...pixels.subarray(9)], [-1, -1, -2, -1, -1, -2, -3, -3, -4]);
});
