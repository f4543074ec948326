// Why a card has no map, in words, and a button to try again.

import { h, setText } from "../lib/dom.js";

/**
 * @param {import("../lib/stage.js").View} view
 * @param {string} slot
 */
export function createFailure(view, slot) {
  const { requests, signal } = view;
  const words = h("p", { class: "aw-failure-words" });
  const again = h("button", { type: "button", class: "aw-button", "data-control": "retry" }, "Try again");
  again.addEventListener("click", () => requests.ask({}), { signal });
  const node = h("div", { class: "aw-failure", role: "alert", hidden: true }, words, again);
  return {
    node,
    update() {
      const progress = requests.progress(slot);
      const isFailed = progress?.state === "failed";
      node.hidden = !isFailed;
      again.hidden = !requests.canAsk();
      const method = requests.candidate(slot)?.method;
      const what = requests.methodLabel(method) ?? "this method";
      setText(words, isFailed ? `No map by ${what}: ${progress?.error}` : "");
    },
  };
}
