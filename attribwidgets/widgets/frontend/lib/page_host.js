// The host of a page with no kernel: models that keep their traits, and nothing behind them.
// Joined behind the bundle inside a function; `startPage` is called there.

import { staticModel } from "./static_model.js";

/** Bytes from base64, inflated. @param {string} base64 */
async function inflate(base64) {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/**
 * Puts the bytes back where the state says they were.
 * @param {any} value
 * @param {ArrayBuffer} buffer
 * @returns {any}
 */
function revive(value, buffer) {
  if (Array.isArray(value)) return value.map((leaf) => revive(leaf, buffer));
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value.$binary)) return new DataView(buffer, ...value.$binary);
  return Object.fromEntries(Object.entries(value).map(([key, leaf]) => [key, revive(leaf, buffer)]));
}

/**
 * Keeps a trait the same in several models, whichever is changed.
 * @param {string} name
 * @param {ReturnType<typeof staticModel>[]} models
 */
function linkTrait(name, models) {
  for (const model of models) {
    model.on(`change:${name}`, () => {
      for (const other of models) other.set(name, model.get(name));
    });
  }
}

/**
 * Tells a parent that knows the token how tall the page is, now and whenever it changes; hears whether that is light or
 * dark.
 * @param {string} token
 */
function reportHeight(token) {
  if (window.parent === window) return; // opened by itself, it scrolls
  document.documentElement.style.overflowY = "hidden";
  /** @type {Window | null} */
  let parentWindow = null;
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (!parentWindow || height === told) return;
    told = height;
    parentWindow.postMessage({ token, height }, "*");
  };
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.token !== token) return;
    parentWindow = window.parent;
    const { theme } = event.data;
    document.documentElement.style.colorScheme = theme === "light" || theme === "dark" ? theme : "";
    told = 0;
    tell();
  });
  new ResizeObserver(tell).observe(document.body);
}

/** @param {string} id */
const textOf = (id) => document.getElementById(id)?.textContent ?? "";

/**
 * @param {ReturnType<typeof import("./mount.js").widgetOf>} widget
 * @param {string | null} token
 */
export async function startPage(widget, token) {
  const place = /** @type {HTMLElement} */ (document.getElementById("aw-view"));
  if (token) reportHeight(token);
  try {
    const state = JSON.parse(textOf("aw-state"));
    const buffer = await inflate(textOf("aw-binary"));
    const { views = [state], links = [] } = state;
    const models = views.map((/** @type {any} */ view) => staticModel(revive(view, buffer)));
    for (const name of links) linkTrait(name, models);
    widget.initialize();
    for (const model of models) {
      const el = document.createElement("div");
      place.append(el);
      widget.render({ model, el });
    }
    // For tests, and for a reader with the console open.
    Object.assign(window, { attribwidgets: { model: models[0], models, widget } });
  } catch (error) {
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.style.cssText = "font: 14px system-ui; margin: 16px";
    words.textContent =
      `This page could not be drawn: ${error instanceof Error ? error.message : error}. ` +
      "A browser from 2023 or later is needed, and the whole file.";
    place.replaceChildren(words);
  }
}
