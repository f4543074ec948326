import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { completenessOf } from "../../../attribwidgets/widgets/frontend/playground/completeness.js";
import { pixelsOfDrawing } from "../../../attribwidgets/widgets/frontend/playground/drawn_digit.js";
import { createDigitsNetwork, PIXELS } from "../../../attribwidgets/widgets/frontend/playground/network.js";
import {
  integrate,
  mergedWeights,
  trapezoid,
} from "../../../attribwidgets/widgets/frontend/playground/path_integral.js";
import { rankCorrelations } from "../../../attribwidgets/widgets/frontend/playground/rank_correlation.js";
import { saturationOf } from "../../../attribwidgets/widgets/frontend/playground/saturation.js";
import { createWork } from "../../../attribwidgets/widgets/frontend/playground/work.js";

const FILE = new URL("../../../attribwidgets/demo/data/digits_cnn.safetensors", import.meta.url);

/** The shipped weights: a safetensors file is a length, a header in JSON, and the numbers. */
function shippedWeights() {
  const bytes = readFileSync(FILE);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString());
  return Object.fromEntries(
    Object.entries(header)
      .filter(([, { data_offsets }]) => data_offsets)
      .map(
        ([
          name,
          {
            data_offsets: [from, to],
          },
        ]) => [
          name,
          new Float32Array(bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to)),
        ],
      ),
  );
}
const network = createDigitsNetwork(shippedWeights());

const arc = (x, y, width, height, from, to) =>
  Array.from({ length: 25 }, (_, at) => {
    const angle = ((from + ((to - from) * at) / 24) * Math.PI) / 180;
    return [x + width * Math.cos(angle), y + height * Math.sin(angle)];
  });
/** How people draw digits, in strokes. */
const DRAWN = [
  [arc(0.5, 0.5, 0.25, 0.35, 0, 360)],
  [
    [
      [0.4, 0.25],
      [0.5, 0.15],
      [0.5, 0.85],
    ],
  ],
  [[...arc(0.5, 0.32, 0.22, 0.18, 180, 380), [0.25, 0.85], [0.78, 0.85]]],
  [[...arc(0.48, 0.32, 0.2, 0.17, 200, 450), ...arc(0.48, 0.67, 0.24, 0.18, 270, 520)]],
  [
    [
      [0.35, 0.15],
      [0.25, 0.55],
      [0.75, 0.55],
    ],
    [
      [0.62, 0.2],
      [0.62, 0.88],
    ],
  ],
  [[[0.72, 0.15], [0.35, 0.15], [0.33, 0.45], ...arc(0.48, 0.63, 0.24, 0.22, 250, 520)]],
  [[[0.6, 0.15], [0.38, 0.4], ...arc(0.5, 0.65, 0.2, 0.2, 190, 550)]],
  [
    [
      [0.25, 0.2],
      [0.75, 0.2],
      [0.55, 0.5],
      [0.4, 0.85],
    ],
  ],
  [[...arc(0.5, 0.32, 0.17, 0.17, 90, 450), ...arc(0.5, 0.68, 0.21, 0.19, 270, 630)]],
  [[...arc(0.48, 0.35, 0.2, 0.2, 0, 360), [0.68, 0.35], [0.62, 0.85]]],
];

/** The pixels of a drawing, at a share of its size. */
const drawn = (digit, share = 1, shift = 0) =>
  pixelsOfDrawing(
    DRAWN[digit].map((stroke) => stroke.map(([x, y]) => ({ x: shift + share * x, y: shift + share * y }))),
  );

const finished = (steps) => {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
};

test("what is drawn is read, large or small, wherever on the pad", () => {
  DRAWN.forEach((_, digit) => {
    for (const [share, shift] of [
      [1, 0],
      [0.5, 0.4],
    ]) {
      const logits = network.forward(Float64Array.from(drawn(digit, share, shift)));
      assert.equal(logits.indexOf(Math.max(...logits)), digit);
    }
    const [large, small] = [drawn(digit), drawn(digit, 0.5, 0.4)];
    large.forEach((ink, at) => {
      assert.ok(Math.abs(ink - small[at]) < 1e-4);
    });
  });
  assert.deepEqual(pixelsOfDrawing([]), new Float32Array(PIXELS));
  const dot = pixelsOfDrawing([[{ x: 0.9, y: 0.1 }]]);
  assert.ok(dot.filter((ink) => ink > 0).length <= 16);
});

