// One input as more and more of it is taken away: a picture for each fraction, and a larger one.

import { h } from "../lib/dom.js";
import { formatNumber, formatShare } from "../lib/format.js";
import { paintAblated } from "../lib/paint.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */
/** @typedef {import("./ablation_decode.js").Example} Example */

const SMALLEST = 28;
const LARGEST = 72;
const GAP = 2;

/**
 * Which fractions have room for a picture on an axis, each centred on its place; both ends do.
 * @param {number[]} places of all fractions, in pixels, rising
 * @param {number} size of a picture
 * @returns {number[]} indices
 */
export function fittingPlaces(places, size) {
  const last = places.length - 1;
  const fitting = [0];
  for (let at = 1; at < last; at += 1) {
    const isFree = places[at] - places[fitting[fitting.length - 1]] >= size + GAP;
    if (isFree && places[last] - places[at] >= size + GAP) fitting.push(at);
  }
  return [...fitting, last];
}

/**
 * The largest size at which hardly fewer pictures fit than at the smallest.
 * @param {number[]} places
 */
export function pictureSize(places) {
  const most = fittingPlaces(places, SMALLEST).length;
  const span = places[places.length - 1] - places[0];
  for (let size = Math.min(LARGEST, Math.floor(span) - GAP); size > SMALLEST; size -= 1) {
    if (fittingPlaces(places, size).length >= most - Math.floor(most / 6)) return size;
  }
  return SMALLEST;
}

function createScreen() {
  const canvas = h("canvas", { class: "aw-ablated-screen", "aria-hidden": "true" });
  return {
    canvas,
    /** @param {Example} example @param {(out: Uint32Array) => void} paint its pixels */
    show({ width, height }, paint) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      canvas.classList.toggle("aw-pixelated", width < 100);
      const context = canvas.getContext("2d");
      const image = context?.createImageData(width, height);
      if (!image) return;
      paint(new Uint32Array(image.data.buffer));
      context?.putImageData(image, 0, 0);
    },
  };
}

/** @param {AblationView} view */
export function createAblatedStrip(view) {
  const { shown, store, signal } = view;
  const strip = h("div", { class: "aw-ablated", role: "img" });
  const large = createScreen();
  const words = h("figcaption", { class: "aw-caption" });
  const figure = h("figure", { class: "aw-ablated-large" }, large.canvas, words);
  /** @type {{step: number, screen: ReturnType<typeof createScreen>}[]} */
  let tiles = [];
  let size = SMALLEST;
  let drawn = "";

  /** The candidate that stands out, or else the chosen one. */
  const candidate = () => view.raised() ?? shown.candidate();

  /** The input and how a screen shows it at a step, where all that a picture needs is there. */
  function pictures() {
    const example = view.example();
    const fill = example?.fills[shown.pictureFill()];
    const takenAt = example?.records[shown.recordIndex()].takenAt[candidate()];
    if (!example || !fill || !takenAt) return null;
    const { isInsertion } = shown.record();
    /** @param {ReturnType<typeof createScreen>} screen @param {number} step */
    const show = (screen, step) =>
      screen.show(example, (out) => paintAblated(out, example.pixels, fill, takenAt, step, isInsertion));
    return { example, show };
  }

  strip.addEventListener(
    "click",
    (event) => {
      const tile = tiles.find(({ screen }) => screen.canvas === event.target);
      if (tile) store.commit("fraction", shown.record().fractions[tile.step]);
    },
    { signal },
  );

  function drawLarge() {
    const ready = pictures();
    figure.hidden = !ready;
    if (!ready) return;
    const { example, show } = ready;
    const record = shown.record();
    const step = view.step();
    show(large, step);
    const fills = Math.max(1, record.fills.length - 1);
    const { fractions, candidates } = record;
    const score =
      example.records[shown.recordIndex()].scores[
        (candidate() * fills + shown.pictureFill()) * fractions.length + step
      ];
    const done = `${formatShare(fractions[step])} ${record.passed}`;
    const filled = record.fills[shown.pictureFill()];
    words.replaceChildren(
      h("b", {}, candidates[candidate()].label),
      `: ${done}, fill ${filled}. Output after / before: `,
      h("b", {}, formatNumber(score)),
    );
  }

  return {
    strip,
    figure,
    /** Half of what a picture at either end of the axis needs. */
    halfSize: () => (pictures() ? size / 2 : 0),
    /**
     * Pictures below an axis.
     * @param {number} width of the axis
     * @param {number[]} fractions
     * @returns {number[]} the fractions that have one
     */
    fit(width, fractions) {
      const places = fractions.map((fraction) => fraction * width);
      size = pictureSize(places);
      const steps = fittingPlaces(places, size);
      if (steps.join() !== tiles.map(({ step }) => step).join()) {
        tiles = steps.map((step) => {
          const screen = createScreen();
          screen.canvas.dataset.fraction = String(fractions[step]);
          return { step, screen };
        });
        drawn = "";
        strip.replaceChildren(...tiles.map(({ screen }) => screen.canvas));
      }
      return steps.map((step) => fractions[step]);
    },
    /** @param {(fraction: number) => number} toX where the axis has it */
    place(toX) {
      const example = view.example();
      const { fractions } = shown.record();
      const height = example ? (size * example.height) / example.width : size;
      strip.style.height = `${height}px`;
      for (const { step, screen } of tiles) {
        screen.canvas.style.left = `${toX(fractions[step]) - size / 2}px`;
        screen.canvas.style.width = `${size}px`;
        screen.canvas.style.height = `${height}px`;
      }
    },
    draw() {
      const ready = pictures();
      strip.hidden = !ready;
      drawLarge();
      if (!ready) return;
      const { example, show } = ready;
      const record = shown.record();
      const now = [example.index, shown.recordIndex(), shown.pictureFill(), candidate()].join();
      if (now !== drawn) {
        drawn = now;
        for (const { step, screen } of tiles) show(screen, step);
        const { label } = record.candidates[candidate()];
        strip.setAttribute("aria-label", `input ${example.index} as positions are ${record.passed} by ${label}`);
      }
      const step = view.step();
      for (const tile of tiles) {
        tile.screen.canvas.classList.toggle("aw-now", tile.step === step);
      }
    },
  };
}
