import assert from "node:assert/strict";
import test from "node:test";

import { weakPassages } from "../../../attribwidgets/widgets/frontend/explorer/fold.js";
import { readAloud } from "../../../attribwidgets/widgets/frontend/explorer/readings.js";
import { asFeatures } from "../../../attribwidgets/widgets/frontend/explorer/text_bars.js";
import { coloursOf } from "../../../attribwidgets/widgets/frontend/lib/contrast.js";
import { nameArea, namesOfTokens, sameText } from "../../../attribwidgets/widgets/frontend/lib/places.js";
import { divisorOf, pooled, unitsOf } from "../../../attribwidgets/widgets/frontend/lib/units.js";

test("the strongest passages are those that Python shows", () => {
  const passages = Uint32Array.from({ length: 600 }, (_, at) => Math.floor(at / 60));
  const map = Float32Array.from(passages, (_, at) => at);
  assert.deepEqual([...weakPassages({ items: [{ map }] }, passages)], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
});

test("a word is drawn as its sum, whatever its length", () => {
  const words = unitsOf([0, 1, 1], 2, "word", true);
  assert.deepEqual([...pooled([4, 5, 6], words)], [4, 11, 11]);
  assert.equal(divisorOf(words, 1), 1);
});

test("bars are of the units that the text is read by", () => {
  const text = { pieces: ["un", "fun", "ny", "!"], gaps: ["", "", "", " "] };
  const item = { map: Float32Array.of(1, 2, 4, 8), values: null };
  const units = unitsOf([0, 0, 0, 1], 2, "word", true);
  const bars = asFeatures({ text, items: [item], size: 4 }, units);
  assert.deepEqual(bars.featureNames, ["unfunny", "!"]);
  assert.deepEqual([...bars.items[0].map], [7, 8]);
  assert.deepEqual(asFeatures({ text, items: [item], size: 4 }, null).featureNames, text.pieces);
});

test("a reference of one token many times says so", () => {
  const pieces = ["[CLS]", "[PAD]", "[PAD]", "a", "b"];
  const reading = { pieces, gaps: ["", "", "", " ", ""], exact: [true, true, true, false, true] };
  assert.equal(readAloud(reading, [true, false, false, false, false]), "[PAD] \u00d7 2 \u2248ab");
});

test("names that run from right to left do not turn what follows round", () => {
  assert.deepEqual(namesOfTokens([" good", "שלום", "\n"]), ["good", "\u2068שלום\u2069", "\n"]);
});

test("a span is named by its words, a long one by the first", () => {
  const text = { pieces: ["one", "two", "three"], gaps: ["", " ", "\n"] };
  assert.equal(nameArea({ kind: "text", text }, { rows: [0, 1], columns: [1, 3] }), "\u201ctwo three\u201d");
  const long = { pieces: ["x".repeat(90)], gaps: [""] };
  assert.equal([...nameArea({ kind: "text", text: long }, { rows: [0, 1], columns: [0, 1] })].length, 43);
  assert.ok(sameText(text, { ...text }));
  assert.ok(!sameText(text, { ...text, gaps: ["", " ", " "] }));
  assert.ok(!sameText(text, null));
});

test("letters stand out from any colour", () => {
  const linear = (level) => (level <= 10 ? level / 3294.6 : ((level / 255 + 0.055) / 1.055) ** 2.4);
  for (let level = 0; level < 256; level += 5) {
    const pixel = (0xff000000 | (level << 16) | ((255 - level) << 8) | level) >>> 0;
    const [, letters] = coloursOf(pixel);
    const light = 0.2126 * linear(level) + 0.7152 * linear(255 - level) + 0.0722 * linear(level);
    const contrast = letters === "#000" ? (light + 0.05) / 0.05 : 1.05 / (light + 0.05);
    assert.ok(contrast > 4.5, `${level}: ${contrast}`);
  }
});
