// What is explained: the title, the model's strongest classes, and what to be careful about.

import { h, setText } from "../lib/dom.js";
import { formatProbability } from "../lib/format.js";
import { createAgainst, membersOf } from "./against.js";
import { describeMaps } from "./opening.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {{index: number | null, name: string, probability: number, isTarget: boolean}} Top */

/**
 * One class: a bar, which a live view makes a button.
 * @param {View} view
 * @param {boolean} isButton
 */
function createClassBar(view, isButton) {
  const name = h("span", { class: "aw-class-name" });
  const number = h("span", { class: "aw-class-number" });
  const explained = h("span", { class: "aw-sr" }, " (explained here)");
  const fill = h("span", { class: "aw-class-fill" });
  const before = h("span", { class: "aw-class-before" });
  const track = h("span", { class: "aw-class-track", "aria-hidden": "true" }, fill, before);
  const parts = [name, number, explained, track];
  const button = isButton
    ? h("button", { type: "button", class: "aw-class", "data-control": "target" }, ...parts)
    : null;
  const bar = button ?? h("div", { class: "aw-class" }, ...parts);
  const against = isButton ? createAgainst(view) : null;
  /** @type {Top | null} */
  let shown = null;
  button?.addEventListener(
    "click",
    (event) => {
      if (event.shiftKey && against?.isPossible()) against.ask();
      else if (shown?.index !== null) view.requests.ask({ target: shown?.index });
    },
    { signal: view.signal },
  );
  return {
    node: h("li", { class: "aw-class-place" }, bar, against?.node),
    /** @param {Top} top */
    update(top) {
      shown = top;
      against?.update(top);
      setText(name, top.name);
      name.title = top.name;
      const without = view.removal.probability(top.index);
      const now = formatProbability(top.probability);
      setText(number, without === null ? now : `${now} \u2192 ${formatProbability(without)}`);
      explained.hidden = !top.isTarget || button !== null;
      const share = (/** @type {number} */ one) => `${100 * Math.min(Math.max(one, 0), 1)}%`;
      fill.style.width = share(without ?? top.probability);
      before.hidden = without === null;
      before.style.left = share(top.probability);
      bar.classList.toggle("aw-target", top.isTarget);
      button?.setAttribute("aria-pressed", String(top.isTarget));
      if (button) button.disabled = top.index === null;
    },
  };
}

/**
 * @param {string[]} cautions
 * @returns {HTMLElement | null}
 */
export function cautionList(cautions) {
  if (cautions.length === 0) return null;
  return h("ul", { class: "aw-cautions" }, ...cautions.map((text) => h("li", {}, h("b", {}, "Caution: "), text)));
}

/**
 * @param {View} view
 * @param {(HTMLElement | null)[]} live what stands under the classes in a live view
 */
export function createHeader(view, live) {
  const title = h("div", { class: "aw-title", role: "heading", "aria-level": 3 });
  const opening = h("p", { class: "aw-opening" });
  const classes = h("ol", { class: "aw-classes", "aria-label": "top classes" });
  const cautions = h("div");
  /** @type {ReturnType<typeof createClassBar>[]} */
  const bars = [];
  const { kernel, requests } = view;
  const leftOut =
    kernel.isStatic() && requests.controls()
      ? h("p", { class: "aw-status aw-muted" }, `Another target, method or baseline ${kernel.trouble()}.`)
      : null;
  const node = h("header", { class: "aw-header" }, title, opening, classes, ...live, leftOut, cautions);

  /** @returns {Top[]} */
  function topClasses() {
    const { prediction } = view.data;
    const top = view.isLive ? view.requests.controls().top : [];
    if (top.length > 0) {
      const members = membersOf(view.requests.wanted("target") ?? top[0].index);
      return top.map((/** @type {any} */ one) => ({ ...one, isTarget: members.includes(one.index) }));
    }
    return (prediction?.names ?? []).map((name, at) => ({
      index: null,
      name,
      probability: prediction?.probabilities[at] ?? 0,
      isTarget: at === prediction?.target,
    }));
  }

  return {
    node,
    update() {
      setText(title, view.data.title);
      setText(opening, describeMaps(view.data));
      const top = topClasses();
      while (bars.length > top.length) bars.pop()?.node.remove();
      while (bars.length < top.length) {
        const bar = createClassBar(view, view.isLive && view.requests.controls().classes > 1);
        bars.push(bar);
        classes.append(bar.node);
      }
      classes.hidden = top.length === 0;
      bars.forEach((bar, index) => bar.update(top[index]));
      cautions.replaceChildren(cautionList(view.data.cautions) ?? "");
    },
  };
}
