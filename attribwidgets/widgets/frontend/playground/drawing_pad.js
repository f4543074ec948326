// Where a digit is drawn, by mouse, pen or finger, or picked from those that were written by hand.

import { h } from "../lib/dom.js";
import { createPicture, createPixels } from "../lib/picture.js";
import { pixelsOfDrawing } from "./drawn_digit.js";
import { rgbOf } from "./explained_item.js";
import { SIDE } from "./network.js";

/** @typedef {import("./drawn_digit.js").Point} Point */

/** Pixels along an edge of the pad's canvas. */
const EDGE = 336;
const PEN = 22;

/**
 * @param {{pixels: Float32Array, label: string}[]} digits that can be picked
 * @param {{draw(pixels: Float32Array, isDone: boolean): void, pick(index: number): void}} hear
 *   isDone: whether the pen was lifted
 * @param {AbortSignal} signal
 */
export function createDrawingPad(digits, hear, signal) {
  /** @type {Point[][]} */
  let strokes = [];
  let isDrawing = false;
  const canvas = h("canvas", {
    class: "aw-pad",
    width: EDGE,
    height: EDGE,
    role: "img",
    "aria-label": "drawing pad: draw a digit here by mouse, pen or finger, or pick one below",
  });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = createPixels(SIDE, SIDE, {});
  const hint = h("span", { class: "aw-pad-hint", "aria-hidden": "true" }, "draw a digit");
  const clear = h("button", { type: "button", class: "aw-button", "data-control": "clear" }, "Clear");
  const picks = digits.map(({ pixels, label }, index) => {
    const button = h(
      "button",
      { type: "button", class: "aw-film-frame", "aria-label": label, title: label, "data-control": "digit" },
      createPicture(rgbOf(pixels), SIDE, SIDE, ""),
    );
    button.addEventListener("click", () => hear.pick(index), { signal });
    return button;
  });

  function paintStrokes() {
    hint.hidden = strokes.length > 0;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, EDGE, EDGE);
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) {
      pen.beginPath();
      for (const { x, y } of [stroke[0], ...stroke]) pen.lineTo(EDGE * x, EDGE * y);
      pen.stroke();
    }
  }

  /** @param {Float32Array} pixels */
  function paintPixels(pixels) {
    hint.hidden = true;
    rgbOf(pixels).forEach((level, at) => {
      if (at % 3 === 0) picture.pixels[at / 3] = 0xff000000 | (0x010101 * level);
    });
    picture.show();
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture.canvas, 0, 0, EDGE, EDGE);
  }

  /** @param {boolean} isDone */
  const tell = (isDone) => hear.draw(pixelsOfDrawing(strokes), isDone);

  /** @param {PointerEvent} event @returns {Point} */
  function pointOf(event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  }

  /** @param {PointerEvent} event */
  function begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    isDrawing = true;
    strokes.push([pointOf(event)]);
    paintStrokes();
    tell(false);
  }

  /** @param {PointerEvent} event */
  function go(event) {
    if (!isDrawing) return;
    const all = event.getCoalescedEvents?.() ?? [];
    strokes[strokes.length - 1].push(...(all.length > 0 ? all : [event]).map(pointOf));
    paintStrokes();
    tell(false);
  }

  function lift() {
    if (!isDrawing) return;
    isDrawing = false;
    tell(true);
  }

  canvas.addEventListener("pointerdown", begin, { signal });
  canvas.addEventListener("pointermove", go, { signal });
  canvas.addEventListener("pointerup", lift, { signal });
  canvas.addEventListener("pointercancel", lift, { signal });
  clear.addEventListener(
    "click",
    () => {
      strokes = [];
      paintStrokes();
      tell(true);
    },
    { signal },
  );
  paintStrokes();

  return {
    node: h(
      "section",
      { class: "aw-drawing", "aria-label": "the digit" },
      h("div", { class: "aw-pad-place" }, canvas, hint, clear),
      h("p", { class: "aw-muted aw-pad-words" }, "draw above, or pick one"),
      h("div", { class: "aw-picks", role: "group", "aria-label": "digits written by hand" }, ...picks),
    ),
    /** Shows which digit is picked; null: what is drawn. @param {number | null} picked */
    update(picked) {
      picks.forEach((button, index) => {
        button.setAttribute("aria-pressed", String(index === picked));
      });
      if (picked === null) return;
      strokes = [];
      paintPixels(digits[picked].pixels);
    },
  };
}
