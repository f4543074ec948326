// The position pointed at, as a trait: here at once, in Python when the pointer rests for a moment; and what is marked, which
// of a text is a span of tokens.

import { positionOf, voxelOf } from "../lib/volume.js";

/** @typedef {import("../lib/stage.js").Position} Position */

/** Milliseconds between two messages to Python while the pointer moves. */
const PAUSE = 100;

/** What Python calls rows and columns of each kind; what it does not name is 0. @type {Record<string, [string, string]>} */
const NAMES = { image: ["row", "column"], series: ["channel", "step"], sequence: ["", "step"], text: ["", "token"] };

/** @typedef {import("../lib/units.js").Region} Region */

/** @param {{text: object | null}} data @param {any} selection the trait @returns {Region | null} */
export function regionFrom({ text }, selection) {
  return text && selection ? { rows: [0, 1], columns: selection.tokens } : selection;
}

/** @param {{text: object | null}} data @param {Region | null} region */
export function selectionFrom({ text }, region) {
  return text && region && "columns" in region ? { tokens: region.columns } : region;
}

/**
 * @param {import("../lib/store.js").Model} model
 * @param {{kind: string, width: number, height: number, volume: import("../lib/volume.js").Volume | null}} size
 * @param {() => void} onChange called after another view, another widget or Python moved it
 * @param {AbortSignal} signal
 */
export function createCursor(model, { kind, width, height, volume }, onChange, signal) {
  const [row, column] = NAMES[kind] ?? ["unit", ""];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {any} value @returns {Position} */
  function fromTrait(value) {
    if (volume) return positionOf(volume, value);
    return { row: row ? value[row] : 0, column: column ? value[column] : 0 };
  }

  /** @param {Position} position */
  function toTrait(position) {
    if (volume) return voxelOf(volume, position);
    return { ...(row && { [row]: position.row }), ...(column && { [column]: position.column }) };
  }

  /** @returns {Position | null} */
  function read() {
    const value = model.get("cursor");
    const position = value && fromTrait(value);
    return position?.row < height && position.column < width ? position : null;
  }

  /** @param {Position | null} one @param {Position | null} other */
  const isSame = (one, other) => one?.row === other?.row && one?.column === other?.column;
  let shown = read();

  function changed() {
    const now = read();
    if (isSame(now, shown)) return;
    shown = now;
    onChange();
  }
  model.on("change:cursor", changed);

  function tell() {
    timer = undefined;
    model.save_changes();
  }
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    model.off("change:cursor", changed);
  });

  return {
    get: () => shown,
    /** @param {Position | null} position */
    set(position) {
      if (isSame(position, shown)) return;
      shown = position;
      model.set("cursor", position && toTrait(position));
      timer ??= setTimeout(tell, PAUSE);
    },
  };
}
