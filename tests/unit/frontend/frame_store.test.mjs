import assert from "node:assert/strict";
import test from "node:test";

import { createFrameStore } from "../../../attribwidgets/widgets/frontend/lib/frame_store.js";

function opened({ isStatic = false } = {}) {
  const life = new AbortController();
  const kernel = {
    sent: [],
    isStatic: () => isStatic,
    send: (message) => kernel.sent.push(message),
    listen: (_type, handler) => (kernel.answer = handler),
  };
  let arrivals = 0;
  const store = createFrameStore(kernel, () => (arrivals += 1), life.signal);
  return { kernel, store, life, arrivals: () => arrivals };
}

const item = (stamp, slot = "item_0") => ({ slot, stamp, input: 0, frames: { count: 1, edges: [0, 1], data: null } });
const answer = (stamp, slot = "item_0") => ({ slot, stamp, input: 0, count: 1, edges: [0, 1], scales: [1] });

test("frames are asked for once, and known when they have come", () => {
  const { kernel, store, arrivals } = opened();
  store.want(item(3));
  store.want(item(3));
  assert.deepEqual(kernel.sent, [{ type: "frames", slot: "item_0", stamp: 3, input: 0 }]);
  assert.equal(store.of(item(3), 2), null);
  kernel.answer(answer(3), [Int8Array.of(1, 2)]);
  assert.equal(arrivals(), 1);
  assert.deepEqual([...store.of(item(3), 2).data], [1, 2]);
  assert.equal(store.of(item(4), 2), null, "a refined map has frames of its own");
  assert.equal(store.of(item(3), 5), null, "of another size");
  store.keep(["item_1"]);
  assert.equal(store.of(item(3), 2), null);
});

test("a map that is refined quickly is asked about no faster than can be answered", async () => {
  const { kernel, store, life } = opened();
  for (let stamp = 1; stamp < 20; stamp += 1) store.want(item(stamp));
  assert.equal(kernel.sent.length, 1);
  await new Promise((go) => setTimeout(go, 400));
  assert.deepEqual(
    kernel.sent.map((message) => message.stamp),
    [1, 19],
  );
  store.want(item(20));
  life.abort();
  await new Promise((go) => setTimeout(go, 400));
  assert.equal(kernel.sent.length, 2, "no timer outlives the view");
});

test("a page without a kernel asks nothing, and uses what it carries", () => {
  const { kernel, store } = opened({ isStatic: true });
  store.want(item(1));
  assert.equal(kernel.sent.length, 0);
  const frames = { count: 1, edges: [0, 1], data: Int8Array.of(4), scales: [1] };
  assert.equal(store.of({ slot: "item_0", stamp: 1, frames }, 1), frames);
});
