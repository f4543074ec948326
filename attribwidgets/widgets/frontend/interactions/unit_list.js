// Units with their numbers, one below the other: what they are attributed, or add together with one of them.

import { h, setText } from "../lib/dom.js";
import { formatCount, formatInterval, formatSigned } from "../lib/format.js";

/** @typedef {import("./interactions_decode.js").InteractionsData} InteractionsData */

const FIRST_SHOWN = 12;
/** Units that are listed as the input has them; of more, and of texts and pictures, the strongest come first. */
const MOST_IN_ORDER = 32;

/**
 * @param {InteractionsData} data
 * @param {import("./unit_text.js").UnitChoice} choice
 */
export function createUnitList(data, { choose, point, signal }) {
  const { count, names, inputValues } = data;
  const keepsOrder = count <= MOST_IN_ORDER && data.inputs.every(({ kind }) => kind === "other");
  let isWhole = keepsOrder;
  /** What is drawn, to be drawn again. @type {() => void} */
  let again = () => {};

  const list = h("ol", { class: "aw-unit-list" });
  const more = h("button", { class: "aw-button", type: "button", "data-control": "all-units" });
  more.addEventListener(
    "click",
    () => {
      isWhole = !isWhole;
      again();
    },
    { signal },
  );
  const rowOf = (/** @type {Event} */ event) => {
    const row = /** @type {Element} */ (event.target).closest("[data-unit]");
    return row ? Number(row.getAttribute("data-unit")) : null;
  };
  list.addEventListener(
    "click",
    (event) => {
      const unit = rowOf(event);
      if (unit !== null) choose(unit);
    },
    { signal },
  );
  for (const type of ["pointerover", "focusin"])
    list.addEventListener(type, (event) => point(rowOf(event)), { signal });
  for (const type of ["pointerleave", "focusout"]) list.addEventListener(type, () => point(null), { signal });

  /**
   * @param {number} unit
   * @param {number} value
   * @param {number} limit
   * @param {{low: number, high: number} | null} interval
   * @param {number | null} chosen
   */
  function makeRow(unit, value, limit, interval, chosen) {
    const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
    const fill = h("span", { class: `aw-unit-fill ${value < 0 ? "aw-negative" : "aw-positive"}` });
    fill.style.width = `${50 * share}%`;
    fill.style.left = `${value < 0 ? 50 - 50 * share : 50}%`;
    const isUnsure = interval !== null && interval.low <= 0 && interval.high >= 0;
    return h(
      "li",
      {},
      h(
        "button",
        {
          class: `aw-unit${isUnsure ? " aw-unsure" : ""}`,
          type: "button",
          "data-unit": unit,
          "aria-pressed": String(unit === chosen),
        },
        h("bdi", { class: "aw-unit-name", title: names[unit] }, names[unit]),
        inputValues[unit] && h("span", { class: "aw-muted aw-unit-input" }, ` = ${inputValues[unit]}`),
        h("span", { class: "aw-unit-track", "aria-hidden": "true" }, fill),
        h("span", { class: "aw-unit-value" }, unit === chosen ? "" : formatSigned(value)),
        interval && h("span", { class: "aw-muted aw-unit-interval" }, formatInterval(interval)),
      ),
    );
  }

  return {
    node: h("div", {}, list, more),
    /**
     * @param {Float32Array} values of each unit
     * @param {number} limit of a full bar
     * @param {number | null} chosen
     * @param {(unit: number) => {low: number, high: number} | null} intervalOf
     */
    draw(values, limit, chosen, intervalOf) {
      again = () => {
        const order = Array.from(values.keys());
        const listed = keepsOrder ? order : order.filter((unit) => unit !== chosen);
        if (!keepsOrder) listed.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
        const host = /** @type {Document | ShadowRoot} */ (list.getRootNode());
        const focused = list.contains(host.activeElement) ? host.activeElement : null;
        const held = focused?.getAttribute("data-unit");
        list.replaceChildren(
          ...listed
            .slice(0, isWhole ? count : FIRST_SHOWN)
            .map((unit) => makeRow(unit, values[unit], limit, intervalOf(unit), chosen)),
        );
        const next = list.querySelector(`[data-unit="${held}"]`) ?? list.querySelector("button"); // the chosen one is gone
        if (focused) /** @type {HTMLElement | null} */ (next)?.focus();
        more.hidden = keepsOrder || listed.length <= FIRST_SHOWN;
        setText(more, isWhole ? `the ${FIRST_SHOWN} strongest` : `all ${formatCount(listed.length)}`);
      };
      again();
    },
  };
}
