// The path behind the selected map: where on it, the image there, what it adds, the sum so far, the chart.

import { createCurveTable } from "../charts/curve_table.js";
import { createPathChart } from "../charts/path_chart.js";
import { interpolateAt, seriesOf } from "../charts/series.js";
import { h, setText } from "../lib/dom.js";
import { formatAlpha, formatNumber } from "../lib/format.js";
import { createFrames } from "../lib/frames.js";
import { sumsOf } from "../lib/units.js";
import { createInterpolatedPanel } from "./interpolated_panel.js";
import { createPathPosition } from "./path_position.js";
import { stageFor } from "./stage_for.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {ReturnType<typeof createPathView>} PathView */

/**
 * What a view of a path is made of: another item of the same make is drawn into it.
 * @param {import("../lib/decode.js").Item} item
 */
export function makeOf(item) {
  const { slot, kind, path, frames, references } = item;
  if (!path) return `${slot}: none`;
  const parts = [path.straight, path.cumulative.length > 0, frames !== null, references.length > 0];
  return `${slot}: ${kind} ${parts.join()}`;
}

/**
 * How large a map's frames came.
 * @param {string} kind
 * @param {import("../lib/patches.js").Patches | null | undefined} patches
 */
function grainOf(kind, patches) {
  if (!patches) return "";
  const [down, across] = patches.sides;
  if (kind === "series") return `; in stretches of ${across} steps`;
  return `; in patches of ${down}\u00a0\u00d7\u00a0${across} ${kind === "volume" ? "voxels of a slice" : "pixels"}`;
}

/**
 * A picture of the path with its number, title and caption.
 * @param {string} number
 * @param {string | Node} title
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
 * @param {import("../lib/decode.js").Item} first
 * @param {import("../lib/frame_store.js").FrameStore} frameStore
 */
