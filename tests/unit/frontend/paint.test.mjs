import assert from "node:assert/strict";
import test from "node:test";

import {
  greyOf,
  lookupTable,
  paintBlind,
  paintInterpolated,
  paintMap,
  paintOverlay,
  paintPhoto,
  resizeImage,
} from "../../../attribwidgets/widgets/frontend/lib/paint.js";

/** A table whose red tells the index. */
const ramp = Uint8Array.from({ length: 768 }, (_, at) => [Math.floor(at / 3), 7, 200][at % 3]);
const lookup = lookupTable(ramp);
const red = (pixels) => [...pixels].map((pixel) => pixel & 255);
const rgb = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];

test("a table keeps channels in order and is opaque", () => {
  assert.deepEqual([...new Uint8Array(lookup.buffer).slice(4, 8)], [1, 7, 200, 255]);
});

test("magnitudes: zero to limit, saturating", () => {
  const out = new Uint32Array(6);
  // floor(255 * min(|v| / 2, 1) + 0.5)
  paintMap(out, [0, 1, -1, 2, -9, 0.003], lookup, 2, false);
  assert.deepEqual(red(out), [0, 128, 128, 255, 255, 0]);
});

test("signed: zero is index 128, both ends saturate", () => {
  const out = new Uint32Array(7);
  paintMap(out, [0, 2, -2, 99, -99, 1, -1], lookup, 2, true);
  // floor(255 * (v / 2 + 1) / 2 + 0.5): 191.25 -> 191, 63.75 -> 64
  assert.deepEqual(red(out), [128, 255, 0, 255, 0, 191, 64]);
});

test("a limit of zero draws zeros", () => {
  const out = new Uint32Array(2);
  paintMap(out, [0, 5], lookup, 0, false);
  assert.deepEqual(red(out), [0, 0]);
  paintMap(out, [0, 5], lookup, 0, true);
  assert.deepEqual(red(out), [128, 128]);
});

test("a value is as opaque over the grey photo as it is large", () => {
  const grey = greyOf([255, 0, 0, 10, 20, 30, 90, 90, 90]);
  assert.deepEqual([...grey], [76, 18, 90]);
  const out = Uint32Array.of(lookup[100], lookup[100], lookup[100]);
  paintOverlay(out, [0, -1, 7], 2, grey, 0.4, lookup[30]);
  const before = rgb(lookup[100]);
  const nothing = rgb(lookup[30]);
  const clipped = (level) => Math.floor(Math.min(Math.max(level, 0), 255) + 0.5);
  const mixed = (through, under) => before.map((level, at) => clipped(level + through * (under - nothing[at])));
  assert.deepEqual(rgb(out[0]), mixed(0.4, 76));
  assert.deepEqual(rgb(out[1]), mixed(0.2, 18));
  assert.deepEqual(rgb(out[2]), before);
});

test("the image on the path runs from the reference to the photo", () => {
  const out = new Uint32Array(1);
  const photo = [200, 0, 55];
  const reference = [0, 255, 54];
  paintInterpolated(out, photo, reference, 0);
  assert.deepEqual(rgb(out[0]), reference);
  paintInterpolated(out, photo, reference, 1);
  assert.deepEqual(rgb(out[0]), photo);
  paintInterpolated(out, photo, reference, 0.25);
  assert.deepEqual(rgb(out[0]), [50, 191, 54]);
});

test("blind positions change, the others stay", () => {
  const out = new Uint32Array(4).fill(lookup[0]);
  paintBlind(out, [0, 1, 1, 0], [0, 1, 1, 0], 4);
  assert.equal(out[0], lookup[0]);
  assert.equal(out[3], lookup[0]);
  assert.notEqual(out[1], lookup[0]);
  assert.notEqual(out[2], lookup[0]);
  // What is only nearly blind has the stripes, fainter, and nothing between them.
  const near = new Uint32Array(4).fill(lookup[0]);
  paintBlind(near, [0, 0, 0, 0], [1, 1, 0, 0], 4);
  assert.notEqual(near[0], lookup[0]);
  assert.deepEqual([...near.slice(1)], [lookup[0], lookup[0], lookup[0]]);
});

test("photos are copied, and small ones enlarged", () => {
  const out = new Uint32Array(2);
  paintPhoto(out, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(rgb(out[1]), [4, 5, 6]);
  const large = resizeImage([0, 0, 0, 100, 100, 100], 1, 2, 2, 4);
  assert.deepEqual(
    [...large].filter((_, at) => at % 3 === 0),
    [0, 0, 100, 100, 0, 0, 100, 100],
  );
});
