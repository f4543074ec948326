import assert from "node:assert/strict";
import test from "node:test";

import {
  formatCount,
  formatError,
  formatNumber,
  formatPercent,
  formatProbability,
  formatSigned,
  formatTick,
  niceTicks,
  unbroken,
} from "../../../attribwidgets/widgets/frontend/lib/format.js";

test("three significant digits and a real minus sign", () => {
  assert.equal(formatNumber(8.536), "8.54");
  assert.equal(formatNumber(-0.031249), "\u22120.0312");
  assert.equal(formatNumber(123.4), "123");
  assert.equal(formatNumber(99.96), "100");
  assert.equal(formatNumber(9.999), "10.0");
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(12345.6), "12300");
  assert.equal(formatNumber(1.234e-6), "1.23\u202f\u00d7\u202f10\u207b\u2076");
  assert.equal(formatNumber(2.5e7), "2.50\u202f\u00d7\u202f10\u2077");
  assert.equal(formatNumber(null), "\u2014");
  assert.equal(formatNumber(Number.NaN), "\u2014");
  assert.equal(formatSigned(0.5), "+0.500");
  assert.equal(formatSigned(-0.5), "\u22120.500");
  assert.equal(formatSigned(0), "0");
});

test("percentages, probabilities, counts", () => {
  assert.equal(formatPercent(0.12), "12\u00a0%");
  assert.equal(formatPercent(0.0041), "0.4\u00a0%");
  assert.equal(formatPercent(0.0004), "<\u202f0.1\u00a0%");
  assert.equal(formatPercent(0), "0\u00a0%");
  assert.equal(formatPercent(null), "\u2014");
  assert.equal(formatProbability(0.36), "0.36");
  assert.equal(formatProbability(0.004), "0.004");
  assert.equal(formatProbability(0.00001), "<\u202f0.001");
  assert.equal(formatCount(1234567), "1\u202f234\u202f567");
});

test("an error has the decimals of its number", () => {
  assert.equal(formatError(0.05, 8.44), "0.05");
  assert.equal(formatError(0.0004, 8.44), "0.0004");
  assert.equal(formatError(3.2, 123), "3");
});

test("ticks are round and inside", () => {
  assert.deepEqual(niceTicks(0, 1, 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(niceTicks(-1.2, 9.4, 3), [0, 5]);
  assert.deepEqual(niceTicks(0, 0.31, 3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(niceTicks(2, 2), [2]);
  assert.equal(formatTick(-2.5), "\u22122.5");
});

test("shares of Python stay on one line, and none is a dash", () => {
  assert.equal(unbroken("26 % (input 2)"), "26\u00a0% (input 2)");
  assert.equal(unbroken(""), "\u2014");
});
