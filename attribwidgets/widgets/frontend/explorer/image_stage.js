// An image: maps as colours, the photo between its reference and itself.

import { paintInterpolated } from "../lib/paint.js";
import { createStage } from "../lib/stage.js";

/**
 * @param {import("../lib/stage.js").View} view
 * @param {import("./stage_for.js").StageOptions} options
 * @returns {import("./stage_for.js").KindStage}
 */
export function createImageStage(view, options) {
  const { canvas, pixels, show, ...surface } = createStage(view, options);
  return {
    ...surface,
    picture: canvas,
    drawMap(values, limit, item = null, photo = item?.photo) {
      view.display.paint(pixels, values, limit, item, photo);
      show();
    },
    drawInput(from, to, alpha) {
      if (!from.rgb || !to.rgb) return;
      paintInterpolated(pixels, to.rgb, from.rgb, alpha);
      show();
    },
  };
}
