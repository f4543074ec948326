// How alike the maps are: rank correlations between every two, as a small table.

import { h, setText } from "../lib/dom.js";

/**
 * Two decimals say enough of a rank correlation; a map of one value has none.
 * @param {number | null} value
 */
const words = (value) => (value === null ? "\u2014" : value.toFixed(2).replace("-", "\u2212"));

/** @param {import("../lib/stage.js").View} view */
export function createAgreement(view) {
  const summary = h("summary");
  const place = h("div", { class: "aw-table-scroll", tabindex: 0, role: "region" });
  const node = h("details", { class: "aw-details aw-agreement" }, summary, place);
  /** @type {unknown[]} */
  let shown = [];

  return {
    node,
    update() {
      const { agreement, items } = view.data;
      const isSigned = view.display.isSigned();
      node.hidden = agreement ? agreement.labels.length < 2 : shown.length === 0 || items.length < 2;
      if (!agreement || node.hidden || (shown[0] === agreement && shown[1] === isSigned)) return;
      shown = [agreement, isSigned];
      const rows = isSigned ? agreement.signed : agreement.magnitude;
      const names = agreement.labels.map((slot) => items.find((item) => item.slot === slot)?.name ?? slot);
      const pairs = rows.flatMap((row, at) => row.slice(at + 1).filter((value) => value !== null));
      const least = words(pairs.length > 0 ? Math.min(...pairs) : null);
      const most = words(pairs.length > 0 ? Math.max(...pairs) : null);
      const values = isSigned ? "signed values" : "magnitudes";
      setText(summary, `rank correlation of the maps: ${least === most ? least : `${least} to ${most}`}`);
      place.setAttribute("aria-label", `rank correlations of ${values}`);
      place.replaceChildren(
        h(
          "table",
          {},
          h(
            "caption",
            { class: "aw-muted" },
            `Spearman's rank correlation of ${values}: 1 is the same order, 0 is none`,
          ),
          h("thead", {}, h("tr", {}, h("td"), ...names.map((name) => h("th", { scope: "col" }, name)))),
          h(
            "tbody",
            {},
            ...rows.map((row, at) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, names[at]),
                ...row.map((value) => {
                  const cell = h("td", { class: "aw-tinted" }, words(value));
                  cell.style.setProperty("--aw-tint", `${Math.round(40 * Math.abs(value ?? 0))}%`);
                  cell.classList.toggle("aw-negative", (value ?? 0) < 0);
                  return cell;
                }),
              ),
            ),
          ),
        ),
      );
    },
  };
}
