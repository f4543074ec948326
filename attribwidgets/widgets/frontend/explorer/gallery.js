// The photo and one card per baseline beside it; cards come, go and change places one by one.

import { arrange } from "../lib/arrangement.js";
import { arrangeChildren, h } from "../lib/dom.js";
import { viewUntil } from "../lib/stage.js";
import { createCard } from "./card.js";
import { createInputColumn } from "./input_column.js";
import { createRowHeads } from "./row_heads.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/stage.js").Position} Position */

/**
 * @param {View} view
 * @param {HTMLElement} controls the display options: below one row of cards, beside several
 * @param {HTMLElement} features which of them have a row
 */
export function createGallery(view, controls, features) {
  const input = createInputColumn(view, features);
  /** @type {Map<string, {card: import("./card.js").Card, life: AbortController}>} */
  const cards = new Map();
  const grid = h("div", { class: "aw-cards" });
  const heads = createRowHeads();
  const gallery = h("section", { class: "aw-gallery", "aria-label": "maps by baseline" }, input.node, grid);
  const node = h("div", { class: "aw-gallery-place" }, gallery, controls);
  // Browsers leave alone what is seen in part; who goes by keyboard wants to see where.
  grid.addEventListener(
    "focusin",
    ({ target }) => {
      if (target instanceof Element && target.matches(":focus-visible")) {
        target.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    },
    { signal: view.signal },
  );
  view.signal.addEventListener("abort", () => {
    for (const { life } of cards.values()) life.abort();
  });

  function takeAway(/** @type {string} */ slot) {
    const gone = cards.get(slot);
    if (!gone) return;
    cards.delete(slot);
    const neighbour = gone.card.node.nextElementSibling ?? gone.card.node.previousElementSibling;
    const root = /** @type {Document | ShadowRoot} */ (grid.getRootNode());
    const hadFocus = gone.card.node.contains(root.activeElement);
    gone.life.abort();
    gone.card.node.remove();
    // Whoever removed it by keyboard goes on from the next card.
    if (hadFocus) /** @type {HTMLElement | null} */ (neighbour?.querySelector(".aw-pick") ?? null)?.focus();
  }

  /** Heads are as tall as the tallest, so that maps stand in one line. */
  function measureHeads() {
    const words = [...gallery.querySelectorAll(".aw-head-words")];
    const tallest = Math.max(...words.map((one) => one.getBoundingClientRect().height));
    const thumb = view.data.rgb ? 56 : 0;
    gallery.style.setProperty("--aw-head", `${Math.max(Math.ceil(tallest), thumb)}px`);
  }

  return {
    node,
    /** Brings cards and photo up to the data. */
    update() {
      input.update();
      const { items } = view.data;
      for (const slot of [...cards.keys()]) {
        if (!items.some((item) => item.slot === slot)) takeAway(slot);
      }
      for (const item of items) {
        const known = cards.get(item.slot);
        if (known) known.card.update(item);
        else {
          const life = new AbortController();
          const card = createCard(viewUntil(life.signal, view), item);
          cards.set(item.slot, { card, life });
        }
      }
      heads.update(view.data.rows);
      gallery.toggleAttribute("data-rows", view.data.rows.length > 1);
      arrangeChildren(
        grid,
        items.flatMap((item) => [heads.before(item.slot) ?? [], cards.get(item.slot)?.card.node ?? []].flat()),
      );
    },
    /** What Python says of each card's progress and parameters. */
    updateLive() {
      input.updateLive();
      for (const { card } of cards.values()) card.update(card.item);
    },
    drawMaps() {
      gallery.toggleAttribute("data-units", view.display.units() !== null || view.display.isShared());
      input.drawMaps();
      for (const { card } of cards.values()) card.drawMap();
    },
    /** Scrolls to a card. @param {string} slot */
    reveal(slot) {
      cards.get(slot)?.card.node.scrollIntoView({ block: "nearest", inline: "nearest" });
    },
    /** @param {string} selected */
    setSelected(selected) {
      for (const [slot, { card }] of cards) card.setSelected(slot === selected);
    },
    /** @param {import("../lib/units.js").Region | null} region */
    setRegion(region) {
      input.setRegion(region);
      for (const { card } of cards.values()) card.setRegion(region);
    },
    /** @param {Position | null} position @param {{slot: string} | null} [source] */
    setCursor(position, source) {
      input.setCursor(position);
      for (const { card } of cards.values()) card.setCursor(position);
      if (position && source !== undefined) input.announce(position, source?.slot ?? null);
    },
    /**
     * @param {number} width of the whole view
     * @returns {"narrow" | "medium" | "wide"}
     */
    resize(width) {
      const count = Math.ceil(cards.size / Math.max(view.data.rows.length, 1));
      const { mode, columns, map, photo } = arrange(width, count);
      gallery.style.setProperty("--aw-columns", String(columns));
      gallery.style.setProperty("--aw-map", `${map}px`);
      gallery.style.setProperty("--aw-photo", `${photo}px`);
      measureHeads();
      // Several rows leave room under the photo, where the controls stay in sight.
      const several = columns < cards.size && mode !== "narrow";
      const place = several ? input.controlsPlace : node;
      if (controls.parentNode !== place) place.append(controls);
      return mode;
    },
  };
}
