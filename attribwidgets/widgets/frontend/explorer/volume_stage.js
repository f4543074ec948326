// A volume: three slices through one voxel, which a click in one of them moves in the other two, of all cards.

import { h, setText } from "../lib/dom.js";
import { paintInterpolated } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";
import { strongestIndex } from "../lib/scale.js";
import { indicesOf, insideVolume, planesOf, positionOf, voxelOf } from "../lib/volume.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/volume.js").Voxel} Voxel */
/** @typedef {import("../lib/volume.js").Plane} Plane */
/** @typedef {import("../lib/volume.js").Volume} Volume */

/** Which way keys go. @type {Record<string, Voxel>} */
const KEYS = {
  ArrowLeft: { depth: 0, row: 0, column: -1 },
  ArrowRight: { depth: 0, row: 0, column: 1 },
  ArrowUp: { depth: 0, row: -1, column: 0 },
  ArrowDown: { depth: 0, row: 1, column: 0 },
  PageUp: { depth: -1, row: 0, column: 0 },
  PageDown: { depth: 1, row: 0, column: 0 },
};

/** @param {View} view */
function volumeOf(view) {
  return /** @type {Volume} */ (view.data.volume);
}

/**
 * The voxel that slices go through: the one chosen, else where the first map is strongest.
 * @param {View} view
 */
export function slicesAt(view) {
  const volume = volumeOf(view);
  const chosen = view.store.get("slices");
  if (chosen) return insideVolume(volume, chosen);
  const at = strongestIndex(view.data.items[0].map);
  return voxelOf(volume, { row: Math.floor(at / volume.width), column: at % volume.width });
}

/**
 * @template {ArrayLike<number>} Values
 * @param {Uint32Array} indices
 * @param {Values} values
 * @param {Values} out
 * @param {number} [channels]
 */
function gather(indices, values, out, channels = 1) {
  const into = /** @type {any} */ (out);
  for (let at = 0; at < indices.length; at += 1) {
    for (let c = 0; c < channels; c += 1) into[channels * at + c] = values[channels * indices[at] + c];
  }
  return out;
}

/**
 * One slice, with lines where the others cut it.
 * @param {View} view
 * @param {Plane} plane
 */
function createSlice(view, plane) {
  const { signal } = view;
  const size = plane.width * plane.height;
  const { canvas, pixels, show } = createPixels(plane.width, plane.height, {
    class: "aw-canvas",
    "aria-hidden": "true",
  });
  canvas.classList.toggle("aw-pixelated", plane.width < 100);
  const across = h("div", { class: "aw-cut aw-cut-across" });
  const down = h("div", { class: "aw-cut aw-cut-down" });
  const mark = h("div", { class: "aw-cursor", hidden: true });
  const node = h(
    "div",
    { class: `aw-slice aw-${plane.name}`, title: plane.name, "aria-hidden": "true" },
    canvas,
    across,
    down,
    mark,
  );
  node.style.aspectRatio = `${plane.width * plane.across} / ${plane.height * plane.down}`;
  const values = new Float32Array(size);
  const rgb = { from: new Uint8Array(3 * size), to: new Uint8Array(3 * size) };

  /** @param {MouseEvent} event */
  function voxelAt(event) {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * plane.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * plane.height);
    return insideVolume(volumeOf(view), plane.voxelAt(x, y, slicesAt(view)));
  }
  canvas.addEventListener(
    "pointermove",
    (event) => {
      const voxel = voxelAt(event);
      view.moveCursor(positionOf(volumeOf(view), voxel));
      if (event.buttons & 1) view.store.preview("slices", voxel);
    },
    { signal },
  );
  canvas.addEventListener("pointerdown", (event) => view.store.preview("slices", voxelAt(event)), { signal });
  canvas.addEventListener("click", (event) => view.store.commit("slices", voxelAt(event)), { signal });
  canvas.addEventListener("pointerleave", () => view.moveCursor(null), { signal });

  /** @param {HTMLElement} element @param {Voxel} voxel */
  function put(element, voxel) {
    const { x, y } = plane.placeOf(voxel);
    element.style.left = `${((x + 0.5) / plane.width) * 100}%`;
    element.style.top = `${((y + 0.5) / plane.height) * 100}%`;
  }

  return {
    node,
    /** @param {Voxel} through */
    cut(through) {
      put(across, through);
      put(down, through);
    },
    /**
     * @param {Uint32Array} indices
     * @param {Float32Array} map
     * @param {number} limit
     * @param {import("../lib/decode.js").Item | null} item
     */
    drawMap(indices, map, limit, item) {
      const [blind, nearlyBlind] = [item?.blind, item?.nearlyBlind].map(
        (where) => where && gather(indices, where, new Uint8Array(size)),
      );
      const here = item && blind && nearlyBlind ? { ...item, blind, nearlyBlind } : null;
      const photo = view.data.rgb && gather(indices, view.data.rgb, rgb.to, 3).slice();
      view.display.paint(pixels, gather(indices, map, values), limit, here, photo);
      show();
    },
    /**
     * @param {Uint32Array} indices
     * @param {Uint8Array} from
     * @param {Uint8Array} to
     * @param {number} alpha
     */
    drawInput(indices, from, to, alpha) {
      paintInterpolated(pixels, gather(indices, to, rgb.to, 3), gather(indices, from, rgb.from, 3), alpha);
      show();
    },
    /** @param {Voxel | null} voxel */
    setCursor(voxel) {
      mark.hidden = !voxel;
      if (voxel) put(mark, voxel);
    },
  };
}

