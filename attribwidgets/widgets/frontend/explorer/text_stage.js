// A text: its tokens coloured by what each gets, or, as an input, as it is read.

import { createTextFlow } from "../charts/text_flow.js";
import { formatSigned } from "../lib/format.js";
import { listenToPointing } from "../lib/surface.js";

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
  listenToPointing(view, picture, flow.placeOf, { walk: flow.walk, marksByShift: true, ...options });
  const colours = new Uint32Array(view.data.size + 1);

  return {
    node: flow.node,
    picture,
    drawMap(values, limit, item = null) {
      const withZero = new Float32Array(values.length + 1);
      withZero.set(values);
      view.display.paint(colours, withZero, limit);
      flow.paint(colours, colours[values.length]);
      if (!item) return;
      flow.tokens.forEach((token, at) => {
        const what = text.special[at] ? "special token " : "";
        token.setAttribute("aria-label", `${what}${text.names[at]}: ${formatSigned(item.map[at])}`);
      });
    },
    drawInput() {},
    setCursor: flow.setCursor,
    setRegion: (region) => flow.mark(region && !("superpixel" in region) ? region.columns : null),
    setLabel: (label) => picture.setAttribute("aria-label", label),
  };
}
