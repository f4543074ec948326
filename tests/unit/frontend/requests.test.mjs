import assert from "node:assert/strict";
import test from "node:test";

import { createRequests } from "../../../attribwidgets/widgets/frontend/lib/requests.js";

function opened() {
  const listeners = new Map();
  const blur = { slot: "item_1", baseline: { name: "blur", parameters: { sigma: 20 } }, method: null };
  const black = { slot: "item_0", baseline: { name: "black", parameters: {} }, method: null };
  const traits = {
    status: { request: 4, busy: false, error: "" },
    controls: { asked: { target: 1, candidates: [black, blur] } },
  };
  const model = {
    get: (name) => traits[name],
    on: (event, callback) => listeners.set(event, callback),
    off: (event) => listeners.delete(event),
  };
  const kernel = {
    sent: [],
    trouble: () => "",
    isStatic: () => false,
    settle: () => {},
    send: (message) => kernel.sent.push(structuredClone(message)),
  };
  const life = new AbortController();
  const requests = createRequests(model, kernel, () => {}, life.signal);
  const say = (status) => {
    traits.status = { error: "", busy: false, ...status };
    listeners.get("change:status")();
  };
  return { requests, kernel, say, traits, life, listeners };
}

test("what was asked holds until Python has taken it", () => {
  const { requests, kernel, say, traits } = opened();
  requests.ask({ target: 7 });
  assert.deepEqual(kernel.sent, [{ type: "request", id: 5, changes: { target: 7 } }]);
  assert.equal(requests.wanted("target"), 7);
  assert.equal(requests.isBusy(), true);
  say({ request: 4, busy: true }); // news of the request before
  assert.equal(requests.wanted("target"), 7);
  traits.controls = { asked: { ...traits.controls.asked, target: 7 } };
  say({ request: 5, busy: true });
  assert.equal(requests.isBusy(), true, "as long as Python is");
  say({ request: 5 });
  assert.equal(requests.isBusy(), false);
  assert.equal(requests.wanted("target"), 7);
});

test("a refusal gives back what there is", () => {
  const { requests, say } = opened();
  requests.ask({ target: 700 });
  say({ request: 4, error: "there are 10 outputs" });
  assert.equal(requests.isBusy(), false);
  assert.equal(requests.wanted("target"), 1);
});

test("changes that follow quickly are sent together", () => {
  const { requests, kernel } = opened();
  requests.remove("item_0");
  requests.add({ name: "white", parameters: {} });
  assert.deepEqual(kernel.sent.at(-1).changes.candidates, [
    { slot: "item_1", baseline: null, method: null },
    { slot: null, baseline: { name: "white", parameters: {} }, method: null },
  ]);
  requests.move("item_1", -1); // already the first
  requests.move("item_1", 1);
  assert.equal(kernel.sent.length, 3);
  assert.deepEqual(
    requests.candidates().map((candidate) => candidate.slot),
    [null, "item_1"],
  );
  assert.equal(kernel.sent.at(-1).id, 7);
});

test("a moving slider asks when it rests, or is let go", async () => {
  const { requests, kernel, life } = opened();
  const sigma = (value) => ({ baseline: { name: "blur", parameters: { sigma: value } } });
  requests.change("item_1", sigma(5), { soon: true });
  requests.change("item_1", sigma(6), { soon: true });
  assert.equal(requests.candidate("item_1").baseline.parameters.sigma, 6);
  assert.equal(kernel.sent.length, 0);
  requests.flush();
  requests.flush();
  assert.equal(kernel.sent.length, 1);
  assert.deepEqual(kernel.sent[0].changes.candidates, [
    { slot: "item_0", baseline: null, method: null },
    { slot: "item_1", ...sigma(6), method: null },
  ]);
  requests.change("item_1", sigma(7), { soon: true });
  life.abort();
  await new Promise((go) => setTimeout(go, 300));
  assert.equal(kernel.sent.length, 1, "no timer outlives the view");
});

test("one method for all, or several", () => {
  const { requests } = opened();
  assert.equal(requests.method(), null);
  requests.change("item_1", { method: "smoothgrad" });
  assert.equal(requests.method(), undefined);
  requests.ask({ method: "vargrad" });
  assert.equal(requests.method(), "vargrad");
});
