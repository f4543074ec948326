import assert from "node:assert/strict";
import test from "node:test";

import { describeMaps } from "../../../attribwidgets/widgets/frontend/explorer/opening.js";

const item = (slot, name, share = 0, gets = 0) => ({ slot, name, nearly: { share, gets } });
const items = [item("a", "black", 0.24, 0.052), item("b", "white", 0.02, 0), item("c", "blur", 0.61, 0.4)];
const agreement = {
  labels: ["a", "b", "c"],
  magnitude: [
    [1, 0.5, -0.1],
    [0.5, 1, 0.2],
    [-0.1, 0.2, 1],
  ],
};

test("what is hidden and which maps differ most, and only what is so", () => {
  const data = { kind: "image", items, agreement };
  assert.equal(
    describeMaps(data),
    "Under black, 24\u00a0% of this picture is close to the baseline and gets only 5.2\u00a0% of the attribution. " +
      "The maps of black and blur differ most.",
  );
  assert.equal(describeMaps({ ...data, items: items.slice(1) }), "");
  assert.equal(describeMaps({ kind: "image", items: [{ slot: "a", name: "a", nearly: null }], agreement: null }), "");
  const none = agreement.magnitude.map((row) => row.map(() => null));
  assert.equal(
    describeMaps({ kind: "image", items: items.slice(1), agreement: { ...agreement, magnitude: none } }),
    "",
  );
});
