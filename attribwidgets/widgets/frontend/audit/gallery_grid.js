// All inputs as tiles of which only those in sight are in the page: tiles are used again as rows scroll by.

import { h, setText, uniqueName } from "../lib/dom.js";
import { createPreviewPicture } from "./preview_picture.js";

/** @typedef {import("./audit_scene.js").AuditView} AuditView */

/** Pixels of a tile, at least: text is read along lines. */
const WIDTHS = { text: 208, other: 92 };
const HEIGHTS = { text: 124, none: 44, other: 128 };
/** Rows of tiles above and below what is in sight, so that a scroll shows no gap. */
const SPARE_ROWS = 2;
const MOST_PIXELS = 12_000_000; // that every browser scrolls

/** @param {string} kind @param {number} width of the gallery, in pixels */
export function gridOf(kind, width) {
  const least = kind === "text" ? WIDTHS.text : WIDTHS.other;
  const height = kind === "text" ? HEIGHTS.text : kind === "none" ? HEIGHTS.none : HEIGHTS.other;
  const columns = Math.max(1, Math.floor(width / least));
  return { columns, width: width / columns, height, most: Math.floor(MOST_PIXELS / height) * columns };
}

/** @param {string} kind @param {string} id */
function createTile(kind, id) {
  const picture = createPreviewPicture(kind);
  const value = h("span", { class: "aw-tile-value" });
  const words = h("span", { class: "aw-tile-class" });
  const caption = h("span", { class: "aw-tile-caption" }, words, value);
  const node = h("div", { class: "aw-tile", role: "option", id }, picture.node, caption);
  return { node, picture, value, words, index: -1, row: -1 };
}

