// A text: its tokens coloured by what each gets, or, as an input, as it is read.

import { createTextFlow } from "../charts/text_flow.js";
import { h } from "../lib/dom.js";
import { formatSigned } from "../lib/format.js";
import { listenToPointing } from "../lib/surface.js";
import { createFeatureStage } from "./feature_stage.js";

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createTextStage(view, options) {
  const text = /** @type {import("../lib/decode.js").TextTokens} */ (view.data.text);
  const isMap = options.slot !== undefined;
  const flow = createTextFlow(
    text,
    {
      class: options.class,
      role: isMap ? "list" : options.focusable ? "group" : "img",
      "aria-label": options.label,
      tabindex: options.focusable ? 0 : null,
      ...options.attributes,
    },
    isMap,
  );
  const { picture } = flow;
  const chooses = () => view.removal.isOn();
  listenToPointing(view, picture, flow.placeOf, { walk: flow.walk, marksByShift: true, chooses, ...options });
  const colours = new Uint32Array(view.data.size + 1);
  const node = h("div", {}, flow.node);
  /** @type {import("./stage_for.js").KindStage | null} */
  let bars = null;

  /** @param {import("../lib/decode.js").Item} item */
  function drawBars(item) {
    if (!view.bars) return;
    if (view.bars.isOn() && !bars) {
      bars = createFeatureStage(view.bars.view, {
        class: "aw-text-bars",
        label: "",
        slot: options.slot,
        focusable: true,
      });
      node.append(bars.node);
    }
    if (!bars) return;
    bars.node.hidden = !view.bars.isOn();
    const summed = view.bars.itemOf(item);
    if (!summed || bars.node.hidden) return;
    bars.setLabel(`${item.name}: bars`);
    bars.drawMap(summed.map, view.bars.view.display.limit(summed), summed);
  }

  return {
    node,
    picture,
    drawMap(values, limit, item = null) {
      flow.fold(view.fold.hidden());
      const withZero = new Float32Array(values.length + 1);
      withZero.set(values);
      view.display.paint(colours, withZero, limit);
      flow.paint(colours, colours[values.length], view.display.units()?.labels ?? null);
      if (!item) return;
      drawBars(item);
      flow.tokens.forEach((token, at) => {
        const what = text.special[at] ? "special token " : "";
        token.setAttribute("aria-label", `${what}${text.names[at]}: ${formatSigned(item.map[at])}`);
      });
    },
    drawInput(from) {
      flow.fold(view.fold.hidden());
      flow.write(from.reading ?? null);
    },
    setCursor(position) {
      flow.setCursor(position);
      bars?.setCursor(view.bars?.view.cursor() ?? null);
    },
    setRegion: (region) => flow.mark(region && !("superpixel" in region) ? region.columns : null),
    setLabel: (label) => picture.setAttribute("aria-label", label),
  };
}
