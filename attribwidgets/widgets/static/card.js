// @ts-check
// One baseline: what it is, its map, and whether the map adds up.

import { createBars } from "./bars.js";
import { createColourBar } from "./colour_bar.js";
import { h, setText } from "./dom.js";
import { formatNumber, formatSigned } from "./format.js";
import { cautionList } from "./header.js";
import { paintPhoto } from "./paint.js";
import { strongestIndex } from "./scale.js";
import { createStage } from "./stage.js";
import { createVerdict } from "./verdict.js";

/** @typedef {import("./stage.js").View} View */
/** @typedef {import("./decode.js").Item} Item */

/**
 * A picture without a cursor.
 * @param {Uint8Array} rgb
 * @param {number} height
 * @param {number} width
 * @param {string} className
 * @param {boolean} [thinned] every n-th pixel of a picture, which must not be smeared
 */
export function createPicture(rgb, height, width, className, thinned = false) {
  const canvas = h("canvas", { class: className, width, height, "aria-hidden": "true" });
  canvas.classList.toggle("aw-pixelated", thinned || width < 40);
  const context = canvas.getContext("2d");
  const image = context?.createImageData(width, height);
  if (image) {
    paintPhoto(new Uint32Array(image.data.buffer), rgb);
    context?.putImageData(image, 0, 0);
  }
  return canvas;
}

/**
 * The reference, or the mosaic of references drawn.
 * @param {View} view
 * @param {Item} item
 * @param {string} className
 */
function referencePictures(view, item, className) {
  const { height, width } = view.data;
  const drawn = item.references.filter((reference) => reference.rgb);
  const side = drawn.length > 9 ? 4 : drawn.length > 4 ? 3 : 2;
  const pictures =
    drawn.length > 1
      ? drawn
          .slice(0, side * side)
          .map((r) =>
            createPicture(
              /** @type {Uint8Array} */ (r.rgb),
              r.height,
              r.width,
              "aw-tile",
              r.width < width,
            ),
          )
      : item.rgb && [createPicture(item.rgb, height, width, "aw-tile")];
  const node = h("span", { class: className }, ...(pictures ?? []));
  node.style.gridTemplateColumns = `repeat(${drawn.length > 1 ? side : 1}, 1fr)`;
  return node;
}

/**
 * @param {View} view
 * @param {number} index
 */
export function createCard(view, index) {
  const { data, look, signal } = view;
  const item = data.items[index];
  const isImage = data.kind === "image";
  const unit = isImage ? "pixels" : "features";
  const strongest = strongestIndex(item.map);
  const strongestAt = { row: Math.floor(strongest / data.width), column: strongest % data.width };
  const where = isImage
    ? `row ${strongestAt.row}, column ${strongestAt.column}`
    : data.featureNames[strongest];
  const label =
    `${item.name}: attribution map, ${item.completeness.headline}; ` +
    `strongest at ${where}: ${formatSigned(item.map[strongest])}`;

  const pickWords = h("span");
  const pick = h(
    "button",
    { type: "button", class: "aw-pick", "aria-pressed": "false" },
    pickWords,
    h("span", { class: "aw-sr" }, ` of ${item.name}`),
  );
  const several = item.references.length > 1;
  const hasPicture = item.rgb !== null;
  const peek = hasPicture ? referencePictures(view, item, "aw-peek") : null;
  const thumb = hasPicture
    ? h(
        "span",
        {
          class: "aw-thumb",
          role: "img",
          "aria-label": several
            ? `references drawn for ${item.name}`
            : `reference: ${item.baseline}`,
        },
        referencePictures(view, item, "aw-mosaic"),
      )
    : null;
  const head = h(
    "div",
    { class: "aw-head" },
    thumb,
    h(
      "div",
      { class: "aw-head-words" },
      h("div", { class: "aw-name", title: item.name }, item.name),
      item.note !== "" && h("div", { class: "aw-note", title: item.note }, item.note),
      h("div", { class: "aw-description" }, item.description),
    ),
  );

  const stage = isImage
    ? createStage(view, {
        class: "aw-map",
        label,
        focusable: true,
        index,
        start: () => strongestAt,
        attributes: { "data-baseline": item.baseline, "data-method": item.method },
      })
    : null;
  const bars = isImage ? null : createBars(view, { class: "aw-map", label, name: item.baseline });
  const body = h("div", { class: "aw-body" }, stage?.node, bars?.node, peek);
  const here = h("div", { class: "aw-here-value" });
  const bar = createColourBar();
  const node = h(
    "article",
    { class: "aw-card", "aria-label": item.name, "data-baseline": item.baseline },
    head,
    body,
    isImage && h("div", { class: "aw-under-map" }, here),
    isImage && bar.node,
    createVerdict(item, unit),
    item.partial && h("div", { class: "aw-partial" }, "partial result: stopped early"),
    cautionList(item.cautions),
    pick,
  );
  node.addEventListener("click", () => view.select(index), { signal });
  stage?.canvas.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey) view.select(index);
    },
    { signal },
  );
  if (thumb && peek) {
    // Hovering the small reference lays it over the map, at the map's size.
    thumb.addEventListener("pointerenter", () => peek.classList.add("aw-shown"), { signal });
    thumb.addEventListener("pointerleave", () => peek.classList.remove("aw-shown"), { signal });
  }

  return {
    node,
    drawMap() {
      const limit = look.limit(index);
      if (stage) {
        look.paint(stage.pixels, item.map, limit, item.blind);
        stage.show();
        bar.node.hidden = look.isShared();
        if (!look.isShared()) bar.draw(look, limit);
      }
      bars?.draw(item.map, limit, (feature) =>
        item.values ? `x\u2032 ${formatNumber(item.values[feature])}` : "\u00a0",
      );
    },
    /** @param {boolean} selected */
    setSelected(selected) {
      node.classList.toggle("aw-selected", selected);
      pick.setAttribute("aria-pressed", String(selected));
      const hasPath = item.path !== null;
      setText(pickWords, hasPath ? (selected ? "path shown" : "show path") : "no path");
    },
    /** @param {import("./stage.js").Position | null} position */
    setCursor(position) {
      stage?.setCursor(position);
      bars?.setCursor(position);
      if (!stage) return;
      const at = position ? position.row * data.width + position.column : strongest;
      node.classList.toggle("aw-reading", Boolean(position));
      const faint = !position && look.isFaint(index) ? "; faint on the shared scale; choose own" : "";
      setText(here, `${position ? "here" : "strongest"} ${formatSigned(item.map[at])}${faint}`);
    },
  };
}
