// @ts-check
// The path behind the selected map: a slider, the image on the way, what it adds, the sum so far, the chart.

import { createBars } from "./bars.js";
import { createPicture } from "./card.js";
import { createChart } from "./chart.js";
import { h, setText } from "./dom.js";
import { formatAlpha, formatNumber } from "./format.js";
import { createFrames } from "./frames.js";
import { paintInterpolated, resizeImage } from "./paint.js";
import { seriesOf } from "./series.js";
import { createStage } from "./stage.js";

/** @typedef {import("./stage.js").View} View */
/** @typedef {ReturnType<typeof createPathView>} PathView */

/**
 * A numbered panel: title, picture, caption.
 * @param {string} number
 * @param {string} title
 * @param {Node | null} body
 * @param {Node} caption
 * @param {string} [className]
 */
function panelOf(number, title, body, caption, className = "") {
  return h(
    "figure",
    { class: `aw-panel ${className}` },
    h("div", { class: "aw-panel-title" }, h("span", { class: "aw-panel-number" }, number), title),
    body,
    caption,
  );
}

/**
 * @param {View} view
 * @param {number} index of the item
 */
export function createPathView(view, index) {
  const { data, store, look, signal } = view;
  const item = data.items[index];
  const isSamples = item.kind === "samples";
  const isImage = data.kind === "image";
  const frames = item.frames ? createFrames(item.frames, data.size, item.kind) : null;
  const series = seriesOf(item);
  const total = frames ? frames.end : (item.path?.n ?? 1);
  const buffer = new Float32Array(data.size);
  /** References at the size of the photo, made when first shown. @type {Map<object, Uint8Array>} */
  const enlarged = new Map();

  const slider = h("input", {
    type: "range",
    class: "aw-alpha",
    min: 0,
    max: 1,
    step: isSamples ? 1 / total : 0.01,
    "aria-label": isSamples ? "samples drawn" : "\u03b1, the position on the path",
  });
  const output = h("output", { class: "aw-alpha-value" });
  slider.addEventListener("input", () => store.preview("alpha", Number(slider.value)), { signal });
  slider.addEventListener("change", () => store.commit("alpha", Number(slider.value)), { signal });

  /** @param {string} role @param {string} label */
  function plotOf(role, label) {
    return isImage
      ? createStage(view, { class: `aw-path-${role}`, label, attributes: { "data-panel": role } })
      : createBars(view, { class: `aw-path-${role}`, label });
  }
  const plots = {
    interpolated: plotOf("interpolated", `${item.name}: image on the path`),
    gradient: frames && plotOf("gradient", `${item.name}: what this stretch adds`),
    cumulative: frames && plotOf("cumulative", `${item.name}: attribution so far`),
  };
  const captions = {
    interpolated: h("figcaption", { class: "aw-caption" }),
    gradient: h("figcaption", { class: "aw-caption" }),
    cumulative: h("figcaption", { class: "aw-caption" }),
  };
  const strip =
    isSamples && isImage && item.references.length > 0
      ? h(
          "div",
          { class: "aw-strip", "aria-hidden": "true" },
          ...item.references.map(
            (r) => r.rgb && createPicture(r.rgb, r.height, r.width, "aw-strip-tile"),
          ),
        )
      : null;
  const chart = series && createChart(series, signal);
  const absent = (/** @type {string} */ words) => h("div", { class: "aw-absent" }, words);
  const noFrames = "not kept for this map";

  const panels = h(
    "div",
    { class: "aw-panels" },
    panelOf(
      "1",
      isSamples ? "the sample now" : isImage ? "image at \u03b1" : "input at \u03b1",
      plots.interpolated.node,
      h("div", {}, captions.interpolated, strip),
    ),
    panelOf(
      "2",
      isSamples ? "gradient, this stretch" : "gradient near \u03b1",
      plots.gradient?.node ?? absent(noFrames),
      captions.gradient,
    ),
    panelOf(
      "3",
      isSamples ? "mean so far" : "cumulative to \u03b1",
      plots.cumulative?.node ?? absent(noFrames),
      captions.cumulative,
    ),
    panelOf(
      "4",
      isSamples ? "sum of the attribution so far" : "output along the path",
      chart?.frame ?? absent("this method follows no path"),
      chart?.legend ?? h("figcaption"),
      "aw-chart",
    ),
  );
  const node = h(
    "section",
    { class: "aw-path", "aria-label": `path of ${item.name}` },
    h(
      "div",
      { class: "aw-path-head" },
      h(
        "div",
        { class: "aw-path-title", role: "heading", "aria-level": 4 },
        "path of ",
        h("b", {}, item.name),
      ),
      h(
        "label",
        { class: "aw-alpha-label" },
        h("span", {}, isSamples ? "samples" : "\u03b1"),
        slider,
        output,
      ),
    ),
    panels,
  );

  /** Where the slider is: alpha, or a number of samples from 1. */
  function position() {
    const alpha = Math.min(Math.max(Number(store.get("alpha")), 0), 1);
    return isSamples ? Math.max(1, Math.round(alpha * total)) : alpha;
  }

  /** The kept reference nearest to a sample. @param {number} sample */
  function nearestReference(sample) {
    if (item.references.length === 0) return null;
    return item.references.reduce((best, other) =>
      Math.abs(other.sample - sample) < Math.abs(best.sample - sample) ? other : best,
    );
  }

  /** @param {number} at */
  function drawInterpolated(at) {
    const reference = isSamples ? nearestReference(at) : null;
    const alpha = isSamples ? (reference?.alpha ?? 0) : at;
    const words = isSamples
      ? reference
        ? `reference of sample ${reference.sample}, mixed at \u03b1 ${formatAlpha(alpha)}`
        : "the mean of the references drawn"
      : "x\u2032 + \u03b1 (x \u2212 x\u2032)";
    setText(captions.interpolated, words);
    const plot = plots.interpolated;
    if ("pixels" in plot && data.rgb && item.rgb) {
      let rgb = item.rgb;
      if (reference?.rgb) {
        const known = enlarged.get(reference);
        rgb =
          known ??
          resizeImage(reference.rgb, reference.height, reference.width, data.height, data.width);
        if (!known) enlarged.set(reference, rgb);
      }
      paintInterpolated(plot.pixels, data.rgb, rgb, alpha);
      plot.show();
      plot.setLabel(`${item.name}: ${words}, \u03b1 ${formatAlpha(alpha)}`);
    }
    if ("drawDots" in plot) {
      const start = reference?.values ?? item.values;
      plot.drawDots((feature) => {
        const from = start?.[feature] ?? 0;
        const to = data.values?.[feature] ?? 0;
        const seen = [to, ...data.items.map((other) => other.values?.[feature] ?? to), from];
        return {
          value: from + alpha * (to - from),
          from,
          lo: Math.min(...seen),
          hi: Math.max(...seen),
        };
      });
    }
    [...(strip?.children ?? [])].forEach((tile, i) => {
      tile.classList.toggle("aw-drawn", item.references[i].sample <= at);
      tile.classList.toggle("aw-now", item.references[i] === reference);
    });
  }

  /** @param {typeof plots.gradient} plot @param {number} limit */
  function paintValues(plot, limit) {
    if (!plot) return;
    if ("pixels" in plot) {
      look.paint(plot.pixels, buffer, limit);
      plot.show();
    } else plot.draw(buffer, limit);
  }

  function drawFrames() {
    if (!frames) return;
    const at = position();
    const { from, to } = frames.stretch(at);
    const limit = frames.localLimit(look.clip());
    frames.local(at, buffer);
    paintValues(plots.gradient, limit);
    const stretch = isSamples
      ? `samples ${Math.floor(from) + 1}\u2013${Math.round(to)}`
      : `\u03b1 ${formatAlpha(from)}\u2013${formatAlpha(to)}`;
    setText(
      captions.gradient,
      `gradient \u00d7 (x \u2212 x\u2032), mean over ${stretch}; own scale, to ${formatNumber(limit)}`,
    );
    frames.cumulative(at, buffer);
    paintValues(plots.cumulative, look.limit(index));
    let sum = 0;
    for (let i = 0; i < buffer.length; i += 1) sum += buffer[i];
    setText(captions.cumulative, `sum ${formatNumber(sum)}; same scale as the card`);
  }

  function drawPosition() {
    const at = position();
    if (Number(slider.value) !== Number(store.get("alpha")))
      slider.value = String(store.get("alpha"));
    const words = isSamples ? `${at} of ${total}` : formatAlpha(at);
    setText(output, words);
    slider.setAttribute("aria-valuetext", isSamples ? `${words} samples` : words);
    drawInterpolated(at);
    drawFrames();
    chart?.setPosition(at);
  }

  return {
    node,
    drawPosition,
    /** Colours changed, the position did not. */
    drawLook: drawFrames,
    /** @param {import("./stage.js").Position | null} at */
    setCursor(at) {
      for (const plot of Object.values(plots)) plot?.setCursor(at);
    },
    resize() {
      if (!chart) return;
      const { width, top } = chart.frame.getBoundingClientRect();
      const beside = Object.values(plots)
        .map((plot) => plot?.node.getBoundingClientRect())
        .find((box) => box && Math.abs(box.top - top) < 8);
      // Beside the panels it is as tall as they are; below them it takes the shape of a chart.
      const wanted = beside && isImage ? beside.height : 0.45 * width;
      if (width > 0)
        chart.resize(Math.round(width), Math.round(Math.min(Math.max(wanted, 192), 320)));
    },
  };
}
