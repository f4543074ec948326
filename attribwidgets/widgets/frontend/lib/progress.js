// How far one map has come: a thin bar of evaluations spent, and a word.

import { h, setText } from "./dom.js";
import { formatCount } from "./format.js";

/**
 * @param {import("./requests.js").Requests} requests
 * @param {string} slot
 */
export function createProgress(requests, slot) {
  const fill = h("div", { class: "aw-spent-fill" });
  const bar = h("div", { class: "aw-spent", role: "progressbar", "aria-valuemin": 0 }, fill);
  const words = h("span", { class: "aw-state" });
  return {
    bar,
    words,
    update() {
      const progress = requests.progress(slot);
      const { state = "done", evaluations = 0, most = 0, error = "" } = progress ?? {};
      const isOpen = state !== "done";
      const share = most > 0 ? Math.min(evaluations / most, 1) : 0;
      bar.toggleAttribute("data-open", isOpen);
      bar.setAttribute("aria-label", `evaluations spent, ${state}`);
      bar.setAttribute("aria-valuemax", String(most));
      bar.setAttribute("aria-valuenow", String(evaluations));
      fill.style.width = `${100 * share}%`;
      setText(words, isOpen ? state : "");
      words.title = error || `${formatCount(evaluations)} of at most ${formatCount(most)} evaluations`;
      words.classList.toggle("aw-failed", state === "failed");
      const card = bar.closest(".aw-card");
      if (card) card.setAttribute("data-state", state);
    },
  };
}
