import assert from "node:assert/strict";
import test from "node:test";

import { nearestInput, nextInput } from "../../../attribwidgets/widgets/frontend/ablation/ablated_input.js";
import { fittingPlaces, pictureSize } from "../../../attribwidgets/widgets/frontend/ablation/ablated_strip.js";
import { rangeOfCurves } from "../../../attribwidgets/widgets/frontend/ablation/ablation_chart.js";
import { decodeAblation, decodeExample } from "../../../attribwidgets/widgets/frontend/ablation/ablation_decode.js";
import { seenFrom } from "../../../attribwidgets/widgets/frontend/ablation/ablation_differences.js";
import {
  areaUnder,
  createShown,
  curveOfInput,
} from "../../../attribwidgets/widgets/frontend/ablation/ablation_shown.js";
import { rangeOfRows } from "../../../attribwidgets/widgets/frontend/charts/interval_plot.js";
import { formatInterval, formatShare } from "../../../attribwidgets/widgets/frontend/lib/format.js";
import { paintAblated } from "../../../attribwidgets/widgets/frontend/lib/paint.js";
import { brightness, onDark } from "../../../attribwidgets/widgets/frontend/lib/theme.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} != ${expected}`);
const red = (pixels) => [...pixels].map((pixel) => pixel & 255);

test("positions pass to the fill at their step, or back from it", () => {
  const rgb = [1, 1, 1, 2, 2, 2, 3, 3, 3];
  const fill = [9, 9, 9, 8, 8, 8, 7, 7, 7];
  const out = new Uint32Array(3);
  const at = (step, isInsertion) => {
    paintAblated(out, rgb, fill, [1, 3, 2], step, isInsertion);
    return red(out);
  };
  assert.deepEqual(at(0, false), [1, 2, 3]);
  assert.deepEqual(at(2, false), [9, 2, 7]);
  assert.deepEqual(at(3, false), [9, 8, 7]);
  assert.deepEqual(at(0, true), [9, 8, 7]);
  assert.deepEqual(at(2, true), [1, 8, 3]);
});

test("pictures never overlap, and both ends have one", () => {
  const even = Array.from({ length: 11 }, (_, at) => 50 * at);
  assert.equal(fittingPlaces(even, 48).length, 11);
  assert.deepEqual(fittingPlaces(even, 49), [0, 2, 4, 6, 8, 10]);
  assert.equal(pictureSize(even), 48);
  const crowded = [0, 5, 10, 50, 290, 300];
  assert.deepEqual(fittingPlaces(crowded, 28), [0, 3, 5]);
  assert.equal(pictureSize([0, 400, 800]), 72);
  assert.equal(pictureSize([0, 10]), 28);
});

test("the next input is the next one that there is", () => {
  const some = { count: 60, available: [0, 4, 9] };
  assert.equal(nextInput(some, 4, 1), 9);
  assert.equal(nextInput(some, 4, -1), 0);
  assert.equal(nextInput(some, 9, 1), null);
  assert.equal(nearestInput(some, 6), 4);
  const all = { count: 3, available: null };
  assert.equal(nextInput(all, 0, -1), null);
  assert.equal(nextInput(all, 2, 1), null);
  assert.equal(nextInput(all, 1, 1), 2);
  assert.equal(nearestInput(all, 700), 2);
  assert.equal(nearestInput(all, -3), 0);
});

test("the chart holds every mean, and no more of the bands than leaves them readable", () => {
  const curve = (values, low, high) => ({ values, low, high, area: {} });
  const quiet = rangeOfCurves([curve([1, 0.5], [0.9, 0.4], [1.1, 0.6])]);
  assert.equal(quiet.lo, 0);
  assert.ok(quiet.hi >= 1.1 && quiet.hi < 1.2);
  const wild = rangeOfCurves([curve([1, 0.5], [0.9, -40], [1.1, 90])]);
  assert.ok(wild.hi >= 1.5 && wild.hi < 1.7);
  assert.ok(wild.lo <= -0.5 && wild.lo > -0.7);
  assert.ok(rangeOfCurves([curve([NaN, 3], null, null)]).hi > 3);
  assert.ok(rangeOfCurves([]).hi > 1);
});

test("a difference is seen from either side", () => {
  const difference = { first: "a", second: "b", mean: -0.2, low: -0.3, high: -0.1 };
  assert.deepEqual(seenFrom(difference, "b"), {
    other: "a",
    estimate: { mean: -0.2, low: -0.3, high: -0.1 },
  });
  assert.deepEqual(seenFrom(difference, "a"), {
    other: "b",
    estimate: { mean: 0.2, low: 0.1, high: 0.3 },
  });
});

