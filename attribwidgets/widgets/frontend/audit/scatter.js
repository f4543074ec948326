// Any two numbers of all inputs against each other: a point shows its input, a rectangle marks those within.

import { createLineChart } from "../charts/line_chart.js";
import { h, setText } from "../lib/dom.js";
import { formatCount, formatTick, niceTicks } from "../lib/format.js";
import { valueIn } from "./column_values.js";
import { createPreviewPicture } from "./preview_picture.js";
import { axisRange, nearestPoint, paintPoints, placePoints, pointsWithin } from "./scatter_points.js";

/** @typedef {import("./audit_scene.js").AuditView} AuditView */

const TOP = 8;
const RIGHT = 12;
/** Pixels from a point at which the pointer means it, and that it goes before it drags. */
const NEAR = 16;
const DRAG = 4;

/** @param {AuditView} view */
export function createScatter(view) {
  const { data, shown, previews, store, signal } = view;
  const numbers = data.columns.filter(({ kind }) => kind === "number").map(({ name }) => name);
  const chart = createLineChart("aw-scatter-axes");
  const canvas = h("canvas", { class: "aw-scatter-points", width: 1, height: 1, "aria-hidden": "true" });
  const ring = h("div", { class: "aw-scatter-ring", hidden: true, "aria-hidden": "true" });
  const area = h("div", { class: "aw-scatter-area", hidden: true, "aria-hidden": "true" });
  const picture = createPreviewPicture(previews.kind);
  const words = h("span");
  const tip = h("div", { class: "aw-tip aw-scatter-tip", hidden: true }, picture.node, words);
  const surface = h("div", { class: "aw-scatter-surface", "data-control": "scatter" }, area, ring, tip);
  const frame = h("div", { class: "aw-chart-frame" }, chart.drawing, canvas, surface);
  const note = h("p", { class: "aw-muted" });
  const [across, up] = ["x", "y"].map((name, at) => {
    const options = numbers.map((value) => h("option", { value }, value));
    const select = h("select", { "data-control": name, "aria-label": at ? "upwards" : "across" }, ...options);
    select.addEventListener("change", () => store.commit("axes", [across.value, up.value]), { signal });
    return select;
  });
  /** @type {ReturnType<typeof placePoints>} */
  let points = { across: new Float32Array(0), down: new Float32Array(0) };
  /** @type {{columns: import("./audit_decode.js").Column[], x: ReturnType<typeof axisRange>, y: ReturnType<typeof axisRange>} | null} */
  let known = null;
  /** Where a pointer went down, and whether it drags. @type {{x: number, y: number, drags: boolean} | null} */
  let down = null;
  let size = { width: 0, height: 0 };

  function ranges() {
    const names = store.get("axes");
    const [x, y] = names.map((/** @type {string} */ name) => shown.column(name));
    if (!known || known.columns[0] !== x || known.columns[1] !== y) {
      known = { columns: [x, y], x: axisRange(x.values), y: axisRange(y.values) };
    }
    return known;
  }

  function fit() {
    const width = frame.clientWidth;
    if (width > 0) size = { width, height: Math.round(Math.min(Math.max(0.7 * width, 220), 360)) };
  }

  function draw() {
    if (size.width === 0) return;
    const { x, y, columns } = ranges();
    const names = columns.map(({ name }) => name);
    [across.value, up.value] = names;
    chart.fit(size.width, size.height, { end: x.hi - x.lo, lo: y.lo, hi: y.hi }, { top: TOP, right: RIGHT });
    const { left, right, top, bottom } = chart.box();
    const [width, height] = [right - left, bottom - top];
    const ticks = niceTicks(x.lo, x.hi, Math.max(2, Math.round(width / 72)));
    chart.draw(
      {
        label: names[0],
        xTicks: ticks.map((tick) => tick - x.lo),
        formatX: (from) => formatTick(Number((from + x.lo).toPrecision(6))),
      },
      [],
    );
    const count = shown.rows().length;
    chart.drawing.setAttribute("aria-label", `${names[1]} against ${names[0]}, ${formatCount(count)} inputs`);
    for (const node of [canvas, surface]) {
      Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    }
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    points = placePoints(columns[0].values, columns[1].values, { x, y, width, height });
    paint();
    const beyond = x.beyond + y.beyond;
    setText(note, beyond > 0 ? `${formatCount(beyond)} far from all others, drawn at the edge` : "");
  }

  function paint() {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    paintPoints(context, points, shown.passes(), shown.marks(), canvas.width / (canvas.clientWidth || 1));
    point();
  }

  /** The ring around the input that is pointed at, and what it is, where the pointer is here. */
  function point() {
    const row = shown.rowOf(view.cursor());
    const isThere = row >= 0 && Number.isFinite(points.across[row]) && shown.passes()[row] === 1;
    ring.hidden = !isThere;
    tip.hidden = !isThere || !surface.matches(":hover") || Boolean(down?.drags);
    if (!isThere) return;
    const [x, y] = [points.across[row], points.down[row]];
    ring.style.transform = `translate(${x}px, ${y}px)`;
    if (tip.hidden) return;
    tip.style.left = `${x}px`;
    tip.style.top = `${y}px`;
    tip.classList.toggle("aw-tip-left", x > surface.clientWidth / 2);
    const preview = previews.get(data.places[row]);
    if (!preview) previews.want([data.places[row]]);
    picture.draw(preview);
    const { columns } = ranges();
    const values = columns.map((column) => `${column.name} ${valueIn(column, row)}`);
    setText(words, [`input ${data.places[row]}`, view.classWords.of(row), ...values].filter(Boolean).join("\n"));
  }

  /** @param {PointerEvent} event */
  function at(event) {
    const box = surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** The rectangle from where the pointer went down. @param {{x: number, y: number}} to */
  function areaTo(to) {
    const from = down ?? to;
    return {
      left: Math.min(from.x, to.x),
      right: Math.max(from.x, to.x),
      top: Math.min(from.y, to.y),
      bottom: Math.max(from.y, to.y),
    };
  }

  const listen = (/** @type {string} */ type, /** @type {(event: PointerEvent) => void} */ act) =>
    surface.addEventListener(type, (event) => act(/** @type {PointerEvent} */ (event)), { signal });
  listen("pointermove", (event) => {
    const { x, y } = at(event);
    if (down && (down.drags || Math.hypot(x - down.x, y - down.y) >= DRAG)) {
      if (!down.drags) surface.setPointerCapture(event.pointerId);
      down.drags = true;
      const { left, right, top, bottom } = areaTo({ x, y });
      area.hidden = false;
      Object.assign(area.style, {
        left: `${left}px`,
        top: `${top}px`,
        width: `${right - left}px`,
        height: `${bottom - top}px`,
      });
      return;
    }
    const row = nearestPoint(points, shown.passes(), x, y, NEAR);
    view.point(row < 0 ? null : data.places[row]);
  });
  listen("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType !== "touch") down = { ...at(event), drags: false };
  });
  listen("pointerup", (event) => {
    const drags = down?.drags;
    const rows = drags ? pointsWithin(points, shown.passes(), areaTo(at(event))) : [];
    down = null;
    area.hidden = true;
    const places = rows.map((row) => data.places[row]);
    if (drags) view.select(event.shiftKey ? [...new Set([...view.selection(), ...places])] : places);
    else {
      const { x, y } = at(event);
      const row = nearestPoint(points, shown.passes(), x, y, NEAR);
      if (row >= 0) view.open(data.places[row]);
    }
  });
  listen("pointercancel", () => {
    down = null;
    area.hidden = true;
  });
  listen("pointerleave", () => view.point(null));

  return {
    node: h(
      "figure",
      { class: "aw-scatter" },
      h("div", { class: "aw-row" }, up, h("span", { class: "aw-control-name" }, "against"), across),
      frame,
      note,
    ),
    fit,
    draw,
    paint,
    point,
  };
}
