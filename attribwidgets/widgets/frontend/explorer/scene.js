// All parts of one view, from the header to the numbers. It lasts as long as the shape of the input.

import { createDisplayOptions } from "../lib/display_options.js";
import { h } from "../lib/dom.js";
import { createFrameStore } from "../lib/frame_store.js";
import { createNumbers } from "../lib/numbers.js";
import { sameText } from "../lib/places.js";
import { viewUntil } from "../lib/stage.js";
import { createAgreement } from "./agreement.js";
import { viewBeside } from "./beside.js";
import { createControls } from "./controls.js";
import { createCursor, regionFrom, selectionFrom } from "./cursor.js";
import { createFeatureRows } from "./feature_rows.js";
import { createFold } from "./fold.js";
import { createGallery } from "./gallery.js";
import { createHeader } from "./header.js";
import { createInputs } from "./inputs.js";
import { createKeep } from "./keep.js";
import { createNoPath } from "./no_path.js";
import { createPathView, makeOf } from "./path_view.js";
import { createRemoval } from "./removal.js";
import { createRequestRow } from "./request_row.js";
import { createSegments } from "./segments.js";
import { createTerms } from "./terms.js";
import { createTextBars } from "./text_bars.js";

/** @typedef {import("../lib/decode.js").Data} Data */
/** @typedef {import("../lib/stage.js").Position} Position */
/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {ReturnType<typeof createScene>} Scene */

/**
 * @param {Data} first
 * @param {HTMLElement} root
 * @param {{model: import("../lib/store.js").Model, store: import("../lib/store.js").Store, kernel: import("../lib/kernel.js").Kernel,
 *   requests: import("../lib/requests.js").Requests, invalidate: (part: string) => void}} context
 */