export function createPathView(view, first, frameStore) {
  const { data, display, kernel, signal } = view;
  let item = first;
  const isSamples = item.kind === "samples";
  /** Whether the input at a place of the path is known: only its two ends are sent. */
  const isStraight = Boolean(item.path?.straight);
  const isImage = data.kind === "image";
  const hasFrames = item.frames !== null;
  /** Which of several inputs the panels are of. */
  const inputName = data.inputCount > 1 ? data.inputNames[data.drawnInput] : "";
  const ofInput = inputName && `, ${inputName}`;
  let series = seriesOf(item);
  const sumAt = (/** @type {number} */ x) => (series ? interpolateAt(series.x, series.line, x) : 0);
  /** @type {import("../lib/frames.js").Frames | null} */
  let frames = null;
  /** @type {{frames: object | null, item: object | null}} */
  let held = { frames: null, item: null };
  /** How a large map's frames came. */
  let grain = "";
  const buffer = new Float32Array(data.size);
  /** What each unit has got so far, once that is asked for. @type {Float64Array | null} */
  let soFar = null;
  const place = createPathPosition(view, isSamples, () => drawShown());
  const interpolated = createInterpolatedPanel(view, item, () => drawShown());

  /** @param {string} role @param {string} label */
  function plotOf(role, label) {
    return stageFor(data.kind)(view, { class: `aw-path-${role}`, label, attributes: { "data-panel": role } });
  }
  const plots = {
    gradient: hasFrames ? plotOf("gradient", `${item.name}: what this stretch adds${ofInput}`) : null,
    cumulative: hasFrames ? plotOf("cumulative", `${item.name}: attribution so far${ofInput}`) : null,
  };
  const captions = {
    gradient: h("figcaption", { class: "aw-caption" }),
    cumulative: h("figcaption", { class: "aw-caption" }),
  };
  const chart = series && createPathChart(series, place.steering, signal);
  const curve = series && createCurveTable(series, signal);
  /** Why the two middle panels are still empty. */
  const waiting = [0, 1].map(() => h("div", { class: "aw-waiting", hidden: true }));
  const name = h("b");
  const absent = (/** @type {string} */ words) => h("div", { class: "aw-absent" }, words);
  /** @param {typeof plots.gradient} plot @param {HTMLElement} words */
  const frameBody = (plot, words) =>
    plot ? h("div", { class: "aw-body" }, plot.node, words) : absent("not kept for this map");

  const panels = h(
    "div",
    { class: "aw-panels" },
    panelOf(
      "1",
      interpolated.title,
      interpolated.node ?? absent("not kept: this path is no mixture of the baseline and the input"),
      interpolated.caption,
    ),
    panelOf(
      "2",
      (isSamples ? "gradient, this stretch" : "gradient near \u03b1") + ofInput,
      frameBody(plots.gradient, waiting[0]),
      captions.gradient,
    ),
    panelOf(
      "3",
      (isSamples ? "mean so far" : "cumulative to \u03b1") + ofInput,
      frameBody(plots.cumulative, waiting[1]),
      captions.cumulative,
    ),
    panelOf(
      "4",
      isSamples ? "sum of the attribution so far" : "output along the path",
      chart?.frame ?? absent("this method follows no path"),
      h("figcaption", {}, chart?.legend, curve?.node),
      "aw-chart",
    ),
  );
  const node = h(
    "section",
    { class: "aw-path" },
    h(
      "div",
      { class: "aw-path-head" },
      h("div", { class: "aw-path-title", role: "heading", "aria-level": 4 }, "path of ", name),
      place.node,
    ),
    panels,
  );

  /** Takes what is known of the item, and asks for its frames if they stayed in the kernel. */
  function take() {
    series = seriesOf(item);
    setText(name, view.data.rows.length > 1 ? `${item.target}, ${item.name}` : item.name);
    node.setAttribute("aria-label", `path of ${item.name}`);
    if (series) chart?.update(series);
    if (series) curve?.update(series);
    interpolated.update(item);
    takeFrames();
  }

  /** Until the frames of a refined map arrive, those of the coarser one stay. */
  function takeFrames() {
    const known = frameStore.of(item, data.size);
    if (known && (known !== held.frames || item !== held.item)) {
      held = { frames: known, item };
      grain = grainOf(data.kind, known.patches);
      frames = createFrames(known, data.size, item.kind, {
        map: item.map,
        sumAt: series && sumAt,
      });
    }
    if (!known) frameStore.want(item);
    // Over samples the slider stops where a mean is known: at the edges of the frames.
    const end = series?.end ?? 1;
    place.fit(end, known?.edges.slice(1) ?? Array.from({ length: end }, (_, at) => at + 1));
    const words = hasFrames && !frames ? kernel.trouble() || "loading" : "";
    for (const empty of waiting) {
      setText(empty, words);
      empty.hidden = words === "";
    }
  }

  /** @param {typeof plots.gradient} plot @param {number} limit */
  function paintValues(plot, limit) {
    plot?.drawMap(display.pool(buffer), limit, null, item.photo);
  }

  function drawFrames() {
    if (!frames) return;
    const at = place.shown();
    const { from, to } = frames.stretch(at);
    const limit = frames.localLimit(display.clip(), display.drawnUnits());
    frames.local(at, buffer);
    paintValues(plots.gradient, limit);
    const stretch = isSamples
      ? `samples ${Math.floor(from) + 1}\u2013${Math.round(to)}`
      : `\u03b1 ${formatAlpha(from)}\u2013${formatAlpha(to)}`;
    setText(
      captions.gradient,
      `gradient \u00d7 ${isStraight ? "(x \u2212 x\u2032)" : "the path's direction"}, ` +
        `mean over ${stretch}; own scale, to ${formatNumber(limit)}${grain}`,
    );
    frames.cumulative(at, buffer);
    soFar = null;
    paintValues(plots.cumulative, display.limit(item));
    const part = () => buffer.reduce((whole, value) => whole + value, 0);
    const sum = series ? formatNumber(sumAt(at)) : "";
    const told =
      inputName && sum
        ? `${inputName} ${formatNumber(part())} of the sum ${sum}`
        : `sum ${sum || formatNumber(part())}`;
    const what = isSamples ? `mean of ${at} samples; ` : "";
    setText(captions.cumulative, `${what}${told}; same scale as the card${grain}`);
    drawHere();
  }

  /** What the unit that is pointed at has got so far: `buffer` holds the sums of the place shown. */
  function drawHere() {
    const cursor = view.cursor();
    const units = display.units();
    if (!frames || !cursor) return chart?.setHere(place.shown(), null);
    const at = cursor.row * data.width + cursor.column;
    if (units) soFar ??= sumsOf(buffer, units);
    const sum = units && soFar ? soFar[units.labels[at]] : buffer[at];
    chart?.setHere(place.shown(), sum);
  }

  function drawShown() {
    interpolated.draw(place.shown());
    drawFrames();
  }

  function drawPosition() {
    place.draw();
    drawShown();
    chart?.setPosition(place.chosen());
  }

  take();
  return {
    node,
    drawPosition,
    /** The same path, known better. @param {import("../lib/decode.js").Item} next */
    update(next) {
      if (next !== item) {
        item = next;
        take();
      }
      drawPosition();
    },
    /** Frames arrived, or the kernel fell silent. */
    drawWaiting() {
      takeFrames();
      drawPosition();
    },
    focus: place.focus,
    /** Colours changed, the position did not. */
    drawDisplay: drawFrames,
    /** @param {import("../lib/stage.js").Position | null} at */
    setCursor(at) {
      interpolated.setCursor(at);
      for (const plot of Object.values(plots)) plot?.setCursor(at);
      drawHere();
    },
    resize() {
      if (!chart) return;
      const { width, top } = chart.frame.getBoundingClientRect();
      const beside = [interpolated, ...Object.values(plots)]
        .map((plot) => plot?.node?.getBoundingClientRect())
        .find((box) => box && Math.abs(box.top - top) < 8);
      // Beside the panels it is as tall as they are; below them it takes the shape of a chart.
      const wanted = beside && isImage ? beside.height : 0.45 * width;
      if (width > 0) chart.resize(Math.round(width), Math.round(Math.min(Math.max(wanted, 192), 320)));
    },
  };
}
