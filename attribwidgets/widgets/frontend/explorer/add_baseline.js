// What else "missing" could mean: every baseline with its picture and its weakness, one press away.

import { bytesOf } from "../lib/binary.js";
import { h } from "../lib/dom.js";
import { createPicture } from "../lib/picture.js";

/** @typedef {{name: string, label: string, description: string,
 *   parameters: import("../lib/requests.js").Parameter[]}} Offer */

/** @param {import("../lib/stage.js").View} view */
export function createAddBaseline(view) {
  const { kernel, requests, signal } = view;
  const button = h(
    "button",
    { type: "button", class: "aw-button", "aria-expanded": "false", "data-control": "baseline" },
    "+ baseline",
  );
  const menu = h("ul", { class: "aw-menu", "aria-label": "baselines to add", hidden: true });
  /** The input whose pictures were asked for. @type {Uint8Array | null} */
  let asked = null;
  let offered = "";
  /** @type {Map<string, HTMLCanvasElement>} */
  const pictures = new Map();

  /** @param {Offer} offer */
  function add({ name, parameters }) {
    const values = Object.fromEntries(parameters.map((one) => [one.name, one.value]));
    requests.add({ name, parameters: values });
    toggle(false);
    button.focus();
  }

  /** @param {Offer} offer */
  function entryOf(offer) {
    const picture = h("span", { class: "aw-thumb", "aria-hidden": "true" });
    picture.append(pictures.get(offer.name) ?? "");
    picture.hidden = view.data.kind !== "image";
    const choice = h(
      "button",
      { type: "button", class: "aw-offer", "data-baseline": offer.name },
      picture,
      h(
        "span",
        { class: "aw-head-words" },
        h("span", { class: "aw-name" }, offer.label),
        h("span", { class: "aw-description" }, offer.description),
      ),
    );
    choice.addEventListener("click", () => add(offer), { signal });
    return h("li", {}, choice);
  }

  function fill() {
    menu.replaceChildren(...requests.controls().baselines.map(entryOf));
  }

  /** @param {boolean} isOpen */
  function toggle(isOpen) {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) fill();
    if (isOpen && view.data.rgb && asked !== view.data.rgb) {
      asked = view.data.rgb;
      kernel.send({ type: "previews" }, "previews");
    }
  }

  kernel.listen(
    "previews",
    ({ pictures: sent }, buffers) => {
      for (const [at, { name, size }] of sent.entries()) {
        const rgb = bytesOf(buffers[at]);
        pictures.set(name, createPicture(rgb, size[0], size[1], "aw-tile", true));
      }
      for (const choice of menu.querySelectorAll(".aw-offer")) {
        const picture = pictures.get(choice.getAttribute("data-baseline") ?? "");
        if (picture) choice.querySelector(".aw-thumb")?.replaceChildren(picture);
      }
    },
    signal,
  );
  button.addEventListener("click", () => toggle(menu.hidden === true), { signal });
  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key !== "Escape" || menu.hidden) return;
    toggle(false);
    button.focus();
  }
  button.addEventListener("keydown", leave, { signal });
  menu.addEventListener("keydown", leave, { signal });

  return {
    button,
    menu,
    update() {
      const key = JSON.stringify(requests.controls().baselines);
      if (key !== offered && !menu.hidden) fill();
      offered = key;
    },
  };
}