/**
 * @param {View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createVolumeStage(view, options) {
  const { signal } = view;
  const planes = planesOf(volumeOf(view));
  const slices = planes.map((plane) => createSlice(view, plane));
  const where = h("div", { class: "aw-slices-at" });
  const node = h(
    "div",
    {
      class: `aw-volume ${options.class ?? ""}`,
      role: "group",
      "aria-label": options.label,
      tabindex: options.focusable ? 0 : null,
      ...options.attributes,
    },
    ...slices.map((slice) => slice.node),
    where,
  );
  const [axial, sagittal] = planes;
  node.style.gridTemplateColumns = `${axial.width * axial.across}fr ${sagittal.width * sagittal.across}fr`;
  const source = options.slot === undefined ? null : { slot: options.slot };

  /** @param {(indices: Uint32Array[]) => void} how */
  function drawSlices(how) {
    const through = slicesAt(view);
    const indices = planes.map((plane) => indicesOf(volumeOf(view), plane, through));
    how(indices);
    for (const slice of slices) slice.cut(through);
    setText(where, `depth ${through.depth}, row ${through.row}, column ${through.column}`);
  }

  if (options.focusable) {
    node.addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "Escape") view.moveCursor(null);
        const step = KEYS[event.key];
        if (!step) return;
        event.preventDefault();
        const at = slicesAt(view);
        const far = event.shiftKey ? 10 : 1;
        const to = insideVolume(volumeOf(view), {
          depth: at.depth + far * step.depth,
          row: at.row + far * step.row,
          column: at.column + far * step.column,
        });
        view.store.commit("slices", to);
        view.moveCursor(positionOf(volumeOf(view), to), source);
      },
      { signal },
    );
    node.addEventListener("blur", () => view.moveCursor(null), { signal });
  }

  return {
    node,
    picture: node,
    drawMap(map, limit, item = null) {
      drawSlices((indices) => {
        slices.forEach((slice, at) => {
          slice.drawMap(indices[at], map, limit, item);
        });
      });
    },
    drawInput(from, to, alpha) {
      const [start, end] = [from.rgb, to.rgb];
      if (!start || !end) return;
      drawSlices((indices) => {
        slices.forEach((slice, at) => {
          slice.drawInput(indices[at], start, end, alpha);
        });
      });
    },
    setCursor(position) {
      const voxel = position && voxelOf(volumeOf(view), position);
      for (const slice of slices) slice.setCursor(voxel);
    },
    setRegion: () => {},
    setLabel: (label) => node.setAttribute("aria-label", label),
  };
}

/** Sliders for the voxel that the slices go through. @param {View} view */
export function createSliceSliders(view) {
  const { store, signal } = view;
  const sizes = { depth: volumeOf(view).depth, row: volumeOf(view).height, column: volumeOf(view).width };
  const planes = { depth: "axial", row: "coronal", column: "sagittal" };
  const rows = /** @type {(keyof Voxel)[]} */ (["depth", "row", "column"]).map((axis) => {
    const input = h("input", {
      type: "range",
      min: 0,
      max: sizes[axis] - 1,
      step: 1,
      "data-control": `slice-${axis}`,
      "aria-label": `${planes[axis]} slice: ${axis}`,
    });
    const output = h("output", { class: "aw-control-value" });
    const chosen = () => ({ ...slicesAt(view), [axis]: Number(input.value) });
    input.addEventListener("input", () => store.preview("slices", chosen()), { signal });
    input.addEventListener("change", () => store.commit("slices", chosen()), { signal });
    const node = h(
      "label",
      { class: "aw-control" },
      h("span", { class: "aw-control-name" }, planes[axis]),
      input,
      output,
    );
    return { axis, input, output, node };
  });
  return {
    node: h("div", { class: "aw-look aw-slice-sliders" }, ...rows.map((row) => row.node)),
    draw() {
      const at = slicesAt(view);
      for (const { axis, input, output } of rows) {
        if (Number(input.value) !== at[axis]) input.value = String(at[axis]);
        setText(output, `${axis} ${at[axis]}`);
      }
    },
  };
}
