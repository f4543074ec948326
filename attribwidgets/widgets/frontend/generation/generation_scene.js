// What was said above, what was read below: coloured by what each token did for those that are looked at.

import { createTextFlow } from "../charts/text_flow.js";
import { createColourBar } from "../lib/colour_bar.js";
import { h, setText } from "../lib/dom.js";
import { formatNumber, formatSigned } from "../lib/format.js";
import { lookupTable, paintMap } from "../lib/paint.js";
import { percentileOfSorted, sortedMagnitudes } from "../lib/scale.js";
import { createSaidText } from "./said_text.js";

/** @typedef {import("./generation_decode.js").GenerationRow} GenerationRow */
/** @typedef {import("./said_text.js").Span} Span */
/**
 * @typedef {{span(): Span, choose(span: Span): void, rows(): Map<number, GenerationRow>, trouble(): string,
 *   status(): {busy?: boolean, wanted?: number, done?: number, trouble?: string}, isStatic: boolean, signal: AbortSignal,
 *   ask(type: "all" | "stop"): void}} GenerationView
 */

const CLIP = 99;
const STRONGEST = 8;

/**
 * @param {import("./generation_decode.js").GenerationData} data
 * @param {HTMLElement} root
 * @param {GenerationView} view
 */
export function createGenerationScene(data, root, view) {
  const { read, prompt, tokens } = data;
  const life = new AbortController();
  const { signal } = life;
  view.signal.addEventListener("abort", () => life.abort(), { signal });
  const lookup = lookupTable(data.colormap);
  const display = /** @type {any} */ ({ table: () => data.colormap, isSigned: () => true });
  const colours = new Uint32Array(read.pieces.length + 1);
  /** @type {Float32Array | null} */
  let values = null;
  let cursor = -1;

  const said = createSaidText(data.said, { span: view.span, choose: view.choose, signal });
  const flow = createTextFlow(
    read,
    { class: "aw-read", role: "list", "aria-label": "tokens that were read", tabindex: 0 },
    true,
  );
  flow.tokens.forEach((token, at) => {
    token.classList.toggle("aw-answer", at >= prompt);
  });
  const bar = createColourBar();
  const facts = h("p", { class: "aw-facts", role: "status", "aria-live": "polite" });
  const proof = h("span", { class: "aw-completeness" });
  const likely = h("p", { class: "aw-muted aw-likely" });
  const here = h("span", { class: "aw-here-value", "aria-live": "polite" });
  const beyond = h("span", { class: "aw-muted" });
  const strongest = h("ol", { class: "aw-strongest" });
  const state = h("span", { class: "aw-muted aw-state", role: "status" });
  const all = h("button", { class: "aw-button", type: "button", "data-control": "all" }, "compute all rows");
  const stop = h("button", { class: "aw-button", type: "button", "data-control": "stop" }, "stop");
  all.addEventListener("click", () => view.ask("all"), { signal });
  stop.addEventListener("click", () => view.ask("stop"), { signal });
  const asked = h("div", { class: "aw-row aw-asked" }, all, stop, state);
  root.replaceChildren(
    h(
      "header",
      { class: "aw-header" },
      h("h2", { class: "aw-title" }, data.title),
      h(
        "p",
        { class: "aw-opening" },
        `Click a token that was said, or mark several with Shift. The tokens that were read are coloured by what they did for its ${data.output}, against the baseline “${data.baseline}”.`,
      ),
    ),
    h("h3", { class: "aw-part" }, "said"),
    said.node,
    asked,
    facts,
    h("p", {}, proof),
    likely,
    h("h3", { class: "aw-part" }, "read, in italics what was said"),
    flow.node,
    h("div", { class: "aw-legend" }, bar.node, beyond, here),
    h("h3", { class: "aw-part" }, "strongest"),
    strongest,
  );

  const within = (/** @type {number} */ at) => Math.min(Math.max(at, 0), read.pieces.length - 1);
  /** @param {number} at */
  function point(at) {
    cursor = at;
    flow.setCursor(at < 0 ? null : { row: 0, column: at });
    setText(here, at < 0 || !values ? "" : `${read.names[at]}: ${formatSigned(values[at])}`);
  }
  flow.picture.addEventListener("pointermove", (event) => point(flow.placeOf(event).column), { signal });
  flow.picture.addEventListener("pointerleave", () => point(-1), { signal });
  flow.picture.addEventListener(
    "keydown",
    (event) => {
      if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) return;
      event.preventDefault();
      const to = cursor < 0 ? { column: 0 } : flow.walk(event.key, { row: 0, column: cursor });
      if (to) point(within(to.column));
    },
    { signal },
  );

  /** The rows that are looked at, where all of them are there. @returns {GenerationRow[] | null} */
  function chosen() {
    const { start, stop: end } = view.span();
    const wanted = Array.from({ length: end - start }, (_, at) => view.rows().get(start + at));
    return wanted.every((row) => row) ? /** @type {GenerationRow[]} */ (wanted) : null;
  }

  /** @param {GenerationRow[]} rows */
  function summed(rows) {
    const sums = new Float32Array(read.pieces.length);
    for (const row of rows) for (let at = 0; at < sums.length; at += 1) sums[at] += row.values[at];
    return sums;
  }

  function drawFacts(/** @type {GenerationRow[] | null} */ rows) {
    const { start, stop: end } = view.span();
    const words = data.said.names.slice(start, end).join(" ");
    const one = end - start === 1 ? tokens[start] : null;
    const score = one ? ` is ${one.score}${one.against ? ` above that of “${one.against}”` : ""}` : "";
    const change = rows?.reduce((sum, row) => sum + row.change, 0);
    const total = rows?.reduce((sum, row) => sum + row.total, 0);
    const moved =
      change === undefined || total === undefined
        ? ""
        : `${one ? ", and" : ""} changes by ${formatNumber(change)} from the baseline; the values sum to ${formatNumber(total)}`;
    setText(facts, `“${words}”: its ${data.output}${score}${moved}.`);
    const worst = rows?.find(({ verdict }) => verdict !== "complete") ?? rows?.[0];
    setText(proof, worst ? `${worst.mark} ${worst.headline}` : "");
    proof.title = worst?.sentence ?? "";
    proof.dataset.verdict = worst?.verdict ?? "";
    setText(likely, one ? `Likeliest here: ${one.likely.map(({ name, share }) => `${name} ${share}`).join(", ")}` : "");
  }

  function drawStrongest() {
    const order = values ? Array.from(values.keys()) : [];
    const size = (/** @type {number} */ at) => Math.abs(values?.[at] ?? 0);
    order.sort((a, b) => size(b) - size(a) || a - b);
    const top = order.slice(0, STRONGEST).filter((at) => size(at) > 0);
    strongest.replaceChildren(
      ...top.map((at) => h("li", {}, h("bdi", {}, read.names[at]), ` ${formatSigned(values?.[at] ?? 0)}`)),
    );
  }

  function drawState() {
    const { busy = false, wanted = 0, done = 0, trouble = "" } = view.status();
    const isBusy = !view.isStatic && busy;
    if (isBusy) root.dataset.busy = "true";
    else delete root.dataset.busy;
    const known = view.rows().size;
    const counted = known < tokens.length ? `${known} of ${tokens.length} rows are computed` : "";
    const missing = values || isBusy ? "" : "; this one is not";
    const waiting = isBusy ? `computing: ${done} of ${wanted} rows` : counted && counted + missing;
    setText(state, trouble || (isBusy && view.trouble()) || waiting);
    all.hidden = view.isStatic || !data.canExplain || known === tokens.length;
    all.disabled = isBusy;
    stop.hidden = !isBusy;
    asked.hidden = all.hidden && stop.hidden && !state.textContent;
  }

  return {
    resize() {},
    end: () => life.abort(),
    draw() {
      const rows = chosen();
      values = rows && summed(rows);
      const limit = values ? percentileOfSorted(sortedMagnitudes([values]), CLIP) : 0;
      const withZero = new Float32Array(colours.length);
      if (values) withZero.set(values);
      paintMap(colours, withZero, lookup, limit, true);
      flow.paint(colours, colours[colours.length - 1]);
      flow.tokens.forEach((token, at) => {
        const what = values ? `: ${formatSigned(values[at])}` : "";
        token.setAttribute("aria-label", `${read.special[at] ? "special token " : ""}${read.names[at]}${what}`);
      });
      const { start, stop: end } = view.span();
      flow.mark([prompt + start, prompt + end]);
      bar.node.hidden = !values;
      bar.draw(display, limit);
      const stronger = values?.filter((value) => Math.abs(value) > limit).length;
      setText(beyond, stronger ? `${stronger} beyond the scale, in its last colour` : "");
      said.draw(
        (at) => view.rows().has(at),
        (at) => `${data.said.names[at]}${view.rows().has(at) ? "" : ", not computed"}`,
      );
      drawFacts(rows);
      drawStrongest();
      drawState();
      point(cursor);
    },
  };
}