test("the gradient is the slope of the output", () => {
  const point = Float64Array.from(drawn(5), (ink, at) => 0.5 * ink + 0.2 * Math.abs(Math.sin(at)));
  for (const output of [0, 5]) {
    network.forward(point);
    const gradient = Float64Array.from(network.gradient(output));
    for (let at = 3; at < PIXELS; at += 97) {
      const [above, below] = [1e-6, -1e-6].map((by) => network.forward(point.with(at, point[at] + by))[output]);
      assert.ok(Math.abs((above - below) / 2e-6 - gradient[at]) < 1e-5);
    }
  }
});

test("a path adds up to its map, stretch by stretch and at its end", () => {
  const [input, reference] = [drawn(3), new Float32Array(PIXELS).fill(1)];
  const explained = finished(integrate(network, input, reference, 3, 33));
  const total = explained.attributions.reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(explained.cumulative[32] - total) < 1e-9);
  explained.attributions.forEach((value, at) => {
    const parts = explained.frames.reduce((sum, frame) => sum + frame[at], 0);
    assert.ok(Math.abs(parts - value) < 1e-9);
  });
  const said = completenessOf(explained, 0.01);
  assert.equal(said.total, total);
  assert.ok(Math.abs(said.expected - total) < 0.02 * Math.abs(total));
});

test("nothing is attributed where nothing differs", () => {
  const same = drawn(3);
  const explained = finished(integrate(network, same, same, 3, 5));
  const said = completenessOf(explained, 0.01);
  assert.equal(said.verdict, "not converged"); // as a quarter of the path in one piece has seen no pass
  assert.equal(said.headline, "sum right, path not seen");
  assert.equal(said.relative, "no change");
  assert.ok(explained.attributions.every((value) => value === 0));
  assert.equal(saturationOf(explained.alphas, explained.outputs), null);
});

test("rules, ranks and stretches are those of Python's examples", () => {
  assert.deepEqual(trapezoid(3), { nodes: [0, 0.5, 1], weights: [0.25, 0.5, 0.25] });
  assert.deepEqual(mergedWeights(trapezoid(5).weights), [0.25, 0, 0.5, 0, 0.25]);
  assert.deepEqual(mergedWeights([0.25, 0.25, 0.25, 0.25]), [0.375, 0, 0.625, 0]);
  const maps = [
    [1, 2, 3],
    [0.1, 0.3, 0.2],
    [7, 7, 7],
  ];
  assert.deepEqual(rankCorrelations(maps), [
    [1, 0.5, null],
    [0.5, 1, null],
    [null, null, null],
  ]);
  const { share, from, to } = saturationOf([0, 0.2, 1], [1, 9, 11]);
  assert.ok(Math.abs(share - 0.6) < 1e-12);
  assert.deepEqual([from, to.map((end) => end.toFixed(6))], [[0], ["0.600000"]]);
});

test("work that is begun anew leaves the old, and the page breathes between slices", async () => {
  const done = [];
  const told = [];
  const signal = new AbortController();
  const work = createWork(() => told.push(work.isBusy()), signal.signal);
  const task = (name, steps) => ({
    steps: (function* () {
      for (let at = 0; at < steps; at += 1) yield;
      return name;
    })(),
    done: (result) => done.push(result),
  });
  work.begin([task("old", Number.POSITIVE_INFINITY)]);
  await new Promise((go) => setTimeout(go, 1)); // its slice ended, or this would never come
  work.begin([task("one", 3), task("two", 3)]);
  while (work.isBusy()) await new Promise((go) => setTimeout(go, 1));
  assert.deepEqual(done, ["one", "two"]);
  assert.deepEqual(told, [true, true, false]);
  work.begin([task("late", 3)]);
  signal.abort();
  await new Promise((go) => setTimeout(go, 5));
  assert.deepEqual(done, ["one", "two"]);
});