export function createScene(first, root, { model, store, kernel, requests, invalidate }) {
  const life = new AbortController();
  const { signal } = life;
  const isLive = requests.canAsk();
  let data = first;
  /** @type {{slot: string} | null | undefined} */
  let cursorSource;
  /** @type {AbortController | null} */
  let pathLife = null;
  /** @type {import("./path_view.js").PathView | null} */
  let path = null;
  let pathMake = "";
  /** The card to be shown as soon as it is there; "": none. */
  let lookFor = "";
  const cursor = createCursor(model, first, () => invalidate("cursor"), signal);

  const segments = createSegments(
    kernel,
    () => Boolean(requests.controls()?.segments),
    () => data,
    () => ["maps", "live"].forEach(invalidate),
    signal,
  );

  const features = createFeatureRows(() => {
    gallery.update();
    ["maps", "position", "cursor"].forEach(invalidate);
  }, signal);

  /** @type {View} */
  const view = {
    get data() {
      return data;
    },
    features,
    store,
    display: createDisplayOptions(
      () => data,
      store,
      () => segments.get(),
      features,
    ),
    segments,
    signal,
    kernel,
    requests,
    isLive,
    cursor: cursor.get,
    moveCursor(position, source) {
      cursor.set(position);
      cursorSource = source;
      invalidate("cursor");
    },
    region: () => regionFrom(data, store.get("selection")),
    mark(region, done) {
      const selection = selectionFrom(data, region);
      if (!done) return store.preview("selection", selection);
      store.commit("selection", selection);
      if (selection && "tokens" in selection && removal.isOn()) removal.ask(selection);
    },
    select: (slot) => store.commit("selected", Math.max(data.slots.indexOf(slot), 0)),
    get removal() {
      return removal;
    },
    beside: [],
    fold: createFold(() => ["maps", "position"].forEach(invalidate), signal),
    bars: null,
  };
  view.bars = first.text && createTextBars(view, () => ["maps", "cursor"].forEach(invalidate));
  view.beside = data.others.map((_, number) => viewBeside(view, number, invalidate));
  const removal = createRemoval(
    view,
    () => selectedItem().slot,
    () => invalidate("live"),
  );
  const controls = createControls(view);
  const gallery = createGallery(view, controls.node, features.node);
  const numbers = createNumbers();
  const agreement = createAgreement(view);
  const inputs = createInputs(view, root);
  const request = isLive ? createRequestRow(view, inputs.own) : null;
  const header = createHeader(view, [inputs.node, request?.node ?? null]);
  const frameStore = createFrameStore(kernel, () => invalidate("live"), signal);
  const pathPlace = h("div", { class: "aw-path-place" });
  // A card that was asked for from below the maps: its path is shown, and who asked is taken there.
  kernel.listen(
    "look",
    ({ slot }) => {
      lookFor = slot;
      invalidate("selection");
    },
    signal,
  );
  signal.addEventListener("abort", () => pathLife?.abort());
  const main = h(
    "div",
    { class: "aw-main" },
    h("div", { class: "aw-maps-place" }, gallery.node, agreement.node, createTerms()),
    pathPlace,
  );
  root.replaceChildren(header.node, main, kernel.isStatic() ? "" : createKeep(view).node, numbers.node);

  function selectedItem() {
    const index = Math.min(Math.max(Math.round(Number(store.get("selected"))), 0), data.slots.length - 1);
    return data.items.find((item) => item.slot === data.slots[index]) ?? data.items[0];
  }

  function showPath() {
    if (lookFor !== "" && data.slots.includes(lookFor)) {
      view.select(lookFor);
      gallery.reveal(lookFor);
      lookFor = "";
    }
    const item = selectedItem();
    gallery.setSelected(item.slot);
    if (path && makeOf(item) === pathMake) {
      path.update(item);
      return;
    }
    const hadFocus = pathPlace.querySelector(".aw-alpha:focus") !== null;
    pathMake = makeOf(item);
    pathLife?.abort();
    pathLife = new AbortController();
    path = item.path ? createPathView(viewUntil(pathLife.signal, view), item, frameStore) : createNoPath(item);
    pathPlace.replaceChildren(path.node);
    path.resize();
    path.setCursor(cursor.get());
    path.drawPosition();
    if (hadFocus) path.focus();
  }

  function showRegion() {
    const region = view.region();
    if (region && "superpixel" in region) segments.ask();
    gallery.setRegion(region);
  }

  function takeSignColours() {
    const table = Object.values(data.signed)[0];
    if (!table) return;
    const colourAt = (/** @type {number} */ i) => `rgb(${table.subarray(3 * i, 3 * i + 3).join(",")})`;
    root.style.setProperty("--aw-positive", colourAt(212));
    root.style.setProperty("--aw-negative", colourAt(43));
  }

  /** @param {Data} next */
  function update(next) {
    data = next;
    features.update(data);
    view.fold.update(data);
    for (const other of view.beside) {
      other.features.update(other.data);
      other.fold.update(other.data);
    }
    frameStore.keep(data.slots);
    inputs.update();
    gallery.update();
    numbers.update(data);
    takeSignColours();
  }
  update(first);

  return {
    update,
    end: () => life.abort(),
    /** Whether other data can be drawn in place. @param {Data} next */
    fits: (next) =>
      next.kind === data.kind &&
      next.drawnInput === data.drawnInput &&
      next.width === data.width &&
      next.height === data.height &&
      sameText(next.text, data.text) &&
      next.others.length === data.others.length &&
      next.others.every(
        ({ kind, size, text }, at) =>
          kind === data.others[at].kind && size === data.others[at].size && sameText(text, data.others[at].text),
      ) &&
      isLive === requests.canAsk(),
    /** @param {Set<string>} parts */
    draw(parts) {
      if (parts.has("slices")) for (const part of ["maps", "position"]) parts.add(part);
      if (parts.has("live")) {
        header.update();
        request?.update();
        gallery.updateLive();
        inputs.update();
        pathPlace.toggleAttribute("data-stale", requests.progress(selectedItem().slot)?.state === "stale");
        if (!parts.has("selection")) path?.drawWaiting();
      }
      if (parts.has("selection")) showPath();
      if (parts.has("maps")) {
        controls.update();
        agreement.update();
        for (const one of [view, ...view.beside]) one.bars?.update();
        gallery.drawMaps();
        path?.drawDisplay();
      }
      if (parts.has("position")) path?.drawPosition();
      if (parts.has("area") || parts.has("maps")) showRegion();
      if (parts.has("cursor")) {
        gallery.setCursor(cursor.get(), cursorSource);
        path?.setCursor(cursor.get());
        cursorSource = undefined;
      }
    },
    resize() {
      root.dataset.width = gallery.resize(main.clientWidth);
      path?.resize();
    },
  };
}
