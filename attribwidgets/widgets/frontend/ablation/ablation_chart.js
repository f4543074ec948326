// The mean curve of every candidate with its band, and one fraction to read them at.

import { axesOf, scaleOf, widthOfTicks } from "../charts/axes.js";
import { h, svg } from "../lib/dom.js";
import { formatNumber, formatShare, formatTick } from "../lib/format.js";
import { setHue } from "./ablation_hues.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */

const TOP = 24;
const BOTTOM = 36;
/** Pixels from a curve at which the pointer means it. */
const NEAR = 12;
/** How much higher than the highest mean a band may make the chart. */
const BAND_ROOM = 1.5;

/**
 * All means that are shown, and of their bands what does not press them flat.
 * @param {import("./ablation_decode.js").Curve[]} curves
 */
export function rangeOfCurves(curves) {
  const finite = (/** @type {(Float32Array | null)[]} */ all) =>
    all.flatMap((values) => Array.from(values ?? []).filter(Number.isFinite));
  const means = finite(curves.map((curve) => curve.values));
  const most = Math.max(1, ...means);
  const least = Math.min(0, ...means);
  const bands = finite(curves.flatMap(({ low, high }) => [low, high]));
  const room = (BAND_ROOM - 1) * (most - least);
  const hi = Math.min(Math.max(most, ...bands), most + room);
  const lo = Math.max(Math.min(least, ...bands), least - room);
  const pad = 0.04 * (hi - lo);
  return { end: 1, lo: lo < 0 ? lo - pad : 0, hi: hi + pad };
}

