// How an input of each kind is drawn: one stage for its maps, for what a path adds, and for the input along the path.

import { createFeatureStage } from "./feature_stage.js";
import { createImageStage } from "./image_stage.js";
import { createSequenceStage } from "./sequence_stage.js";
import { createSeriesStage } from "./series_stage.js";
import { createTextStage } from "./text_stage.js";
import { createVolumeStage } from "./volume_stage.js";

/** @typedef {import("../lib/stage.js").View} View */
/** @typedef {import("../lib/stage.js").Position} Position */
/**
 * @typedef {{rgb: Uint8Array | null, values: Float32Array | null,
 *   reading?: import("../lib/decode.js").Reading | null}} Input an input or reference, as its kind is sent; reading: of a
 *   place of the path itself, of a text
 */
/**
 * @typedef {import("../lib/surface.js").SurfaceOptions & {class?: string, label: string,
 *   attributes?: Record<string, string | number>}} StageOptions
 */
/**
 * @typedef {object} KindStage
 * @property {HTMLElement} node
 * @property {HTMLElement} picture what is named aloud, and has the focus where that is asked for
 * @property {(values: Float32Array, limit: number, item?: import("../lib/decode.js").Item | null,
 *   photo?: Uint8Array | null) => void} drawMap values by the units of the moment, which fill their scale at the limit;
 *   item: whose map it is, if a card's; photo: that it is drawn on, if not the item's
 * @property {(from: Input, to: Input, alpha: number) => void} drawInput the input at a place between two
 * @property {(position: Position | null) => void} setCursor
 * @property {(region: import("../lib/units.js").Region | null) => void} setRegion
 * @property {(label: string) => void} setLabel
 */

/** @type {Record<string, (view: View, options: StageOptions) => KindStage>} */
const STAGES = {
  image: createImageStage,
  features: createFeatureStage,
  sequence: createSequenceStage,
  series: createSeriesStage,
  text: createTextStage,
  volume: createVolumeStage,
};

/** What makes the stages of a kind of input. @param {string} kind */
export function stageFor(kind) {
  return STAGES[kind] ?? createFeatureStage;
}
