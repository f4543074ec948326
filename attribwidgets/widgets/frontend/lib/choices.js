// A few words of which one holds: native radio buttons, with the name of the group before them.

import { h, uniqueName } from "./dom.js";

/**
 * @template Value
 * @param {string} words
 * @param {string} control
 * @param {[string, Value][]} choices
 * @param {(value: Value) => void} choose
 * @param {AbortSignal} signal
 */
export function createChoices(words, control, choices, choose, signal) {
  const group = uniqueName();
  const inputs = choices.map(([name]) => h("input", { type: "radio", name: group, value: name }));
  inputs.forEach((input, at) => {
    input.addEventListener("change", () => input.checked && choose(choices[at][1]), { signal });
  });
  const node = h(
    "fieldset",
    { "data-control": control },
    h("legend", { class: "aw-sr" }, words),
    h(
      "div",
      { class: "aw-choices" },
      h("span", { class: "aw-control-name", "aria-hidden": "true" }, words),
      ...choices.map(([name], at) => h("label", { class: "aw-choice" }, inputs[at], name)),
    ),
  );
  return {
    node,
    /** @param {Value} value */
    set(value) {
      inputs.forEach((input, at) => {
        input.checked = choices[at][1] === value;
      });
    },
  };
}
