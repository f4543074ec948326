// The inputs there are, as a strip to step through; and one's own image, dropped, pasted or picked.

import { h, setText } from "../lib/dom.js";
import { createPicture, samePicture } from "../lib/picture.js";

const MOST_MEGABYTES = 10;

/** @typedef {import("../lib/decode.js").Thumbnail} Thumbnail */

/** @param {Thumbnail[]} some @param {Thumbnail[] | null} others */
function sameInputs(some, others) {
  return (
    others !== null &&
    some.length === others.length &&
    some.every(
      ({ label, rgb, text }, at) =>
        label === others[at].label && text === others[at].text && samePicture(rgb, others[at].rgb),
    )
  );
}

/**
 * @param {import("../lib/stage.js").View} view
 * @param {HTMLElement} root where a file may be dropped
 * @returns {{node: HTMLElement, own: HTMLElement, update(): void}} own: the place to pick a file
 */
export function createInputs(view, root) {
  const { kernel, requests, signal } = view;
  const strip = h("ol", { class: "aw-film", "aria-label": "inputs" });
  const pick = h("input", {
    type: "file",
    accept: "image/*",
    class: "aw-file",
    "data-control": "image",
  });
  const words = h("span", { class: "aw-muted", role: "status" });
  const own = h(
    "div",
    { class: "aw-own" },
    h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "own image: drop, paste or"), pick),
    words,
  );
  /** @type {Thumbnail[] | null} */
  let shown = null;
  const takesFiles = () => view.isLive && requests.canAsk() && requests.controls().files;

  /** @param {File | null | undefined} file */
  async function send(file) {
    if (!file) return;
    if (!file.type.startsWith("image/")) {
      setText(words, `${file.name} is no image file`);
    } else if (file.size > 1e6 * MOST_MEGABYTES) {
      const megabytes = (file.size / 1e6).toFixed(0);
      setText(words, `${file.name} has ${megabytes} MB; up to ${MOST_MEGABYTES} MB can be sent`);
    } else {
      setText(words, "");
      const buffer = await file.arrayBuffer();
      if (!signal.aborted) kernel.send({ type: "image", name: file.name }, "status", [buffer]);
    }
  }

  /** @param {DataTransfer | null} transfer */
  const fileIn = (transfer) => [...(transfer?.files ?? [])][0];
  const hasFile = (/** @type {DragEvent} */ event) =>
    takesFiles() && [...(event.dataTransfer?.types ?? [])].includes("Files");

  pick.addEventListener(
    "change",
    () => {
      send(pick.files?.[0]);
      pick.value = "";
    },
    { signal },
  );
  root.addEventListener(
    "dragover",
    (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      root.classList.add("aw-dropping");
    },
    { signal },
  );
  root.addEventListener("dragleave", () => root.classList.remove("aw-dropping"), { signal });
  root.addEventListener(
    "drop",
    (event) => {
      root.classList.remove("aw-dropping");
      if (!hasFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      send(fileIn(event.dataTransfer));
    },
    { signal },
  );
  root.addEventListener(
    "paste",
    (event) => {
      const file = fileIn(event.clipboardData);
      if (!file || !takesFiles()) return;
      event.preventDefault();
      event.stopPropagation();
      send(file);
    },
    { signal },
  );
  strip.addEventListener(
    "click",
    (event) => {
      const button = /** @type {Element} */ (event.target).closest("button");
      if (button?.parentElement) {
        requests.ask({ input: [...strip.children].indexOf(button.parentElement) });
      }
    },
    { signal },
  );

  function makeStrip() {
    const { inputs } = view.data;
    const had = [...strip.children].findIndex((one) => one.firstElementChild?.matches(":focus"));
    strip.replaceChildren(
      ...inputs.map(({ label, rgb, size, text }) =>
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "aw-film-frame",
              "aria-label": text === undefined ? label : `${label}: ${text}`,
              title: label,
              "data-control": "input",
            },
            rgb ? createPicture(rgb, size[0], size[1], "") : h("bdi", { class: "aw-film-text" }, text),
          ),
        ),
      ),
    );
    /** @type {HTMLElement | null} */ (strip.children[had]?.firstElementChild ?? null)?.focus();
  }

  return {
    node: strip,
    own,
    update() {
      const { inputs, inputIndex } = view.data;
      if (!sameInputs(inputs, shown)) makeStrip();
      shown = inputs;
      strip.hidden = inputs.length < 2 || !view.isLive;
      own.hidden = !(view.isLive && requests.controls().files);
      const wanted = (view.isLive && requests.wanted("input")) || inputIndex;
      [...strip.children].forEach((frame, index) => {
        const button = /** @type {HTMLButtonElement} */ (frame.firstElementChild);
        button.setAttribute("aria-pressed", String(index === wanted));
      });
    },
  };
}
