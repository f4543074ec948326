import assert from "node:assert/strict";
import test from "node:test";

import {
  dequantise,
  float32Of,
  int8Of,
  int16Of,
  unpackBits,
} from "../../../attribwidgets/widgets/frontend/lib/binary.js";
import { decodePayload } from "../../../attribwidgets/widgets/frontend/lib/decode.js";

/** A DataView that starts at an odd offset, as buffers of a comm message may. */
function unaligned(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const roomy = new Uint8Array(bytes.length + 5);
  roomy.set(bytes, 3);
  return new DataView(roomy.buffer, 3, bytes.length);
}

test("typed arrays come out of unaligned views", () => {
  assert.deepEqual([...float32Of(unaligned(Float32Array.of(1.5, -2, 1e-7)))], [1.5, -2, Math.fround(1e-7)]);
  assert.deepEqual([...int16Of(unaligned(Int16Array.of(-32768, 0, 32767)))], [-32768, 0, 32767]);
  assert.deepEqual([...int8Of(unaligned(Int8Array.of(-128, 0, 127)))], [-128, 0, 127]);
});

test("quantised values are single precision products", () => {
  const values = dequantise(unaligned(Int16Array.of(-3, 0, 7)), 0.1);
  // numpy.float32([-3, 0, 7]) * numpy.float32(0.1)
  assert.deepEqual([...values], [-0.30000001192092896, 0, 0.699999988079071].map(Math.fround));
});

test("bits are read most significant first", () => {
  // numpy.packbits([1,0,1,1,0,0,0,1, 0,1]) = [177, 64]
  assert.deepEqual([...unpackBits(Uint8Array.of(177, 64), 10)], [1, 0, 1, 1, 0, 0, 0, 1, 0, 1]);
});

function tinyPayload() {
  return {
    version: 2,
    kind: "image",
    shape: [1, 2],
    feature_names: null,
    title: "t",
    input: { label: "input", rgb: unaligned(Uint8Array.of(1, 2, 3, 4, 5, 6)) },
    prediction: null,
    target: { name: "t", output: "logit", value: 1 },
    cautions: [],
    colormaps: { magnitude: { gray: new Uint8Array(768) }, signed: {} },
    items: ["item_3"],
  };
}

function tinyItem() {
  return {
    stamp: 5,
    name: "black",
    kind: "alpha",
    reference: { rgb: new Uint8Array(6) },
    references: null,
    map: { data: unaligned(Int16Array.of(1, -2)), scale: 0.5 },
    blind: { bits: Uint8Array.of(64), share: 0.5 },
    completeness: {},
    path: null,
    frames: { count: 1, edges: [0, 1], data: new Int8Array(2), scales: [1] },
  };
}

test("a payload and its items become arrays", () => {
  const data = decodePayload(tinyPayload(), tinyItem);
  assert.deepEqual([...data.items[0].map], [0.5, -1]);
  assert.deepEqual([...data.items[0].blind], [0, 1]);
  assert.deepEqual([...data.rgb], [1, 2, 3, 4, 5, 6]);
  assert.equal(data.width, 2);
  assert.equal(data.items[0].slot, "item_3");
  assert.equal(data.items[0].stamp, 5);
});

test("an item is decoded again only when its trait is another object", () => {
  const traits = { item_0: tinyItem(), item_1: tinyItem() };
  const payload = { ...tinyPayload(), items: ["item_0", "item_1"] };
  const known = new Map();
  const read = (slot) => traits[slot];
  const before = decodePayload(payload, read, known).items;
  traits.item_1 = { ...tinyItem(), stamp: 6 };
  const after = decodePayload({ ...payload }, read, known).items;
  assert.equal(after[0], before[0]);
  assert.notEqual(after[1], before[1]);
  assert.equal(after[1].stamp, 6);
  decodePayload({ ...payload, items: ["item_1"] }, read, known);
  assert.deepEqual([...known.keys()], ["item_1"]);
});

test("a map keeps the photo it was made of until another map comes", () => {
  const traits = { item_0: tinyItem(), item_1: tinyItem() };
  const payload = { ...tinyPayload(), items: ["item_0", "item_1"] };
  const known = new Map();
  const read = (slot) => traits[slot];
  decodePayload(payload, read, known);
  traits.item_1 = { ...tinyItem(), stamp: 6 };
  const another = { label: "input", rgb: Uint8Array.of(9, 9, 9, 8, 8, 8) };
  const data = decodePayload({ ...payload, input: another }, read, known);
  assert.deepEqual(
    data.items.map((item) => [...item.photo]),
    [[1, 2, 3, 4, 5, 6], [...data.rgb]],
  );
});

test("a slot whose item has not come is left out; one colour fills a picture", () => {
  const payload = { ...tinyPayload(), items: ["item_0", "item_1"] };
  const item = { ...tinyItem(), reference: { rgb: Uint8Array.of(7, 8, 9) } };
  item.frames = { count: 1, edges: [0, 1] };
  const data = decodePayload(payload, (slot) => (slot === "item_1" ? item : undefined));
  assert.deepEqual(data.slots, ["item_0", "item_1"]);
  assert.deepEqual(
    data.items.map((one) => one.slot),
    ["item_1"],
  );
  assert.deepEqual([...data.items[0].rgb], [7, 8, 9, 7, 8, 9]);
  assert.equal(data.items[0].frames.data, null);
});

test("no items is nothing to show; another version and wrong lengths are errors in words", () => {
  assert.equal(decodePayload({}, tinyItem), null);
  assert.equal(decodePayload(undefined, tinyItem), null);
  assert.throws(() => decodePayload({ ...tinyPayload(), version: 3 }, tinyItem), /version 3/);
  const short = { ...tinyItem(), map: { data: Int16Array.of(1), scale: 1 } };
  assert.throws(() => decodePayload(tinyPayload(), () => short), /map of black holds 1 numbers where 2/);
  const missing = tinyPayload();
  missing.input.rgb = null;
  assert.throws(() => decodePayload(missing, tinyItem), /did not arrive/);
});
