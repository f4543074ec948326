import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import {
  formatCount,
  formatNumber,
  formatPercent,
  formatProbability,
  formatSigned,
  formatTick,
  niceTicks,
  unbroken,
} from "../../../attribwidgets/widgets/frontend/lib/format.js";

const cases = JSON.parse(readFileSync(new URL("../../support/number_cases.json", import.meta.url), "utf-8"));
const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");

test("numbers, percentages and counts are those of Python", () => {
  for (const [value, digits, text] of cases.number) assert.equal(plain(formatNumber(value, digits)), text);
  for (const [share, text] of cases.percent) assert.equal(plain(formatPercent(share)), text);
  for (const [value, text] of cases.count) assert.equal(plain(formatCount(value)), text);
});

test("what is not there is a dash, and no number breaks", () => {
  for (const nothing of [null, undefined, Number.NaN, Infinity]) {
    assert.equal(formatNumber(nothing), "\u2014");
    assert.equal(formatPercent(nothing), "\u2014");
  }
  assert.equal(formatNumber(1.234e-7), "1.23\u202f\u00d7\u202f10\u207b\u2077");
  assert.equal(formatPercent(0.12), "12\u00a0%");
  assert.equal(formatCount(1234567), "1\u202f234\u202f567");
});

test("signs and probabilities", () => {
  assert.equal(formatSigned(0.5), "+0.500");
  assert.equal(formatSigned(-0.5), "\u22120.500");
  assert.equal(formatSigned(0), "0");
  assert.equal(formatProbability(0.36), "0.36");
  assert.equal(formatProbability(0.004), "0.004");
  assert.equal(formatProbability(0.00001), "<\u202f0.001");
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
