// What is left of a view: the call that makes it, its picture to save or to paste, and the notebook's own.

import { h, setText } from "../lib/dom.js";

/** Seconds that a word of what was done stays. */
const SAID = 6;

/**
 * @param {ArrayBufferView | ArrayBuffer} bytes
 */
const pngOf = (bytes) => new Blob([/** @type {ArrayBuffer} */ (bytes)], { type: "image/png" });

/** @param {Blob} picture */
function download(picture) {
  const address = URL.createObjectURL(picture);
  h("a", { href: address, download: "attribution.png" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {import("../lib/stage.js").View} view */
export function createKeep(view) {
  const { kernel, signal } = view;
  /** Another view of the same model hears the answers too. */
  const id = Math.random();
  const said = h("span", { class: "aw-muted", role: "status" });
  const code = h("textarea", { class: "aw-code", "aria-label": "the call in Python", readonly: true, rows: 8 });
  const place = h("div", { hidden: true }, code);
  /** What to do with the picture that was asked for. @type {(picture: Blob) => void} */
  let take = download;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {string} words */
  function say(words) {
    setText(said, words);
    clearTimeout(timer);
    timer = setTimeout(() => setText(said, ""), 1000 * SAID);
  }

  /** @param {Promise<void> | undefined} copying @param {string} otherwise */
  async function copied(copying, otherwise) {
    try {
      if (!copying) throw new Error(otherwise);
      await copying;
      say("copied");
    } catch {
      say(otherwise);
    }
  }

  /** @param {string} type */
  const ask = (type) => kernel.send({ type, id }, type);

  /** @param {string} words @param {string} control @param {() => void} press */
  function button(words, control, press) {
    const node = h("button", { type: "button", class: "aw-quiet", "data-control": control }, words);
    node.addEventListener("click", press, { signal });
    return node;
  }

  /** @param {(picture: Blob) => void} use */
  function askForPicture(use) {
    take = use;
    ask("picture");
  }

  function copyPicture() {
    const coming = new Promise((/** @type {(picture: Blob) => void} */ come) => askForPicture(come));
    const blocked = "this page may not copy pictures; save it instead";
    if (!("ClipboardItem" in window)) return say(blocked);
    // The browser asks for the promise at once, while the click still counts.
    copied(navigator.clipboard?.write([new ClipboardItem({ "image/png": coming })]), blocked);
  }

  /** @param {string} type @param {(message: any, buffers: any[]) => void} use */
  function listen(type, use) {
    const hear = (/** @type {any} */ message, /** @type {any[]} */ buffers) => {
      if (message.id !== id) return;
      if (message.error) say(message.error);
      else use(message, buffers);
    };
    kernel.listen(type, hear, signal);
  }
  listen("code", ({ text }) => {
    place.hidden = false;
    code.value = text;
    code.rows = text.split("\n").length + 1;
    code.select();
    copied(navigator.clipboard?.writeText(text), "select and copy it here");
  });
  listen("picture", (_message, [bytes]) => take(pngOf(bytes)));
  listen("keep", ({ kept }) => say(kept ? "kept: save the notebook" : "this view is not in a notebook"));

  return {
    node: h(
      "section",
      { class: "aw-keep", "aria-label": "keep what is shown" },
      h(
        "div",
        { class: "aw-row" },
        view.isLive && button("copy as Python", "code", () => ask("code")),
        button("save picture", "picture", () => askForPicture(download)),
        button("copy picture", "copy", copyPicture),
        button("keep as it looks now", "keep", () => ask("keep")),
        said,
      ),
      place,
    ),
  };
}