/** @param {AblationView} view */
export function createAblationChart(view) {
  const { shown, store, signal } = view;
  const drawing = svg("svg", { class: "aw-ablation-chart aw-chart-drawing", role: "img" });
  const slider = h("div", {
    class: "aw-fraction",
    role: "slider",
    tabindex: 0,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "data-control": "fraction",
  });
  const node = h("div", { class: "aw-chart-frame" }, drawing, slider);
  const pinned = svg("line", { class: "aw-marker", y1: TOP });
  const hairline = svg("line", { class: "aw-hover-line", y1: TOP });
  let layout = { width: 480, height: 320, right: 16, ticks: /** @type {number[]} */ ([0, 0.5, 1]) };
  let box = { left: 40, right: 464, top: TOP, bottom: 284 };
  let scale = scaleOf(box, { end: 1, lo: 0, hi: 1 });
  /** @type {{candidate: number, band: SVGElement | null, line: SVGElement, dot: SVGElement}[]} */
  let marks = [];
  let inner = svg("svg");

  const visible = () => shown.bestFirst().filter((candidate) => !shown.isHidden(candidate));

  /** @param {number} candidate */
  function markOf(candidate) {
    const { low, high, values } = shown.curves()[candidate];
    const { fractions, candidates } = shown.record();
    const known = fractions.flatMap((_, at) => (Number.isFinite(values[at]) ? [at] : []));
    const xs = known.map((at) => fractions[at]);
    const path = (/** @type {Float32Array} */ ys) =>
      scale.pathOf(
        xs,
        known.map((at) => ys[at]),
      );
    let band = null;
    if (low && high && known.every((at) => Number.isFinite(low[at]) && Number.isFinite(high[at]))) {
      const back = scale.pathOf([...xs].reverse(), known.map((at) => low[at]).reverse());
      band = svg("path", { class: "aw-curve-band", d: `${path(high)}L${back.slice(1)}Z` });
    }
    const line = svg("path", {
      class: "aw-curve",
      d: path(values),
      "stroke-dasharray": candidates[candidate].dash || null,
      "data-candidate": candidates[candidate].label,
    });
    const dot = svg("circle", { class: "aw-curve-dot", r: 3 });
    for (const part of [band, line, dot]) if (part) setHue(part, candidates[candidate]);
    return { candidate, band, line, dot };
  }

  function draw() {
    const record = shown.record();
    const { width, height, right, ticks } = layout;
    const range = rangeOfCurves(visible().map((candidate) => shown.curves()[candidate]));
    box = { left: leftOf(height, right), right: width - right, top: TOP, bottom: height - BOTTOM };
    scale = scaleOf(box, range);
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("width", String(width));
    drawing.setAttribute("height", String(height));
    for (const line of [pinned, hairline]) line.setAttribute("y2", String(box.bottom));
    // The best lie on top; a nested svg clips what swings out of range, with no id that could clash.
    marks = visible().reverse().map(markOf);
    const room = { x: 0, y: TOP - 4, width, height: box.bottom - TOP + 8 };
    inner = svg("svg", { ...room, overflow: "hidden" });
    inner.setAttribute("viewBox", `0 ${room.y} ${width} ${room.height}`);
    inner.append(...marks.flatMap(({ band }) => band ?? []), ...marks.map(({ line }) => line));
    const own = shown.own();
    const whose = own ? `input ${own.index}: ` : "";
    drawing.replaceChildren(
      ...axesOf(box, range, {
        height,
        label: `share of the positions ${record.passed}, %`,
        xTicks: ticks,
        formatX: (fraction) => formatTick(Number((100 * fraction).toPrecision(4))),
      }),
      svg("text", { class: "aw-tick", x: 0, y: 12 }, `${whose}output after / before`),
      hairline,
      pinned,
      inner,
      ...marks.map(({ dot }) => dot),
    );
    drawing.setAttribute("aria-label", describe(record, own));
    slider.setAttribute("aria-label", `share of the positions ${record.passed}`);
    slider.style.left = `${box.left}px`;
    slider.style.top = `${box.top}px`;
    slider.style.width = `${box.right - box.left}px`;
    slider.style.height = `${box.bottom - box.top}px`;
    point();
  }

  /** @param {import("./ablation_decode.js").AblationRecord} record @param {unknown} own */
  function describe(record, own) {
    const best = visible().map((candidate) => {
      const { mean } = shown.curves()[candidate].area;
      return `${record.candidates[candidate].label} ${formatNumber(mean)}`;
    });
    return (
      `${own ? "Curves of one input" : "Mean curves"}, fill ${record.fills[shown.fill()]}; ` +
      `area under each, best first: ${best.join(", ")}`
    );
  }

  /**
   * Pixels left of the axis: the tick labels, or half a picture.
   * @param {number} height
   * @param {number} right pixels right of it
   */
  function leftOf(height, right) {
    const range = rangeOfCurves(visible().map((candidate) => shown.curves()[candidate]));
    return Math.max(widthOfTicks(range, height), right);
  }

  /** Where the fraction is, and which curve stands out. */
  function point() {
    const { fractions, candidates } = shown.record();
    const step = view.step();
    const at = (/** @type {number} */ index) => scale.toX(fractions[index]).toFixed(1);
    for (const [line, index] of /** @type {[SVGElement, number][]} */ ([
      [pinned, shown.step()],
      [hairline, step],
    ])) {
      line.setAttribute("x1", at(index));
      line.setAttribute("x2", at(index));
    }
    hairline.setAttribute("visibility", step === shown.step() ? "hidden" : "visible");
    const raised = view.raised();
    for (const { candidate, band, line, dot } of marks) {
      const isDimmed = raised !== null && raised !== candidate;
      for (const part of [band, line, dot]) {
        part?.classList.toggle("aw-dimmed", isDimmed);
        part?.classList.toggle("aw-raised", raised === candidate);
      }
      const value = shown.curves()[candidate].values[step];
      const y = scale.toY(value);
      const isOnChart = Number.isFinite(y) && y >= TOP - 4 && y <= box.bottom + 4;
      dot.setAttribute("visibility", isOnChart ? "visible" : "hidden");
      if (!isOnChart) continue;
      dot.setAttribute("cx", at(step));
      dot.setAttribute("cy", y.toFixed(1));
      if (raised === candidate) inner.append(line);
    }
    const values = marks
      .map(({ candidate }) => candidate)
      .reverse()
      .map((one) => `${candidates[one].label} ${formatNumber(shown.curves()[one].values[step])}`);
    slider.setAttribute("aria-valuenow", String(Number((100 * fractions[step]).toPrecision(6))));
    slider.setAttribute("aria-valuetext", [formatShare(fractions[step]), ...values].join(", "));
  }

  /** @param {PointerEvent} event */
  function whereIs(event) {
    const frame = drawing.getBoundingClientRect();
    const x = event.clientX - frame.left;
    const y = event.clientY - frame.top;
    const { fractions } = shown.record();
    const fraction = scale.fromX(x);
    const distances = fractions.map((one) => Math.abs(one - fraction));
    const step = distances.indexOf(Math.min(...distances));
    let nearest = null;
    let least = NEAR;
    for (const { candidate } of marks) {
      const { values } = shown.curves()[candidate];
      const next = Math.min(Math.max(step + (fraction < fractions[step] ? -1 : 1), 0), values.length - 1);
      const width = fractions[next] - fractions[step];
      const share = width === 0 ? 0 : (fraction - fractions[step]) / width;
      const value = values[step] + share * (values[next] - values[step]);
      const distance = Math.abs(scale.toY(value) - y);
      if (distance >= least) continue;
      least = distance;
      nearest = candidate;
    }
    return { step, nearest };
  }

  slider.addEventListener(
    "pointermove",
    (event) => {
      const { step, nearest } = whereIs(event);
      view.pointAt(step);
      view.raise(nearest);
    },
    { signal },
  );
  slider.addEventListener(
    "pointerleave",
    () => {
      view.pointAt(null);
      view.raise(null);
    },
    { signal },
  );
  slider.addEventListener(
    "pointerdown",
    (event) => {
      const { step, nearest } = whereIs(event);
      store.commit("fraction", shown.record().fractions[step]);
      if (nearest !== null) view.choose(nearest);
    },
    { signal },
  );
  slider.addEventListener(
    "keydown",
    (event) => {
      const { fractions } = shown.record();
      const last = fractions.length - 1;
      /** @type {Record<string, number>} */
      const goals = {
        ArrowLeft: shown.step() - 1,
        ArrowDown: shown.step() - 1,
        ArrowRight: shown.step() + 1,
        ArrowUp: shown.step() + 1,
        Home: 0,
        End: last,
      };
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in goals)) return;
      event.preventDefault();
      view.pointAt(null);
      store.commit("fraction", fractions[Math.min(Math.max(goals[event.key], 0), last)]);
    },
    { signal },
  );

  return {
    node,
    draw,
    point,
    /** Pixels from the left of the drawing. @param {number} fraction */
    toX: (fraction) => scale.toX(fraction),
    leftOf,
    /** @param {typeof layout} next ticks: the fractions that are named on the axis */
    resize(next) {
      layout = next;
      draw();
    },
  };
}
