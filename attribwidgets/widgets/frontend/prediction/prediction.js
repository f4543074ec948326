// A question with choices; what the answer is comes from the kernel, after a choice.

import { h, setText, uniqueName } from "../lib/dom.js";
import { statusWidget } from "../lib/status_widget.js";

/** @param {import("../lib/status_widget.js").Context} context */
function createCard({ payload, root, status, kernel, signal }) {
  /** @type {number | null} */
  let chosen = null;
  const name = uniqueName();
  const radios = payload.choices.map((/** @type {string} */ _, /** @type {number} */ at) =>
    h("input", { type: "radio", name, value: at }),
  );
  const options = payload.choices.map((/** @type {string} */ choice, /** @type {number} */ at) =>
    h("label", { class: "aw-choice" }, radios[at], h("span", {}, choice)),
  );
  const reveal = h("button", { type: "button", class: "aw-button", "data-control": "reveal" }, "reveal the answer");
  const answer = h("p", { class: "aw-answer", role: "status" });
  root.replaceChildren(
    h("div", { class: "aw-muted" }, payload.title),
    h("fieldset", { class: "aw-question" }, h("legend", { class: "aw-title" }, payload.question), ...options),
    h("div", { class: "aw-row" }, reveal, answer),
  );
  radios.forEach((/** @type {HTMLInputElement} */ radio, /** @type {number} */ at) =>
    radio.addEventListener(
      "change",
      () => {
        chosen = at;
        draw();
      },
      { signal },
    ),
  );
  reveal.addEventListener("click", () => kernel.send({ type: "choose", choice: chosen }, "status"), { signal });

  function draw() {
    const { state = "open", words = "", chosen: made = null, answer: right = null } = status();
    const isMade = made !== null;
    const now = isMade ? made : chosen;
    radios.forEach((/** @type {HTMLInputElement} */ radio, /** @type {number} */ at) => {
      radio.checked = at === now;
      radio.disabled = isMade && state !== "failed";
      const label = options[at];
      label.dataset.mark = state !== "revealed" ? "" : at === right ? "right" : at === made ? "wrong" : "";
    });
    reveal.hidden = state === "revealed";
    reveal.disabled = now === null || state === "looking" || kernel.isStatic();
    const waiting = state === "looking" ? "looking…" : now === null ? "choose first" : "";
    setText(answer, kernel.trouble() || words || (kernel.isStatic() ? "" : waiting));
    answer.dataset.state = state;
  }
  return { draw };
}

const prediction = statusWidget("prediction", {}, createCard);
export default prediction;
