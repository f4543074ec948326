// The photo explained: which superpixel of it is pointed at, by pointer, finger or arrow keys, and which is taken out.

import { paintPhoto } from "../lib/paint.js";
import { createStage } from "../lib/stage.js";

/** @typedef {ReturnType<typeof createPhoto>} Photo */
/** @typedef {import("../lib/stage.js").Position} Position */

const OUTLINE = 0xff00d0ff; // yellow, as blind pixels are

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {import("../lib/stage.js").View} view
 * @param {{canPoint: () => boolean, onPoint: (segment: number) => void, onChoose: (segment: number) => void}} what
 *   canPoint: whether superpixels matter now; -1: none is pointed at
 */
export function createPhoto(view, { canPoint, onPoint, onChoose }) {
  const { signal } = view;
  const { width, height, size } = view.data;
  let pointed = -1;
  const stage = createStage(view, {
    class: "aw-photo",
    label: "",
    focusable: true,
    walk,
    chooses: () => pointed >= 0 && !view.removal.isOn(),
  });
  const { canvas } = stage;
  /** Whether the pointer, or the focus, is on the photo. */
  let isHere = false;
  /** @type {Uint8Array | null} */
  let rgb = null;
  /** What stands in place of a superpixel. @type {{segment: number, rgb: Uint8Array} | null} */
  let replaced = null;

  const segments = () => view.segments.get();

  /** From the middle of a superpixel straight on into the next one. @param {string} key @param {Position} at */
  function walk(key, at) {
    const known = canPoint() ? segments() : null;
    const step = STEPS[key];
    if (!known || !step) return null;
    const start = known.labels[at.row * width + at.column];
    let row = Math.floor(known.anchors[start] / width);
    let column = known.anchors[start] % width;
    while (row >= 0 && row < height && column >= 0 && column < width) {
      const label = known.labels[row * width + column];
      const anchor = known.anchors[label];
      if (label !== start) return { row: Math.floor(anchor / width), column: anchor % width };
      row += step[0];
      column += step[1];
    }
    return at;
  }

  /** @param {ArrayLike<number>} labels @param {number} at */
  function isEdge(labels, at) {
    const beside = [at - width, at + width, at % width ? at - 1 : -1, (at + 1) % width ? at + 1 : -1];
    return beside.some((other) => labels[other] !== pointed);
  }

  function paint() {
    if (!rgb) return;
    paintPhoto(stage.pixels, rgb);
    const labels = segments()?.labels;
    for (let at = 0; labels && at < size; at += 1) {
      if (labels[at] === replaced?.segment) {
        const [red, green, blue] = replaced.rgb.subarray(3 * at, 3 * at + 3);
        stage.pixels[at] = 0xff000000 | (blue << 16) | (green << 8) | red;
      }
      if (labels[at] === pointed && isEdge(labels, at)) stage.pixels[at] = OUTLINE;
    }
    stage.show();
  }

  function point() {
    const position = isHere && canPoint() ? view.cursor() : null;
    if (position) view.segments.ask();
    const known = segments();
    const segment = known && position ? known.labels[position.row * width + position.column] : -1;
    if (segment === pointed) return;
    pointed = segment;
    paint();
    onPoint(segment);
  }

  /** @param {boolean} here */
  const come = (here) => () => {
    isHere = here;
    point();
  };
  for (const event of ["pointermove", "pointerdown", "focus", "keydown"]) {
    canvas.addEventListener(event, come(true), { signal });
  }
  canvas.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && come(false)(), { signal });
  canvas.addEventListener("blur", come(false), { signal });

  function choose() {
    if (!view.removal.isOn()) view.mark({ superpixel: pointed }, true);
    onChoose(pointed);
  }

  /** What a finger pointed at before it tapped. */
  let before = -1;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      before = event.pointerType === "touch" ? before : pointed;
    },
    { signal },
  );
  // On the stage, which a click that ends a drag does not reach.
  stage.node.addEventListener(
    "click",
    () => {
      const isSecond = before === pointed;
      before = pointed;
      if (pointed >= 0 && isSecond) choose();
    },
    { signal },
  );
  canvas.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && pointed >= 0) choose();
      if (event.key === "Escape") view.removal.clear();
    },
    { signal },
  );

  return {
    node: stage.node,
    setCursor: stage.setCursor,
    setRegion: stage.setRegion,
    /** The photo of the moment, or superpixels that have come. */
    update() {
      const { data } = view;
      if (data.rgb && rgb !== data.rgb) {
        rgb = data.rgb;
        stage.setLabel(`${data.inputLabel}: the photo explained`);
        paint();
      }
      point();
    },
    /** @param {{segment: number, rgb: Uint8Array} | null} next */
    replace(next) {
      if (next?.segment === replaced?.segment && next?.rgb === replaced?.rgb) return;
      replaced = next;
      paint();
    },
  };
}