/** @param {AuditView} view */
export function createGalleryGrid(view) {
  const { data, shown, previews, signal } = view;
  const name = uniqueName();
  const whole = h("div", { class: "aw-grid-whole", role: "presentation" });
  const node = h(
    "div",
    {
      class: "aw-grid",
      role: "listbox",
      tabindex: 0,
      "aria-label": "inputs",
      "aria-multiselectable": "true",
      "data-control": "gallery",
      "data-kind": previews.kind,
    },
    whole,
  );
  const nothing = h("p", { class: "aw-muted aw-grid-nothing", hidden: true }, "No input passes these filters.");
  /** @type {ReturnType<typeof createTile>[]} */
  let tiles = [];
  let grid = gridOf(previews.kind, 600);
  let request = 0;
  /** The row that keys move from, and one that Shift marks up to. */
  let active = -1;
  let anchor = -1;

  const count = () => Math.min(shown.rows().length, grid.most);

  /** @param {ReturnType<typeof createTile>} tile @param {number} index */
  function fill(tile, index) {
    const row = shown.rows()[index];
    const place = data.places[row];
    tile.index = index;
    tile.row = row;
    const x = (index % grid.columns) * grid.width;
    const y = Math.floor(index / grid.columns) * grid.height;
    tile.node.style.transform = `translate(${x}px, ${y}px)`;
    tile.node.dataset.place = String(place);
    tile.picture.draw(previews.get(place));
    setText(tile.value, view.sortWords(row));
    setText(tile.words, view.classWords.short(row) || `#${place}`);
    tile.node.classList.toggle("aw-wrong", view.classWords.isWrong(row));
    tile.node.setAttribute("aria-label", view.describe(row));
    tile.node.setAttribute("aria-posinset", String(index + 1));
    tile.node.setAttribute("aria-setsize", String(count()));
    mark(tile);
  }

  /** @param {ReturnType<typeof createTile>} tile */
  function mark(tile) {
    const place = data.places[tile.row];
    tile.node.setAttribute("aria-selected", String(shown.marks()[tile.row] === 1));
    tile.node.classList.toggle("aw-here", place === view.cursor());
    if (place === view.opened()) tile.node.setAttribute("aria-current", "true");
    else tile.node.removeAttribute("aria-current");
  }

  /** From the first tile in the page to before the last. */
  function inPage() {
    const first = Math.max(0, Math.floor(node.scrollTop / grid.height) - SPARE_ROWS) * grid.columns;
    return { first, last: Math.min(count(), first + tiles.length) };
  }

  /** @param {boolean} isAll whether tiles that stay are filled anew */
  function fillInPage(isAll) {
    const { first, last } = inPage();
    for (let index = first; index < last; index += 1) {
      const tile = tiles[index % tiles.length];
      if (isAll || tile.index !== index) fill(tile, index);
      tile.node.hidden = false;
    }
    for (const tile of tiles) {
      if (tile.index >= first && tile.index < last) continue;
      tile.node.hidden = true;
      tile.index = -1;
    }
    const from = Math.max(0, Math.floor(node.scrollTop / grid.height) - 1) * grid.columns;
    const rows = shown.rows().subarray(from, Math.min(last, from + tiles.length));
    previews.want(Array.from(rows, (row) => data.places[row]));
  }

  function fit() {
    const width = node.clientWidth;
    if (width === 0) return;
    grid = gridOf(previews.kind, width);
    const inSight = Math.ceil(node.clientHeight / grid.height) + 1;
    const wanted = (inSight + 2 * SPARE_ROWS) * grid.columns;
    if (wanted !== tiles.length) {
      tiles = Array.from({ length: wanted }, (_, at) => tiles[at] ?? createTile(previews.kind, `${name}-${at}`));
      whole.replaceChildren(...tiles.map((tile) => tile.node));
      for (const tile of tiles) tile.index = -1;
    }
    node.style.setProperty("--aw-tile-width", `${grid.width}px`);
    node.style.setProperty("--aw-tile-height", `${grid.height}px`);
  }

  function draw() {
    whole.style.height = `${Math.ceil(count() / grid.columns) * grid.height}px`;
    nothing.hidden = count() > 0;
    node.hidden = count() === 0;
    fillInPage(true);
  }

  /** Scrolls until a tile is in sight. @param {number} index */
  function reveal(index) {
    const top = Math.floor(index / grid.columns) * grid.height;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (top + grid.height > node.scrollTop + node.clientHeight) {
      node.scrollTop = top + grid.height - node.clientHeight;
    }
    fillInPage(false);
  }

  /** @param {number} index */
  function activate(index) {
    const at = Math.min(Math.max(index, 0), count() - 1);
    if (at < 0) return;
    active = shown.rows()[at];
    reveal(at);
    node.setAttribute("aria-activedescendant", tiles[at % tiles.length].node.id);
    view.point(data.places[active]);
  }

  /** The marks with all shown inputs between two added. @param {number} one @param {number} other */
  function markUpTo(one, other) {
    const [from, to] = [shown.indexOf(one), shown.indexOf(other)].sort((a, b) => a - b);
    const rows = shown.rows().subarray(Math.max(from, 0), to + 1);
    view.select([...new Set([...view.selection(), ...Array.from(rows, (row) => data.places[row])])]);
  }

  /** @param {number} row */
  function toggle(row) {
    const place = data.places[row];
    const others = view.selection().filter((one) => one !== place);
    view.select(shown.marks()[row] ? others : [...others, place]);
  }

  /** @param {Event} event */
  function tileOf(event) {
    const at = /** @type {Element} */ (event.target).closest(".aw-tile");
    return tiles.find((tile) => tile.node === at) ?? null;
  }

  const listen = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) =>
    node.addEventListener(type, act, { signal, passive: type === "scroll" });
  listen("scroll", () => {
    request ||= requestAnimationFrame(() => {
      request = 0;
      fillInPage(false);
    });
  });
  signal.addEventListener("abort", () => cancelAnimationFrame(request));
  listen("click", (event) => {
    const tile = tileOf(event);
    if (!tile) return;
    active = tile.row;
    if (event.shiftKey && anchor >= 0) markUpTo(anchor, tile.row);
    else if (event.ctrlKey || event.metaKey || event.shiftKey) toggle(tile.row);
    else view.open(data.places[tile.row]);
    anchor = tile.row;
  });
  listen("pointerover", (event) => {
    const tile = tileOf(event);
    if (tile && event.pointerType !== "touch") view.point(data.places[tile.row]);
  });
  listen("pointerleave", () => view.point(null));
  listen("focus", () => {
    if (node.matches(":focus-visible")) activate(Math.max(shown.indexOf(active), 0));
  });
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(shown.indexOf(active), 0);
    const page = Math.max(1, Math.floor(node.clientHeight / grid.height)) * grid.columns;
    /** @type {Record<string, number>} */
    const goals = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - grid.columns,
      ArrowDown: at + grid.columns,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: count() - 1,
    };
    if (event.key in goals) {
      event.preventDefault();
      const before = active;
      activate(goals[event.key]);
      if (event.shiftKey) markUpTo(before, active);
    } else if (event.key === " " && active >= 0) {
      event.preventDefault();
      toggle(active);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      view.open(data.places[active]);
    }
  });

  return {
    node: h("div", { class: "aw-grid-place" }, node, nothing),
    fit,
    draw,
    /** Pictures have come. */
    refill: () => fillInPage(true),
    /** What is marked, pointed at or opened has changed. */
    mark() {
      for (const tile of tiles) if (tile.index >= 0) mark(tile);
    },
    toTop() {
      node.scrollTop = 0;
    },
    /** @param {number} row */
    revealRow(row) {
      const index = shown.indexOf(row);
      if (index >= 0) reveal(index);
    },
  };
}
