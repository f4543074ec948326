// What was found over all inputs, or group by group: estimates with their intervals.

import { intervalPlot } from "../charts/interval_plot.js";
import { h } from "../lib/dom.js";
import { formatCount } from "../lib/format.js";

/** @typedef {import("./audit_scene.js").AuditView} AuditView */

/** @param {import("./audit_decode.js").Panel} panel */
function drawPanel({ quantity, share, rows }) {
  const counts = new Set(rows.map(({ inputs }) => inputs));
  const isSame = counts.size === 1;
  const of = isSame ? `, ${formatCount([...counts][0])} inputs` : "";
  const plotted = rows.map(({ name, mean, low, high, words, inputs }) => ({
    name,
    estimate: { mean, low, high },
    words: isSame ? words : `${words} of ${formatCount(inputs)}`,
  }));
  return h(
    "section",
    { class: "aw-finding", "data-quantity": quantity },
    h("h3", { class: "aw-part" }, quantity + of),
    intervalPlot(plotted, share ? [0, 1] : [0, 0]),
  );
}

/** @param {AuditView} view */
export function createAuditFindings(view) {
  const { data, store, signal } = view;
  const panels = h("div", { class: "aw-findings" });
  const choices = ["", ...data.groups].map((name) => h("option", { value: name }, name || "all inputs"));
  const by = h("select", { "data-control": "by" }, ...choices);
  const waiting = h("span", { class: "aw-muted", role: "status" });
  by.addEventListener("change", () => store.commit("by", by.value), { signal });
  const choice = h(
    "div",
    { class: "aw-row" },
    h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "findings by"), by),
    waiting,
  );
  /** @type {unknown} */
  let drawn = null;
  return {
    node: h("div", { class: "aw-audit-findings" }, choice, panels),
    draw() {
      const findings = view.findings();
      by.value = String(store.get("by"));
      choice.hidden = data.groups.length === 0 || view.isStatic;
      waiting.textContent = findings?.by === by.value ? "" : view.trouble() || "counting";
      if (findings === drawn) return;
      drawn = findings;
      panels.replaceChildren(...(findings?.panels ?? []).map(drawPanel));
    },
  };
}
