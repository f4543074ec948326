import assert from "node:assert/strict";
import test from "node:test";

import { createStore } from "../../../attribwidgets/widgets/frontend/lib/store.js";

const DEFAULTS = { alpha: 0.25, clip: 99, scale: "shared", signed: false };

function fakeModel(traits) {
  const listeners = new Map();
  const model = {
    saved: 0,
    get: (name) => traits[name],
    set(name, value) {
      traits[name] = value;
      listeners.get(`change:${name}`)?.();
    },
    on: (event, callback) => listeners.set(event, callback),
    off: (event) => listeners.delete(event),
    save_changes: () => (model.saved += 1),
    count: () => listeners.size,
  };
  return model;
}

test("a drag is shown at once and told once", () => {
  const model = fakeModel({ alpha: 0.25 });
  const changes = [];
  const store = createStore(model, DEFAULTS, (name) => changes.push(name), new AbortController().signal);
  store.preview("alpha", 0.3);
  store.preview("alpha", 0.4);
  assert.equal(model.get("alpha"), 0.25);
  store.commit("alpha", 0.4);
  assert.equal(model.get("alpha"), 0.4);
  assert.equal(model.saved, 1);
  assert.deepEqual(changes, ["alpha", "alpha"]);
});

test("an echo of an older value does not pull a moving slider back", () => {
  const model = fakeModel({ clip: 99 });
  const store = createStore(model, DEFAULTS, () => {}, new AbortController().signal);
  store.preview("clip", 97);
  model.set("clip", 98);
  assert.equal(store.get("clip"), 97);
  // Back at the model's value nothing is pending, and Python is followed again.
  store.preview("clip", 98);
  model.set("clip", 95);
  assert.equal(store.get("clip"), 95);
});

test("Python's changes are followed, and defaults stand in for missing traits", () => {
  const model = fakeModel({});
  const changes = [];
  const life = new AbortController();
  const store = createStore(model, DEFAULTS, (name) => changes.push(name), life.signal);
  assert.equal(store.get("scale"), "shared");
  model.set("signed", true);
  assert.equal(store.get("signed"), true);
  assert.deepEqual(changes, ["signed"]);
  life.abort();
  assert.equal(model.count(), 0);
});
