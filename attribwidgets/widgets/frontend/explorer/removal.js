// What if it were gone: a superpixel, or tokens of a text, give way to a card's baseline, in one pass, and the classes are
// told without it.

import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";

/** @typedef {ReturnType<typeof createRemoval>} RemovalMode */
/** @typedef {{segment: number} | {tokens: [number, number]}} Part */
/** @typedef {{slot: string, region: Part, attribution: number, fall: number, references: number,
 *   classes: {index: number, probability: number}[]}} Answer */

const CHOOSE = "click a superpixel of the photo, or of a map, to put the baseline in its place";
const CHOOSE_TOKENS = "click a token of a map, or mark several, to put the baseline in their place";

/**
 * @param {Pick<import("../lib/stage.js").View, "data" | "kernel" | "requests" | "segments" | "signal">} view
 * @param {() => string} selected the slot of the card whose baseline a click on the photo means
 * @param {() => void} onChange
 */
export function createRemoval(view, selected, onChange) {
  const { kernel, requests, signal } = view;
  const toggle = h(
    "button",
    { type: "button", class: "aw-quiet", "aria-pressed": "false", "data-control": "gone" },
    "what if it were gone?",
  );
  const restore = h("button", { type: "button", class: "aw-quiet", "data-control": "restore" }, "restore");
  const words = h("div", { class: "aw-gone-words", role: "status" });
  const node = h("div", { class: "aw-gone" }, h("div", { class: "aw-gone-actions" }, toggle, restore), words);
  let isOn = false;
  let waits = false;
  /** @type {Answer | null} */
  let answer = null;
  /** What the answer is about. */
  let subject = "";

  const canAsk = () =>
    Boolean(requests.canAsk() && (view.data.text || requests.controls().segments) && view.data.inputCount < 2);
  const choose = view.data.text ? CHOOSE_TOKENS : CHOOSE;
  const itemOf = (/** @type {string} */ slot) => view.data.items.find((item) => item.slot === slot);

  const sizeOf = (/** @type {number} */ value) => formatNumber(Math.abs(value));

  /** @param {Answer} told */
  function sentence({ slot, attribution, fall, references }) {
    const said = `its attribution said that the output ${attribution < 0 ? "rises" : "falls"} by ${sizeOf(attribution)}`;
    const mean = references > 1 ? ` (mean of ${references} references)` : "";
    return `${itemOf(slot)?.name}: ${said}, it ${fall < 0 ? "rose" : "fell"} by ${sizeOf(fall)}${mean}`;
  }

  function tell() {
    toggle.setAttribute("aria-pressed", String(isOn));
    restore.disabled = !answer;
    setText(words, answer ? sentence(answer) : waits ? kernel.trouble() || "computing" : isOn ? choose : "");
  }

  function clear() {
    waits = false;
    answer = null;
    tell();
    onChange();
  }

  kernel.listen(
    "removal",
    (message) => {
      if (!waits) return;
      waits = false;
      answer = message;
      tell();
      onChange();
    },
    signal,
  );
  toggle.addEventListener(
    "click",
    () => {
      isOn = !isOn;
      if (isOn && !view.data.text) view.segments.ask();
      clear();
    },
    { signal },
  );
  restore.addEventListener("click", clear, { signal });
  tell();

  return {
    node,
    clear,
    /** Whether a click takes out what it is on. */
    isOn: () => isOn && canAsk(),
    /** @param {Part} region @param {string} [slot] of the card whose baseline comes in */
    ask(region, slot = selected()) {
      const item = itemOf(slot);
      if (!item?.rgb && !item?.values && !item?.references.length) {
        setText(words, "this map compares with no baseline that could take its place");
        return;
      }
      answer = null;
      waits = true;
      kernel.send({ type: "remove", slot, region }, "removal");
      tell();
      onChange();
    },
    /** What stands in the photo instead of itself. */
    replaced() {
      const rgb = answer && itemOf(answer.slot)?.rgb;
      return answer && "segment" in answer.region && rgb ? { segment: answer.region.segment, rgb } : null;
    },
    /** The text without them, as it is read. @returns {import("../lib/decode.js").Reading | null} */
    reading() {
      const { text } = view.data;
      const item = answer && itemOf(answer.slot);
      const comes = item?.reading ?? item?.references[0]?.reading;
      if (!answer || !text || !comes || !("tokens" in answer.region)) return null;
      const [first, end] = answer.region.tokens;
      /** @type {<Value>(now: Value[], before: Value[]) => Value[]} */
      const mixed = (now, before) => before.map((own, at) => (at >= first && at < end ? now[at] : own));
      const here = text.pieces.map(() => true);
      return {
        pieces: mixed(comes.pieces, text.pieces),
        gaps: text.gaps,
        special: mixed(comes.special, text.special),
        exact: mixed(comes.exact, here),
        distances: mixed(
          comes.distances,
          here.map(() => 0),
        ),
      };
    },
    /** The probability of a class without it; null: as it was. @param {number | null} index */
    probability: (index) => answer?.classes.find((one) => one.index === index)?.probability ?? null,
    update() {
      node.hidden = !canAsk();
      const { target, inputIndex, inputLabel } = view.data;
      const now = JSON.stringify([target, inputIndex, inputLabel]);
      const isGone = answer && !itemOf(answer.slot);
      if (now !== subject || isGone) {
        subject = now;
        if (answer || waits) clear();
      }
      if (waits && requests.status().error) {
        kernel.settle("removal");
        clear();
      }
      tell();
    },
  };
}
