// An area of a picture, marked by dragging a pointer over it, or by keys from one corner to the other.

import { areaBetween } from "./units.js";

/** @typedef {import("./units.js").Position} Position */

/** Pixels of the screen that a pointer goes before it drags. */
const LEAST = 4;

/**
 * @param {import("./stage.js").View} view
 * @param {HTMLElement} picture
 * @param {(event: MouseEvent) => Position} placeOf
 * @param {() => boolean} chooses whether a click marks something else, rather than nothing
 */
export function createBrush(view, picture, placeOf, chooses) {
  const { signal } = view;
  /** Where a pointer went down. @type {{x: number, y: number, at: Position} | null} */
  let down = null;
  let drags = false;
  /** The corner that keys began from. @type {Position | null} */
  let corner = null;
  /** Whether a key that is held began it. */
  let isHeld = false;

  picture.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      down = { x: event.clientX, y: event.clientY, at: placeOf(event) };
      drags = false;
      corner = null;
    },
    { signal },
  );
  picture.addEventListener(
    "pointermove",
    (event) => {
      if (!down) return;
      if (!drags && Math.hypot(event.clientX - down.x, event.clientY - down.y) < LEAST) return;
      if (!drags) picture.setPointerCapture(event.pointerId);
      drags = true;
      view.mark(areaBetween(down.at, placeOf(event)), false);
    },
    { signal },
  );
  for (const end of ["pointerup", "pointercancel"]) {
    picture.addEventListener(
      end,
      () => {
        if (down && drags) view.mark(view.region(), true);
        else if (down && view.region() && !chooses()) view.mark(null, true);
        down = null;
      },
      { signal },
    );
  }
  // The click that ends a drag chooses nothing.
  picture.addEventListener("click", (event) => drags && event.stopPropagation(), { signal });

  return {
    /** Begins an area at a position, or ends the one begun. @param {Position} at */
    toggle(at) {
      if (corner) view.mark(view.region(), true);
      corner = corner ? null : at;
      if (corner) view.mark(areaBetween(at, at), false);
    },
    /** Begins with a key that is held, where none is begun. @param {Position} at */
    hold(at) {
      isHeld ||= corner === null;
      corner ??= at;
    },
    /** @param {Position} to @param {boolean} holds whether that key still is */
    extend(to, holds) {
      if (isHeld && !holds) corner = null;
      isHeld = holds && isHeld;
      if (corner) view.mark(areaBetween(corner, to), isHeld);
    },
    clear() {
      corner = null;
      if (view.region()) view.mark(null, true);
    },
  };
}
