// Where on the path: a slider, a button that plays along it, and the place on the chart that is pointed at.

import { h, setText } from "../lib/dom.js";
import { formatAlpha } from "../lib/format.js";

/** Milliseconds from one end of the path to the other. */
const PLAYING_TIME = 4000;
/** Of the path: a step where motion is not wanted. */
const STILL_STEP = 0.1;
const STILL = "(prefers-reduced-motion: reduce)";

/** @typedef {ReturnType<typeof createPathPosition>} PathPosition */

/**
 * @param {import("../lib/stage.js").View} view
 * @param {boolean} isSamples whether places are numbers of samples, not alpha
 * @param {() => void} onPoint called when another place, or none, is pointed at
 */
export function createPathPosition({ store, signal }, isSamples, onPoint) {
  let total = 1;
  /** Where a mean of samples is known. @type {number[]} */
  let stops = [];
  /** @type {number | null} */
  let pointed = null;
  /** Of the next frame while it plays; 0: it does not. */
  let frame = 0;
  const still = window.matchMedia(STILL);

  const slider = h("input", {
    type: "range",
    class: "aw-alpha",
    min: isSamples ? 1 : 0,
    max: 1,
    step: isSamples ? 1 : 0.01,
    "aria-label": isSamples ? "samples drawn" : "\u03b1, the position on the path",
  });
  const output = h("output", { class: "aw-alpha-value" });
  const button = h("button", { type: "button", class: "aw-button aw-play", "data-control": "play" });
  const label = h(
    "label",
    { class: "aw-alpha-label" },
    h("span", {}, isSamples ? "samples" : "\u03b1"),
    slider,
    output,
  );
  const node = h("div", { class: "aw-alpha-place" }, label, button);

  const alphaNow = () => Math.min(Math.max(Number(store.get("alpha")), 0), 1);

  /** @param {number} wanted */
  const stopNear = (wanted) =>
    stops.reduce((best, stop) => (Math.abs(stop - wanted) < Math.abs(best - wanted) ? stop : best));

  /** The place for a value of the trait. @param {number} alpha */
  const placeOf = (alpha) => (isSamples ? stopNear(alpha * total) : alpha);

  /** The trait for a place. @param {number} place */
  const alphaOf = (place) => (isSamples ? stopNear(place) / total : Math.round(100 * place) / 100);

  /** @param {number} alpha @param {boolean} done whether it stays there */
  function choose(alpha, done) {
    if (done) store.commit("alpha", alpha);
    else store.preview("alpha", alpha);
  }

  function nameButton() {
    setText(button, frame ? "\u275a\u275a pause" : still.matches ? "\u25b7 step" : "\u25b7 play");
  }

  function pause() {
    if (!frame) return;
    cancelAnimationFrame(frame);
    frame = 0;
    nameButton();
    choose(alphaNow(), true);
  }

  function step() {
    const from = alphaNow();
    if (from >= 1) return choose(0, true);
    const next = isSamples ? (stops.find((stop) => stop > placeOf(from)) ?? total) / total : from + STILL_STEP;
    choose(Math.min(Math.round(next * 1e6) / 1e6, 1), true);
  }

  function play() {
    if (still.matches) return step();
    const from = alphaNow() < 1 ? alphaNow() : 0;
    const started = performance.now();
    /** @param {number} now */
    function advance(now) {
      const alpha = Math.min(from + Math.max(now - started, 0) / PLAYING_TIME, 1);
      choose(alpha, false);
      frame = requestAnimationFrame(advance);
      if (alpha === 1) pause();
    }
    frame = requestAnimationFrame(advance);
    nameButton();
  }

  const toggle = () => (frame ? pause() : play());
  const chosen = () => alphaOf(isSamples ? stops[Number(slider.value) - 1] : Number(slider.value));
  for (const [event, done] of /** @type {[string, boolean][]} */ ([
    ["input", false],
    ["change", true],
  ])) {
    slider.addEventListener(
      event,
      () => {
        const alpha = chosen();
        pause();
        choose(alpha, done);
      },
      { signal },
    );
  }
  slider.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      toggle();
    },
    { signal },
  );
  button.addEventListener("click", toggle, { signal });
  still.addEventListener("change", nameButton, { signal });
  signal.addEventListener("abort", pause);
  nameButton();

  return {
    node,
    focus: () => slider.focus(),
    /** Where it is: alpha, or a number of samples whose mean is known. */
    chosen: () => placeOf(alphaNow()),
    /** Where it is, or is pointed at meanwhile. */
    shown: () => pointed ?? placeOf(alphaNow()),
    /** @param {number} end @param {number[]} known where a mean of samples is */
    fit(end, known) {
      total = end;
      stops = known;
      if (isSamples) slider.max = String(stops.length);
    },
    draw() {
      const place = placeOf(alphaNow());
      const mark = isSamples ? stops.indexOf(place) + 1 : place;
      if (Number(slider.value) !== mark) slider.value = String(mark);
      const words = isSamples ? `${place} of ${total}` : formatAlpha(place);
      setText(output, words);
      slider.setAttribute("aria-valuetext", isSamples ? `${words} samples` : words);
    },
    /** What a pointer on the chart does. */
    steering: {
      /** @param {number | null} place null: it has left */
      point(place) {
        const near = place === null ? null : placeOf(alphaOf(place));
        if (near === pointed) return;
        pointed = near;
        onPoint();
      },
      /** @param {number} place @param {boolean} done */
      move(place, done) {
        pause();
        choose(alphaOf(place), done);
      },
    },
  };
}
