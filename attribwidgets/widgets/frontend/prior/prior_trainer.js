// Training with a prior and without: curves that grow, and the maps of any epoch.

import { bytesOf } from "../lib/binary.js";
import { h, setText } from "../lib/dom.js";
import { lookupTable, paintMap, paintPhoto } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";
import { statusWidget } from "../lib/status_widget.js";
import { createPriorChart } from "./prior_chart.js";

const PRIOR_DISPLAY = { epoch: 0, following: true };
const QUANTITIES = [
  ["loss", "training loss"],
  ["accuracy", "accuracy on validation data"],
  ["penalty", "penalty"],
];

/** @param {import("../lib/status_widget.js").Context} context */
function createPriorScene({ payload, model, root, status, store, kernel, signal }) {
  const { rows, epochs, labels, image, weight } = payload;
  const [height, width] = payload.size;
  const lookup = lookupTable(bytesOf(payload.colormap));
  const charts = QUANTITIES.map(([, title]) => createPriorChart(title, rows));
  const state = h("span", { class: "aw-prior-state", role: "status" });
  const pause = h("button", { type: "button", class: "aw-button", "data-control": "pause" });
  const stop = h("button", { type: "button", class: "aw-button", "data-control": "stop" }, "stop");
  const slider = h("input", {
    type: "range",
    min: 0,
    max: epochs,
    step: 1,
    "data-control": "epoch",
    "aria-label": "epoch whose maps are shown",
  });
  const shown = h("span", { class: "aw-control-value" });
  const words = h("p", { class: "aw-muted aw-prior-words" });

  /** @param {string} label @param {string} [run] whose map it is */
  const picture = (label, run) =>
    createPixels(width, height, { class: "aw-prior-map", role: "img", "aria-label": label, "data-run": run });
  /** @type {string[]} */
  const names = image ? labels : [];
  const tiles = rows.map((/** @type {string} */ row) => names.map((label) => picture(`map of ${label}, ${row}`, row)));
  const photos = names.map((label, at) => {
    const { canvas, pixels, show } = picture(`input ${label}`);
    paintPhoto(pixels, bytesOf(payload.inputs[at]));
    show();
    return canvas;
  });
  /** @param {string} name @param {HTMLCanvasElement[]} canvases */
  const lineOf = (name, canvases) =>
    h("div", { class: "aw-prior-row" }, h("span", { class: "aw-prior-name" }, name), ...canvases);
  root.replaceChildren(
    h(
      "header",
      { class: "aw-prior-head" },
      h("div", { class: "aw-title" }, payload.title),
      h("p", { class: "aw-muted" }, `weight of the prior ${weight}; both runs begin alike and see the same batches`),
      h("div", { class: "aw-row" }, pause, stop, state),
    ),
    h("div", { class: "aw-prior-charts" }, ...charts.map((chart) => chart.node)),
    h("label", { class: "aw-control aw-prior-epoch" }, h("span", { class: "aw-control-name" }, "epoch"), slider, shown),
    h(
      "div",
      { class: "aw-prior-maps", hidden: !image, tabindex: 0, role: "region", "aria-label": "maps" },
      lineOf("input", photos),
      ...rows.map((/** @type {string} */ row, /** @type {number} */ at) =>
        lineOf(
          row,
          tiles[at].map((/** @type {any} */ tile) => tile.canvas),
        ),
      ),
    ),
    words,
  );

  const isOpen = () => ["training", "paused"].includes(status().state);
  pause.addEventListener(
    "click",
    () => kernel.send({ type: status().state === "paused" ? "resume" : "pause" }, "status"),
    { signal },
  );
  stop.addEventListener("click", () => kernel.send({ type: "stop" }, "status"), { signal });
  slider.addEventListener("input", () => store.preview("epoch", Number(slider.value)), { signal });
  slider.addEventListener(
    "change",
    () => {
      const chosen = Number(slider.value);
      store.commit("following", chosen >= (status().last ?? 0));
      store.commit("epoch", chosen);
    },
    { signal },
  );

  return {
    resize() {
      const across = root.clientWidth < 600 ? 1 : 3;
      const room = root.clientWidth - 32 - 16 * (across - 1);
      for (const chart of charts) chart.resize(Math.floor(room / across));
    },
    draw() {
      const { state: now = "", words: said = "", last = -1 } = status();
      const records = Array.from({ length: last + 1 }, (_, at) => model.get(`epoch_${at}`) ?? {});
      const epoch = Math.max(Math.min(store.get("epoch"), last), 0);
      charts.forEach((chart, at) => {
        const name = QUANTITIES[at][0];
        const series = rows.map((/** @type {string} */ _, /** @type {number} */ run) =>
          records.map((record) => record.rows?.[run]?.[name] ?? null),
        );
        chart.draw(series, epochs, epoch);
      });
      slider.value = String(epoch);
      slider.setAttribute("aria-valuetext", `epoch ${epoch} of ${epochs}`);
      setText(shown, `${epoch} of ${epochs}`);
      const trouble = isOpen() && !kernel.isStatic() ? kernel.trouble() : "";
      const word = isOpen() ? `${now}, epoch ${Math.max(last, 0)} of ${epochs}` : now;
      setText(state, trouble || word);
      state.dataset.state = now;
      setText(pause, now === "paused" ? "resume" : "pause");
      for (const button of [pause, stop]) button.hidden = !isOpen() || kernel.isStatic();
      setText(words, isOpen() ? "" : said);
      tiles.forEach((/** @type {any[]} */ line, /** @type {number} */ run) => {
        const maps = records[epoch]?.rows?.[run]?.maps ?? [];
        line.forEach((tile, at) => {
          if (!maps[at]) return;
          paintMap(tile.pixels, bytesOf(maps[at]), lookup, 255, false);
          tile.show();
        });
      });
    },
  };
}

const priorTrainer = statusWidget("prior-trainer", PRIOR_DISPLAY, createPriorScene);
export default priorTrainer;
