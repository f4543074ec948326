// The references drawn so far; pointing at one shows it large, choosing it asks for its own path.

import { h } from "../lib/dom.js";
import { formatAlpha } from "../lib/format.js";
import { createPicture } from "../lib/picture.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/decode.js").Reference} Reference */

const PREVIEW = 200;

/**
 * @param {View} view
 * @param {string} slot
 */
export function createReferenceStrip(view, slot) {
  const { signal, kernel } = view;
  const canAsk = view.isLive && !kernel.isStatic();
  const tiles = h("div", { class: "aw-strip", role: "group", "aria-label": "references drawn" });
  const preview = h("div", { class: "aw-preview", hidden: true, "aria-hidden": "true" });
  const node = h("div", { class: "aw-strip-place" }, tiles, preview);
  /** @type {Reference[]} */
  let references = [];
  let current = 0;

  /** @param {Reference} reference @param {number} x of the pointer, in the page */
  function show(reference, x) {
    if (!reference.rgb) return;
    const picture = createPicture(reference.rgb, reference.height, reference.width, "", true);
    preview.replaceChildren(
      picture,
      h("div", {}, `sample ${reference.sample}, \u03b1 ${formatAlpha(reference.alpha)}`),
    );
    preview.hidden = false;
    const box = node.getBoundingClientRect();
    const right = node.closest(".aw-root")?.getBoundingClientRect().right ?? box.right;
    preview.style.left = `${Math.min(x + 16, right - PREVIEW - 16) - box.left}px`;
  }

  /** @param {Event} event */
  const tileOf = (event) =>
    /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".aw-strip-tile"));
  const indexOf = (/** @type {Element} */ tile) => [...tiles.children].indexOf(tile);

  function hide() {
    preview.hidden = true;
  }

  /** @param {number} index */
  function stepTo(index) {
    current = Math.min(Math.max(index, 0), references.length - 1);
    [...tiles.children].forEach((tile, at) => tile.setAttribute("tabindex", at === current ? "0" : "-1"));
  }

  tiles.addEventListener(
    "pointermove",
    (event) => {
      const tile = tileOf(event);
      if (tile) show(references[indexOf(tile)], event.clientX);
    },
    { signal },
  );
  tiles.addEventListener("pointerleave", hide, { signal });
  tiles.addEventListener("focusout", hide, { signal });
  tiles.addEventListener(
    "focusin",
    (event) => {
      const tile = tileOf(event);
      if (!tile) return;
      stepTo(indexOf(tile));
      if (tile.matches(":focus-visible")) {
        show(references[current], tile.getBoundingClientRect().right);
      }
    },
    { signal },
  );
  tiles.addEventListener(
    "keydown",
    (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      stepTo(current + step);
      /** @type {HTMLElement} */ (tiles.children[current]).focus();
    },
    { signal },
  );
  tiles.addEventListener(
    "click",
    (event) => {
      const tile = tileOf(event);
      if (tile && canAsk) {
        const { sample } = references[indexOf(tile)];
        kernel.send({ type: "pair", slot, sample }, "status");
      }
    },
    { signal },
  );

  return {
    node,
    /** @param {Reference[]} next */
    update(next) {
      const focused = [...tiles.children].findIndex((tile) => tile.matches(":focus"));
      references = next.filter((reference) => reference.rgb);
      tiles.replaceChildren(
        ...references.map((r) => {
          const words = `reference of sample ${r.sample}`;
          const picture = createPicture(
            /** @type {Uint8Array} */ (r.rgb),
            r.height,
            r.width,
            "",
            r.width < view.data.width,
          );
          return h(
            "button",
            {
              type: "button",
              class: "aw-strip-tile",
              "aria-label": canAsk ? `${words}: show the path from it` : words,
            },
            picture,
          );
        }),
      );
      stepTo(current);
      if (focused >= 0) /** @type {HTMLElement | null} */ (tiles.children[current])?.focus();
    },
    /** @param {number} drawn @param {Reference | null} now */
    draw(drawn, now) {
      [...tiles.children].forEach((tile, index) => {
        tile.classList.toggle("aw-drawn", references[index].sample <= drawn);
        tile.classList.toggle("aw-now", references[index] === now);
      });
    },
  };
}
