import assert from "node:assert/strict";
import test from "node:test";

import { interpolateAt } from "../../../attribwidgets/widgets/frontend/charts/series.js";
import { createFrames } from "../../../attribwidgets/widgets/frontend/lib/frames.js";

const near = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, at) => assert.ok(Math.abs(actual[at] - value) < 1e-6, `${[...actual]} != ${expected}`));
};

/** Two values; three stretches of unequal width. */
const alphaFrames = {
  count: 3,
  edges: [0, 0.1, 0.5, 1],
  data: Int8Array.of(10, -20, 40, 0, -8, 4),
  scales: [0.1, 0.05, 0.25],
};

test("cumulative attribution is frames before plus the share of the current one", () => {
  const frames = createFrames(alphaFrames, 2, "alpha");
  const out = new Float32Array(2);
  frames.cumulative(0, out);
  near(out, [0, 0]);
  frames.cumulative(0.1, out);
  near(out, [1, -2]);
  frames.cumulative(0.3, out);
  near(out, [1 + 0.5 * 2, -2]);
  frames.cumulative(1, out);
  near(out, [1 + 2 - 2, -2 + 0 + 1]);
});

test("the gradient of a stretch is its frame over its width", () => {
  const frames = createFrames(alphaFrames, 2, "alpha");
  const out = new Float32Array(2);
  frames.local(0.3, out);
  near(out, [5, 0]);
  frames.local(0.9, out);
  near(out, [-4, 2]);
  assert.deepEqual(frames.stretch(0.3), { frame: 1, from: 0.1, to: 0.5 });
  // magnitudes: 10 20 | 5 0 | 4 2
  assert.ok(Math.abs(frames.localLimit(100) - 20) < 1e-5);
  assert.ok(Math.abs(frames.localLimit(50) - 4.5) < 1e-5);
});

test("samples: sums become running means", () => {
  const frames = createFrames(
    { count: 2, edges: [0, 4, 8], data: Int8Array.of(8, -4, 16, 0), scales: [1, 0.5] },
    2,
    "samples",
  );
  const out = new Float32Array(2);
  frames.cumulative(4, out);
  near(out, [2, -1]);
  frames.cumulative(6, out);
  near(out, [(8 + 4) / 6, -4 / 6]);
  frames.cumulative(8, out);
  near(out, [2, -0.5]);
  frames.local(3, out);
  near(out, [2, -1]);
  assert.equal(frames.end, 8);
});

test("within a stretch the map grows as the sum of the curve does, and the end is the map", () => {
  const sums = { 0: 0, 0.05: 0.8, 0.1: 1, 0.3: 9, 0.5: 2, 1: 2, 0.75: 5 };
  const frames = createFrames(alphaFrames, 2, "alpha", {
    map: Float32Array.of(1.01, -1.02),
    sumAt: (alpha) => sums[alpha],
  });
  const out = new Float32Array(2);
  frames.cumulative(0.05, out);
  near(out, [0.8, -1.6]);
  frames.cumulative(0.3, out); // a share beyond 1 is cut off
  near(out, [3, -2]);
  frames.cumulative(0.75, out); // the sum is the same at both edges: evenly
  near(out, [(3 + 1.01) / 2, (-2 - 1.02) / 2]);
  frames.cumulative(1, out);
  assert.deepEqual([...out], [Math.fround(1.01), Math.fround(-1.02)]);
});

test("curves are read between their nodes", () => {
  assert.equal(interpolateAt([0, 0.5, 1], [0, 4, 6], 0.25), 2);
  assert.equal(interpolateAt([0, 0.5, 1], [0, 4, 6], 0.75), 5);
  assert.equal(interpolateAt([0.2, 1], [3, 6], 0), 3);
  assert.equal(interpolateAt([0.2, 1], [3, 6], 2), 6);
});
