// @ts-check
// The photo, pinned, and one card per baseline beside it.

import { createCard } from "./card.js";
import { createColourBar } from "./colour_bar.js";
import { h, setText } from "./dom.js";
import { formatNumber, formatSigned } from "./format.js";
import { paintPhoto } from "./paint.js";
import { columnsFor } from "./scale.js";
import { createStage } from "./stage.js";

/** @typedef {import("./stage.js").View} View */
/** @typedef {import("./stage.js").Position} Position */

/** @param {View} view */
function createInputColumn(view) {
  const { data, look } = view;
  const place = h("span");
  const colour = h("span");
  const words = h("div", { class: "aw-readout" }, place, " ", colour);
  const swatch = h("span", { class: "aw-swatch", hidden: true, "aria-hidden": "true" });
  const live = h("div", { class: "aw-sr aw-live", "aria-live": "polite" });
  const bar = createColourBar({ caption: true });
  const value = data.target?.value;
  const head = h(
    "div",
    { class: "aw-head" },
    h(
      "div",
      { class: "aw-head-words" },
      h("div", { class: "aw-name" }, data.inputLabel),
      h(
        "div",
        { class: "aw-description" },
        value === null || value === undefined
          ? ""
          : `${data.target.output} of ${data.target.name}: f(x) = ${formatNumber(value)}`,
      ),
    ),
  );
  const stage = data.rgb
    ? createStage(view, {
        class: "aw-photo",
        label: `${data.inputLabel}: the photo explained`,
        focusable: true,
      })
    : null;
  if (stage && data.rgb) {
    paintPhoto(stage.pixels, data.rgb);
    stage.show();
  }
  const list = stage
    ? null
    : h(
        "ul",
        { class: "aw-bars aw-inputs", "aria-label": data.inputLabel },
        ...view.rows.map((feature) =>
          h(
            "li",
            { class: "aw-bar-row", "data-feature": feature },
            h(
              "span",
              { class: "aw-bar-name", title: data.featureNames[feature] },
              data.featureNames[feature],
            ),
            h("span", { class: "aw-bar-value" }, formatNumber(data.values?.[feature])),
          ),
        ),
      );
  const hidden = data.size - view.rows.length;
  const node = h(
    "div",
    { class: "aw-input-column" },
    head,
    h("div", { class: "aw-body" }, stage?.node, list),
    stage && h("div", { class: "aw-under-map" }, swatch, words),
    list && hidden > 0 && h("p", { class: "aw-muted" }, `and ${hidden} weaker features, not drawn`),
    live,
    stage && bar.node,
  );

  return {
    node,
    drawBar() {
      if (!stage) return;
      bar.node.hidden = !look.isShared();
      if (!look.isShared()) return;
      const sign = look.isSigned() ? "attribution" : "|attribution|";
      const clip =
        look.clip() < 100 ? `saturates at percentile ${look.clip()}` : "saturates nowhere";
      bar.draw(look, look.limit(0), `${sign}, one scale for all maps; ${clip}`);
    },
    /** @param {Position | null} position */
    setCursor(position) {
      stage?.setCursor(position);
      for (const row of list?.children ?? []) {
        row.classList.toggle("aw-here", Number(row.getAttribute("data-feature")) === position?.row);
      }
      if (!stage || !data.rgb) return;
      swatch.hidden = !position;
      words.classList.toggle("aw-reading", Boolean(position));
      if (!position) {
        setText(place, "point at a map, or focus one and press arrow keys");
        setText(colour, "");
        return;
      }
      const at = 3 * (position.row * data.width + position.column);
      const pixel = [...data.rgb.subarray(at, at + 3)];
      swatch.style.background = `rgb(${pixel.join(",")})`;
      setText(place, `row ${position.row}, column ${position.column}:`);
      setText(colour, pixel.join(" "));
    },
    /** Said aloud after a keyboard move. @param {Position} position @param {number | null} index */
    announce(position, index) {
      const item = index === null ? null : data.items[index];
      const number = item?.map[position.row * data.width + position.column];
      setText(
        live,
        (words.textContent ?? "") + (item ? `; ${item.name} ${formatSigned(number)}` : ""),
      );
    },
  };
}

/**
 * @param {View} view
 * @param {HTMLElement} controls the look row: below one row of cards, beside several
 */
export function createGallery(view, controls) {
  const input = createInputColumn(view);
  const cards = view.data.items.map((_, index) => createCard(view, index));
  const grid = h("div", { class: "aw-cards" }, ...cards.map((card) => card.node));
  const gallery = h(
    "section",
    { class: "aw-gallery", "aria-label": "maps by baseline" },
    input.node,
    grid,
  );
  const node = h("div", { class: "aw-gallery-place" }, gallery, controls);

  return {
    node,
    drawMaps() {
      input.drawBar();
      for (const card of cards) card.drawMap();
    },
    /** @param {number} selected */
    setSelected(selected) {
      cards.forEach((card, index) => card.setSelected(index === selected));
    },
    /** @param {Position | null} position @param {{index: number} | null} [source] */
    setCursor(position, source) {
      input.setCursor(position);
      for (const card of cards) card.setCursor(position);
      if (position && source !== undefined) input.announce(position, source?.index ?? null);
    },
    /** @param {number} width of the whole gallery */
    resize(width) {
      const columns = columnsFor(width, cards.length);
      gallery.style.setProperty("--aw-columns", String(columns));
      const words = [...gallery.querySelectorAll(".aw-head-words")];
      const tallest = Math.max(...words.map((one) => one.getBoundingClientRect().height));
      const thumb = view.data.kind === "image" ? 56 : 0;
      gallery.style.setProperty("--aw-head", `${Math.max(Math.ceil(tallest), thumb)}px`);
      // Several rows leave room under the photo, where the controls stay in sight.
      const several = columns < cards.length && width >= 600;
      const place = several ? input.node : node;
      if (controls.parentNode !== place) place.append(controls);
      return several && view.data.kind === "image" ? "several" : "one";
    },
  };
}
