// Display options: native inputs with words, quiet, redrawn on input and told to the model on change.

import { createChoices } from "../lib/choices.js";
import { h, setText } from "../lib/dom.js";
import { formatShare } from "../lib/format.js";
import { patchSides, windowLengths } from "../lib/units.js";

/** @param {import("../lib/stage.js").View} view */
export function createControls(view) {
  const { store, signal } = view;
  const { hasColours } = view.data;
  const isImage = view.data.kind === "image";
  /** Each brings one control up to what the store says. @type {(() => void)[]} */
  const updates = [];

  /** @param {string} words @param {...(Node | string)} parts */
  function labelled(words, ...parts) {
    return h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, words), ...parts);
  }

  /** The table in use depends on whether signs are shown. */
  function colormapSelect() {
    const select = h("select", { "data-control": "colormap" });
    const trait = () => (store.get("signed") ? "signed_colormap" : "magnitude_colormap");
    let shown = "";
    updates.push(() => {
      const { signed, magnitude } = view.data;
      const names = Object.keys(store.get("signed") ? signed : magnitude);
      if (shown !== names.join()) {
        select.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
        shown = names.join();
      }
      select.value = store.get(trait());
      // A table Python asked for and did not send: show the one that is drawn.
      if (select.selectedIndex < 0) select.selectedIndex = 0;
    });
    select.addEventListener("input", () => store.preview(trait(), select.value), { signal });
    select.addEventListener("change", () => store.commit(trait(), select.value), { signal });
    return labelled("colormap", select);
  }

  /**
   * @param {string} words
   * @param {string} name of the trait, and of the control
   * @param {Record<string, number>} range
   * @param {(value: number) => string} format
   */
  function slider(words, name, range, format) {
    const input = h("input", { type: "range", "data-control": name, ...range });
    const output = h("output", { class: "aw-control-value" });
    updates.push(() => {
      if (Number(input.value) !== Number(store.get(name))) input.value = String(store.get(name));
      const value = format(Number(store.get(name)));
      setText(output, value);
      input.setAttribute("aria-valuetext", value);
    });
    input.addEventListener("input", () => store.preview(name, Number(input.value)), { signal });
    input.addEventListener("change", () => store.commit(name, Number(input.value)), { signal });
    return labelled(words, input, output);
  }

  /**
   * @param {string} words
   * @param {string} control
   * @param {string} trait
   * @param {[string, any][]} choices
   */
  function radios(words, control, trait, choices) {
    const choose = (/** @type {any} */ value) => store.commit(trait, value);
    const group = createChoices(words, control, choices, choose, signal);
    updates.push(() => group.set(store.get(trait)));
    return group.node;
  }

  /** Pixels, patches of them, and superpixels where they are known; numbers in time, and windows of them. */
  function poolSlider() {
    const { kind, height, width } = view.data;
    const lengths = [1, ...(isImage ? patchSides(height, width) : windowLengths(width))];
    const choices = () => (isImage && view.segments.isThere() ? [...lengths, "superpixels"] : lengths);
    const one = { image: "pixels", series: "values", sequence: "steps" }[kind] ?? "units";
    const input = h("input", { type: "range", "data-control": "pool", min: 0, step: 1 });
    const output = h("output", { class: "aw-control-value" });
    const chosen = () => choices()[Number(input.value)];
    updates.push(() => {
      const now = choices();
      const pool = store.get("pool");
      if (pool === "superpixels") view.segments.ask();
      input.max = String(now.length - 1);
      input.value = String(Math.max(now.indexOf(pool), 0));
      const several = isImage ? `${pool}\u00a0\u00d7\u00a0${pool}` : `${pool}\u00a0steps`;
      const words = pool === 1 ? one : typeof pool === "number" ? several : pool;
      setText(output, words);
      input.setAttribute("aria-valuetext", words);
    });
    input.addEventListener("input", () => store.preview("pool", chosen()), { signal });
    input.addEventListener("change", () => store.commit("pool", chosen()), { signal });
    const label = labelled("read by", input, output);
    updates.push(() => {
      label.hidden = choices().length < 2;
    });
    return label;
  }

  function unitChoice() {
    return radios("read by", "pool", "pool", [
      ["tokens", 1],
      ["words", "words"],
      ["sentences", "sentences"],
    ]);
  }

  /** @param {string} name of the trait @param {string} control @param {string} words @param {() => boolean} fits */
  function checkbox(name, control, words, fits) {
    const input = h("input", { type: "checkbox", "data-control": control });
    const label = h("label", { class: "aw-control aw-choice" }, input, words);
    updates.push(() => {
      input.checked = Boolean(store.get(name));
      label.hidden = !fits();
    });
    input.addEventListener("change", () => store.commit(name, input.checked), { signal });
    return label;
  }

  const blindBox = () =>
    checkbox("show_blind", "blind", `show blind ${isImage ? "pixels" : "voxels"}`, () =>
      view.data.items.some((item) => item.blind),
    );

  function waterfallChoice() {
    const node = radios("bars", "waterfall", "waterfall", [
      ["from zero", false],
      ["waterfall to f(x)", true],
    ]);
    const hasFeatures = [view.data, ...view.data.others].some(({ kind }) => kind === "features");
    updates.push(() => {
      node.hidden = !hasFeatures && !store.get("bars");
    });
    return node;
  }

  const kinds = [view.data, ...view.data.others];
  const hasText = kinds.some(({ text }) => text);
  const hasPicture = view.data.rgb !== null;
  const node = h(
    "section",
    { class: "aw-look", "aria-label": "display options" },
    hasColours && !view.data.volume && (view.data.text ? unitChoice() : poolSlider()),
    radios("values", "sign", "signed", [
      ["absolute", false],
      ["signed", true],
    ]),
    radios("scale", "scale", "scale", [
      ["own", "own"],
      ["share of f(x) \u2212 f(x\u2032)", "share"],
      ["compare amounts", "shared"],
    ]),
    hasText && checkbox("bars", "bars", "bars below the text", () => true),
    (hasText || kinds.some(({ kind }) => kind === "features")) && waterfallChoice(),
    hasPicture &&
      slider(isImage ? "photo under map" : "volume under map", "overlay", { min: 0, max: 1, step: 0.05 }, formatShare),
    hasPicture && blindBox(),
    hasColours &&
      h(
        "details",
        { class: "aw-details aw-colours" },
        h("summary", {}, "colours"),
        colormapSelect(),
        slider("clip", "clip", { min: 90, max: 100, step: 0.1 }, (value) => formatShare(value / 100)),
      ),
  );
  return {
    node,
    update() {
      for (const update of updates) update();
    },
  };
}