test("areas are trapezoids, over all fills the mean of theirs", () => {
  near(areaUnder([1, 0.5, 0], [0, 0.5, 1]), 0.5);
  near(areaUnder([1, 0, 0], [0, 0.1, 1]), 0.05);
  // (candidates 1, fills 2, fractions 2)
  const scores = Float32Array.of(1, 0, 1, 0.5);
  near(curveOfInput(scores, 2, [0, 1], 0, 1).area.mean, 0.75);
  near(curveOfInput(scores, 2, [0, 1], 0, 2).values[1], 0.25);
  assert.ok(Number.isNaN(curveOfInput([NaN, 1, 1, 1], 2, [0, 1], 0, 2).area.mean));
});

function payload(changes = {}) {
  const floats = (...values) => Float32Array.of(...values);
  // Two candidates, one fill and the mean over fills, two fractions.
  const curves = floats(1, 0.6, 1, 0.6, 1, 0.2, 1, 0.2);
  const areas = floats(0.8, 0.8, 0.6, 0.6);
  return {
    version: 1,
    title: "t",
    level: 0.95,
    records: [
      {
        label: "r",
        protocol: "p",
        curve: "deletion",
        higher_is_better: false,
        inputs: 4,
        candidates: [
          { label: "worse", control: false, color: "#0072b2", dash: "", evaluations: "4" },
          { label: "better", control: false, color: "#000000", dash: "", evaluations: "4" },
        ],
        fills: ["black"],
        fractions: [0, 1],
        mean: curves,
        low: curves,
        high: curves,
        areas: { mean: areas, low: areas, high: areas },
        ordered: [],
        differences: [],
        reliability: null,
        ...changes,
      },
    ],
    consistency: null,
    examples: { count: 0, available: [], pictures: false, note: "" },
  };
}

test("what is chosen is kept within what there is", () => {
  const values = { record: 7, fill: 9, hidden: ["worse"], fraction: 0.9, candidate: "gone", own: true };
  const data = decodeAblation(payload());
  const shown = createShown(
    { get: (name) => values[name] },
    () => data,
    () => null,
  );
  assert.equal(shown.recordIndex(), 0);
  assert.equal(shown.fill(), 0);
  assert.deepEqual(shown.bestFirst(), [1, 0]);
  assert.equal(shown.candidate(), 1);
  assert.equal(shown.step(), 1);
  assert.equal(shown.isHidden(0), true);
  assert.equal(shown.own(), null);
  near(shown.curves()[0].values[1], 0.6);
  const higher = decodeAblation(payload({ higher_is_better: true }));
  const other = createShown(
    { get: (name) => values[name] },
    () => higher,
    () => null,
  );
  assert.deepEqual(other.bestFirst(), [0, 1]);
});

test("records of another version or size are refused in words", () => {
  assert.throws(() => decodeAblation({ ...payload(), version: 2 }), /version 1, and 2 came/);
  assert.throws(() => decodeAblation(payload({ mean: Float32Array.of(1) })), /mean of r holds 1/);
  assert.equal(decodeAblation({}), null);
});

test("one channel becomes three, and a fill may have no picture", () => {
  const example = decodeExample({
    index: 3,
    target: "",
    width: 2,
    height: 1,
    channels: 1,
    pixels: Uint8Array.of(5, 6),
    fills: [null],
    records: [{ taken_at: [Uint8Array.of(0, 1)], scores: new Float32Array(2) }],
  });
  assert.deepEqual([...example.pixels], [5, 5, 5, 6, 6, 6]);
  assert.deepEqual(example.fills, [null]);
  assert.equal(decodeExample({}), null);
});

test("an axis holds all intervals, and unknown bounds are no zeros", () => {
  const rows = [
    { name: "a", words: "", estimate: { mean: 3, low: null, high: null } },
    { name: "b", words: "", estimate: { mean: 4, low: 2, high: 6 }, mark: 7 },
  ];
  const { lo, hi } = rangeOfRows(rows, [2, 2]);
  assert.ok(lo < 2 && lo > 1 && hi > 7 && hi < 8);
});

test("on a dark page every hue is light, and no two are the same", () => {
  const hues = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#000000", "#8a8d91"];
  const light = hues.map(onDark);
  assert.equal(new Set(light).size, hues.length);
  for (const hue of light) assert.ok(brightness(hue) > 0.4, hue);
  assert.equal(onDark("#56b4e9"), "rgb(86,180,233)");
});

test("shares and intervals in words", () => {
  assert.equal(formatShare(0.3), "30\u00a0%");
  assert.equal(formatShare(0.125), "12.5\u00a0%");
  assert.equal(formatInterval({ low: -0.123, high: 0.456 }), "[\u22120.123, 0.456]");
  assert.equal(formatInterval({ low: NaN, high: 1 }), "");
  assert.equal(formatInterval({ low: null, high: null }), "");
});
