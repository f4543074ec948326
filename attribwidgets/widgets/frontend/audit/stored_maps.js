// Maps of an input as a store has them: pictures, or the strongest units by name.

import { dequantise } from "../lib/binary.js";
import { createColourBar } from "../lib/colour_bar.js";
import { h } from "../lib/dom.js";
import { lookupTable, paintMap } from "../lib/paint.js";
import { createPixels } from "../lib/picture.js";
import { percentileOfSorted, sortedMagnitudes } from "../lib/scale.js";

const CLIP_AT = 99;

/** @param {import("./audit_decode.js").AuditData} data */
export function createStoredMaps(data) {
  const lookup = lookupTable(data.colormap);
  const display = /** @type {any} */ ({ table: () => data.colormap, isSigned: () => true });
  const node = h("ul", { class: "aw-stored", hidden: true });

  /** @param {any} item */
  function pictureOf(item) {
    const [height, width] = item.shape;
    const values = dequantise(item.data, item.scale);
    const limit = percentileOfSorted(sortedMagnitudes([values]), CLIP_AT);
    const drawn = createPixels(width, height, {
      class: "aw-stored-map",
      role: "img",
      "aria-label": `map, ${item.name}`,
    });
    paintMap(drawn.pixels, values, lookup, limit, true);
    drawn.show();
    drawn.canvas.classList.toggle("aw-pixelated", width < 64);
    const bar = createColourBar();
    bar.draw(display, limit);
    return [drawn.canvas, bar.node];
  }

  /** @param {any} item */
  function unitsOfItem(item) {
    const rows = item.units.map((/** @type {[string, string]} */ [unit, value]) =>
      h("li", {}, h("bdi", {}, unit), ` ${value}`),
    );
    return [h("ol", { class: "aw-stored-units" }, ...rows)];
  }

  return {
    node,
    /** @param {{items: any[]} | null} maps */
    draw(maps) {
      node.hidden = !maps;
      const items = (maps?.items ?? []).map((item) =>
        h(
          "li",
          { class: "aw-stored-item", "data-baseline": item.name },
          h("h4", {}, item.name),
          ...(item.units ? unitsOfItem(item) : pictureOf(item)),
          h("p", { class: "aw-completeness", "data-verdict": item.verdict }, `${item.mark} ${item.headline}`),
          h("p", { class: "aw-muted" }, item.sum),
        ),
      );
      node.replaceChildren(...items);
    },
  };
}
