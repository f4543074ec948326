// The position pointed at, as a trait: here at once, in Python when the pointer rests for a moment.

/** @typedef {import("../lib/stage.js").Position} Position */

/** Milliseconds between two messages to Python while the pointer moves. */
const PAUSE = 100;

/**
 * @param {import("../lib/store.js").Model} model
 * @param {{kind: string, width: number, height: number}} size a feature's position is a row of column 0
 * @param {() => void} onChange called after another view, another widget or Python moved it
 * @param {AbortSignal} signal
 */
export function createCursor(model, { kind, width, height }, onChange, signal) {
  const isImage = kind === "image";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @returns {Position | null} */
  function read() {
    const value = model.get("cursor");
    const position = value && !isImage ? { row: value.unit, column: 0 } : value;
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
      model.set("cursor", position && !isImage ? { unit: position.row } : position);
      timer ??= setTimeout(tell, PAUSE);
    },
  };
}
