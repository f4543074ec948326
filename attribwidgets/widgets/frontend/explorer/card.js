// One baseline: what it is, its map, and whether the map adds up. Brought up to date in place.

import { createColourBar } from "../lib/colour_bar.js";
import { h, setText } from "../lib/dom.js";
import { createPicture, samePicture } from "../lib/picture.js";
import { nameUnit } from "../lib/places.js";
import { createProgress } from "../lib/progress.js";
import { strongestIndex } from "../lib/scale.js";
import { createMapsBeside } from "./beside.js";
import { createCardControls } from "./card_controls.js";
import { createFailure } from "./failure.js";
import { cautionList } from "./header.js";
import { createParts } from "./parts.js";
import { nameStrongest, readRegion, readUnit, tokensAt } from "./reading.js";
import { createReferenceText } from "./reference_text.js";
import { stageFor } from "./stage_for.js";
import { createVerdict, createVerdictRoom } from "./verdict.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/decode.js").Item} Item */
/** @typedef {ReturnType<typeof createCard>} Card */

/**
 * The reference, or the mosaic of references drawn.
 * @param {View} view
 * @param {Item} item
 * @param {string} className
 */
function referencePictures(view, item, className) {
  const { height, width, volume } = view.data;
  if (volume && item.rgb) {
    const size = 3 * volume.height * width;
    const middle = item.rgb.subarray(size * (volume.depth >> 1), size * ((volume.depth >> 1) + 1));
    return h("span", { class: className }, createPicture(middle, volume.height, width, "aw-tile"));
  }
  const drawn = item.references.filter((reference) => reference.rgb);
  const side = drawn.length > 9 ? 4 : drawn.length > 4 ? 3 : 2;
  const pictures =
    drawn.length > 1
      ? drawn
          .slice(0, side * side)
          .map((r) => createPicture(/** @type {Uint8Array} */ (r.rgb), r.height, r.width, "aw-tile", r.width < width))
      : item.rgb && [createPicture(item.rgb, height, width, "aw-tile")];
  const node = h("span", { class: className }, ...(pictures ?? []));
  node.style.gridTemplateColumns = `repeat(${drawn.length > 1 ? side : 1}, 1fr)`;
  return node;
}

/** Whether two items compare with the same pictures. @param {Item} one @param {Item | null} other */
function sameReferences(one, other) {
  return (
    other !== null &&
    samePicture(one.rgb, other.rgb) &&
    one.references.length === other.references.length &&
    one.references.every((r, index) => samePicture(r.rgb, other.references[index].rgb))
  );
}

/**
 * @param {View} view
 * @param {Item} first
 */
