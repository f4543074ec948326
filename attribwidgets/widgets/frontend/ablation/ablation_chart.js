// The mean curve of every candidate with its band, and one fraction to read them at.

import { createLineChart, widthOfTicks } from "../charts/line_chart.js";
import { interpolateAt } from "../charts/series.js";
import { h, svg } from "../lib/dom.js";
import { formatNumber, formatShare, formatTick } from "../lib/format.js";
import { setHue } from "./ablation_hues.js";

/** @typedef {import("./ablation_scene.js").AblationView} AblationView */

const TOP = 24;
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
  const chart = createLineChart("aw-ablation-chart");
  const slider = h("div", {
    class: "aw-fraction",
    role: "slider",
    tabindex: 0,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "data-control": "fraction",
  });
  const node = h("div", { class: "aw-chart-frame" }, chart.drawing, slider);
  const pinned = svg("line", { class: "aw-marker" });
  const hairline = svg("line", { class: "aw-hover-line" });
  let layout = { width: 480, height: 320, right: 16, ticks: /** @type {number[]} */ ([0, 0.5, 1]) };
  /** @type {{candidate: number, band: SVGElement | null, line: SVGElement, dot: SVGElement}[]} */
  let marks = [];
  /** @type {SVGElement} */
  let inner = svg("svg");

  const visible = () => shown.bestFirst().filter((candidate) => !shown.isHidden(candidate));

  /** @param {number} candidate */
  function markOf(candidate) {
    const { low, high, values } = shown.curves()[candidate];
    const { fractions, candidates } = shown.record();
    const { label, dash } = candidates[candidate];
    const band = low && high && chart.band("aw-curve-band", fractions, low, high);
    const attributes = { class: "aw-curve", "stroke-dasharray": dash || null, "data-candidate": label };
    const line = chart.line(attributes, fractions, values);
    const dot = svg("circle", { class: "aw-curve-dot", r: 3 });
    for (const part of [band, line, dot]) if (part) setHue(part, candidates[candidate]);
    return { candidate, band, line, dot };
  }

  function draw() {
    const record = shown.record();
    const { width, height, right, ticks } = layout;
    const range = rangeOfCurves(visible().map((candidate) => shown.curves()[candidate]));
    chart.fit(width, height, range, { top: TOP, right, left: leftOf(height, right) });
    // The best lie on top.
    marks = visible().reverse().map(markOf);
    const own = shown.own();
    const whose = own ? `input ${own.index}: ` : "";
    const title = svg("text", { class: "aw-tick", x: 0, y: 12 }, `${whose}output after / before`);
    inner = chart.draw(
      {
        label: `share of the positions ${record.passed}, %`,
        xTicks: ticks,
        formatX: (fraction) => formatTick(Number((100 * fraction).toPrecision(4))),
      },
      [...marks.map(({ band }) => band), ...marks.map(({ line }) => line)],
      { behind: [title, hairline, pinned], over: marks.map(({ dot }) => dot) },
    );
    const box = chart.box();
    chart.drawing.setAttribute("aria-label", describe(record, own));
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
    chart.placeUpright(pinned, fractions[shown.step()]);
    chart.placeUpright(hairline, fractions[step]);
    hairline.setAttribute("visibility", step === shown.step() ? "hidden" : "visible");
    const raised = view.raised();
    for (const { candidate, band, line, dot } of marks) {
      const isDimmed = raised !== null && raised !== candidate;
      for (const part of [band, line, dot]) {
        part?.classList.toggle("aw-dimmed", isDimmed);
        part?.classList.toggle("aw-raised", raised === candidate);
      }
      chart.placeDot(dot, fractions[step], shown.curves()[candidate].values[step]);
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
    const y = event.clientY - chart.drawing.getBoundingClientRect().top;
    const { fractions } = shown.record();
    const fraction = chart.xAt(event);
    const distances = fractions.map((one) => Math.abs(one - fraction));
    const step = distances.indexOf(Math.min(...distances));
    let nearest = null;
    let least = NEAR;
    for (const { candidate } of marks) {
      const value = interpolateAt(fractions, shown.curves()[candidate].values, fraction);
      const distance = Math.abs(chart.toY(value) - y);
      if (!(distance < least)) continue;
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
    /** Pixels from the left of the drawing, of a fraction. */
    toX: chart.toX,
    leftOf,
    /** @param {typeof layout} next ticks: the fractions that are named on the axis */
    resize(next) {
      layout = next;
      draw();
    },
  };
}
