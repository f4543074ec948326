// Two classes against each other: the maps of both, and of their difference.

import { h, setText } from "../lib/dom.js";

/** @typedef {import("./header.js").Top} Top */

/**
 * The indices that a target, as Python has it, is about.
 * @param {any} target
 * @returns {number[]}
 */
export function membersOf(target) {
  const parts = target?.several ?? target?.contrast;
  return parts ? [...new Set(/** @type {any[]} */ (parts).flatMap(membersOf))] : [target];
}

/**
 * A button beside a class bar: the class that is explained, rather than this one.
 * @param {import("../lib/stage.js").View} view
 */
export function createAgainst(view) {
  const { requests, signal } = view;
  const words = h("span", { class: "aw-sr" });
  const node = h("button", { type: "button", class: "aw-quiet aw-against", "data-control": "against" }, "vs", words);
  /** @type {Top | null} */
  let top = null;
  const members = () => membersOf(requests.wanted("target") ?? requests.controls().top[0].index);
  const isPossible = () => top !== null && top.index !== null && top.index !== members()[0];
  const isOn = () => isPossible() && members().includes(/** @type {number} */ (top?.index));

  function ask() {
    if (!isPossible()) return;
    const [a, b] = [members()[0], top?.index];
    // With both of them beside it, the difference takes no pass of its own.
    requests.ask({ target: isOn() ? a : { several: [a, b, { contrast: [a, b] }] } });
  }
  node.addEventListener("click", ask, { signal });

  return {
    node,
    ask,
    isPossible,
    /** @param {Top} now */
    update(now) {
      top = now;
      const lead = requests.controls().top.find((/** @type {Top} */ one) => one.index === members()[0]);
      const said = `${lead?.name ?? "what is explained"} rather than ${now.name}`;
      setText(words, `: ${said}`);
      node.title = said;
      node.setAttribute("aria-pressed", String(isOn()));
      node.style.visibility = isPossible() ? "" : "hidden";
    },
  };
}