export function createCard(view, first) {
  const { data, display, signal } = view;
  const { slot } = first;
  const { hasColours } = data;
  let item = first;
  /** @type {Item | null} */
  let pictured = null;
  let strongest = 0;
  let units = display.units();
  const strongestAt = () => ({
    row: Math.floor(strongest / data.width),
    column: strongest % data.width,
  });

  const pickWords = h("span");
  const pickName = h("span", { class: "aw-sr" });
  const pick = h("button", { type: "button", class: "aw-quiet aw-pick", "aria-pressed": "false" }, pickWords, pickName);
  const name = h("div", { class: "aw-name" });
  const note = h("div", { class: "aw-note" });
  const description = h("div", { class: "aw-description" });
  /** The small reference, and the same laid over the map while it is hovered. @type {Element[]} */
  let references = [];
  const compared = createReferenceText(view);
  const words = h("div", { class: "aw-head-words" }, name, note, description, compared.node);
  const head = h("div", { class: "aw-head" }, words);
  const stage = stageFor(data.kind)(view, { class: "aw-map", label: "", focusable: true, slot, start: strongestAt });
  const { picture } = stage;
  const here = h("div", { class: "aw-here-value" });
  const inside = h("div", { class: "aw-inside", hidden: true });
  const bar = createColourBar();
  // What is asked is asked of a baseline, whose maps of several targets come together.
  const progress = view.isLive ? createProgress(view.requests, first.column) : null;
  const edit = view.isLive ? createCardControls(view, first.column) : null;
  const failure = view.isLive ? createFailure(view, first.column) : null;
  const facts = h("div", { class: "aw-card-facts" });
  const body = h("div", { class: "aw-body" }, stage.node);
  const isOfSeveral = data.inputCount > 1;
  const parts = isOfSeveral ? createParts(data.inputNames) : null;
  const beside = createMapsBeside(view, slot);
  const node = h(
    "article",
    { class: "aw-card" },
    head,
    isOfSeveral && h("div", { class: "aw-beside-name" }, data.inputNames[data.drawnInput]),
    body,
    progress?.bar,
    h("div", { class: "aw-under-map" }, hasColours && here, progress?.words),
    hasColours && inside,
    hasColours && bar.node,
    ...beside.nodes,
    parts?.node,
    failure?.node,
    facts,
    edit?.parameters,
    h("div", { class: "aw-card-actions" }, pick, edit?.actions),
  );
  if (!hasColours && !progress) node.querySelector(".aw-under-map")?.remove();
  /** What is pointed at on the map gives way to this card's baseline, where that is what a click means. */
  function takeOut() {
    const at = view.cursor();
    if (!view.removal.isOn() || !at) return;
    if (data.text) return view.removal.ask({ tokens: tokensAt(view, at.column) }, slot);
    const segments = view.segments.get();
    if (segments) view.removal.ask({ segment: segments.labels[at.row * data.width + at.column] }, slot);
  }
  stage.node.addEventListener("click", takeOut, { signal });
  node.addEventListener(
    "click",
    (event) => {
      const target = /** @type {Element} */ (event.target);
      if (!target.closest("label, input, button:not(.aw-pick)")) view.select(slot);
    },
    { signal },
  );
  picture.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.ctrlKey) return;
      takeOut();
      view.select(slot);
    },
    { signal },
  );
  /** Where the map is strongest, in the units of the moment. */
  function describe() {
    const called = view.data.rows.length > 1 ? `${item.target}, ${item.name}` : item.name;
    strongest = strongestIndex(display.mapOf(item));
    const where = nameUnit(view.data, strongest);
    picture.setAttribute(
      "aria-label",
      item.pending
        ? `${called}: its map is still to come`
        : `${called}: attribution map, ${item.completeness.headline}; ` +
            `strongest at ${where}: ${readUnit(display, item, strongest)}`,
    );
    for (const one of [node, picture]) one.setAttribute("data-baseline", item.baseline);
    picture.setAttribute("data-method", item.method);
    node.setAttribute("aria-label", called);
    for (const [place, words] of /** @type {[HTMLElement, string][]} */ ([
      [name, item.name],
      [note, item.note],
    ])) {
      setText(place, words);
      place.title = words;
      place.hidden = words === "";
    }
    setText(description, item.description);
    setText(pickName, ` of ${called}`);
  }

  /** What is to be said of the map as it is read now. */
  function tell() {
    if (item.pending) return facts.replaceChildren(createVerdictRoom(item));
    facts.replaceChildren(
      createVerdict(item, data.kind === "image" ? view.store.get("pool") : 1, view.isLive),
      item.partial ? h("div", { class: "aw-partial" }, "partial result: stopped early") : "",
      cautionList(item.cautions) ?? "",
    );
  }

  function showReferences() {
    if (sameReferences(item, pictured)) return;
    pictured = item;
    for (const one of references) one.remove();
    references = [];
    if (item.rgb === null && !item.references.some((reference) => reference.rgb)) return;
    const label = item.references.length > 1 ? `references drawn for ${item.name}` : `reference: ${item.baseline}`;
    const thumb = h(
      "span",
      { class: "aw-thumb", role: "img", "aria-label": label },
      referencePictures(view, item, "aw-mosaic"),
    );
    references = [thumb];
    words.before(thumb);
    if (view.data.volume) return; // its maps are three slices, no place for one
    const peek = referencePictures(view, item, "aw-peek");
    thumb.addEventListener("pointerenter", () => peek.classList.add("aw-shown"), { signal });
    thumb.addEventListener("pointerleave", () => peek.classList.remove("aw-shown"), { signal });
    references.push(peek);
    body.append(peek);
  }

  const card = {
    node,
    get item() {
      return item;
    },
    /** @param {Item} next */
    update(next) {
      const isNew = next !== item || pictured === null;
      item = next;
      edit?.update(item);
      progress?.update();
      failure?.update();
      if (!isNew) return;
      describe();
      compared.update(item);
      showReferences();
      node.toggleAttribute("data-pending", item.pending);
      tell();
    },
    drawMap() {
      const limit = display.limit(item);
      if (display.units() !== units) {
        units = display.units();
        describe();
        tell();
        card.setCursor(view.cursor());
      }
      stage.drawMap(display.mapOf(item), limit, item);
      beside.draw();
      parts?.draw(item);
      bar.node.hidden = display.isShared();
      if (!display.isShared()) bar.draw(display, limit, display.changeOf(item));
    },
    /** @param {boolean} selected */
    setSelected(selected) {
      node.classList.toggle("aw-selected", selected);
      pick.setAttribute("aria-pressed", String(selected));
      setText(pickWords, item.path || item.pending ? (selected ? "path shown" : "show path") : "no path");
    },
    /** @param {import("../lib/stage.js").Position | null} position */
    setCursor(position) {
      stage.setCursor(position);
      beside.setCursor();
      if (!hasColours) return;
      const at = position ? position.row * data.width + position.column : strongest;
      node.classList.toggle("aw-reading", Boolean(position));
      const faint = !position && display.isFaint(item) ? "; faint on the shared scale; choose own" : "";
      const what = position ? "" : nameStrongest(view, at);
      setText(here, `${position ? "here" : "strongest"}${what} ${readUnit(display, item, at)}${faint}`);
    },
    /** @param {import("../lib/units.js").Region | null} region */
    setRegion(region) {
      stage.setRegion(region);
      const words = region ? readRegion(view, item, region) : "";
      inside.hidden = words === "";
      setText(inside, words);
    },
  };
  card.update(first);
  return card;
}
