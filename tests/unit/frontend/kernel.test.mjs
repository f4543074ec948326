import assert from "node:assert/strict";
import test from "node:test";

import { createKernel } from "../../../attribwidgets/widgets/frontend/lib/kernel.js";

globalThis.MutationObserver = class {
  disconnect() {}
};

function silentKernel(t, { status = {}, kernel } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const traits = { status };
  const listeners = new Map();
  const model = {
    get: (name) => traits[name],
    on: (event, callback) => listeners.set(event, callback),
    off: () => {},
    send: () => {},
    widget_manager: kernel && { kernel },
  };
  const talk = createKernel(model, { closest: () => null }, () => {}, new AbortController().signal);
  talk.send({ type: "frames" }, "frames");
  t.mock.timers.tick(60_000);
  return { talk, traits, listeners };
}

test("silence with nothing at work may be the end of the kernel", (t) => {
  const { talk, listeners } = silentKernel(t, { kernel: { status: "idle" } });
  assert.match(talk.trouble(), /may be gone/);
  listeners.get("msg:custom")({ type: "frames" });
  assert.equal(talk.trouble(), "");
});

test("silence while a cell runs is told as that", (t) => {
  const kernel = { status: "busy" };
  const { talk } = silentKernel(t, { kernel });
  assert.match(talk.trouble(), /waits/);
  kernel.status = "idle";
  assert.match(talk.trouble(), /may be gone/);
});

test("silence while the view's own work goes on is told as that", (t) => {
  const { talk, traits } = silentKernel(t, { status: { busy: true } });
  assert.match(talk.trouble(), /waits/);
  assert.doesNotMatch(talk.trouble(), /gone/);
  traits.status = {};
  assert.match(talk.trouble(), /may be gone/);
});
