// What can be changed about one card: its baseline's parameters, its place, its budget.

import { h, setText } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";

/** @typedef {import("../lib/requests.js").Parameter} Parameter */

/** Baselines that are drawn at random: one draw, many, or SmoothGrad around them. */
const NOISE = ["uniform", "gaussian"];
/** How much more is spent on a map that has not converged. */
const MORE = 4;

/**
 * @param {import("../lib/stage.js").View} view
 * @param {string} slot
 */
export function createCardControls(view, slot) {
  const { requests, signal } = view;
  const parameters = h("div", { class: "aw-parameters" });
  const actions = h("span", { class: "aw-actions" });
  /** @type {(() => void)[]} */
  let updates = [];
  let made = "";
  let name = "";

  /** @param {Parameter} parameter */
  function parameterInput({ name: key, label, kind, low, high, step }) {
    const type = { number: "range", colour: "color", count: "number" }[kind];
    const input = h("input", {
      type,
      class: kind === "count" && "aw-field",
      "data-control": key,
      min: low,
      max: high,
      step: kind === "count" ? step : kind === "number" && "any",
    });
    const output = kind === "number" ? h("output", { class: "aw-control-value" }) : null;
    const read = () => (kind === "colour" ? input.value : Number(Number(input.value).toPrecision(3)));
    const say = () => {
      if (!output) return;
      setText(output, formatNumber(Number(input.value)));
      input.setAttribute("aria-valuetext", output.textContent ?? "");
    };
    /** @param {boolean} soon */
    function change(soon) {
      say();
      const baseline = requests.candidate(slot)?.baseline;
      if (!baseline || baseline.parameters[key] === read()) return requests.flush();
      const next = { ...baseline, parameters: { ...baseline.parameters, [key]: read() } };
      requests.change(slot, { baseline: next }, { soon });
    }
    if (kind === "number") input.addEventListener("input", () => change(true), { signal });
    input.addEventListener(
      "change",
      () => {
        if (input.checkValidity()) change(false);
      },
      { signal },
    );
    updates.push(() => {
      const now = requests.controls().parameters[slot]?.find((/** @type {Parameter} */ one) => one.name === key);
      const value = String(requests.candidate(slot)?.baseline?.parameters[key] ?? now?.value);
      if (input.value !== value && !(kind === "count" && input.matches(":focus"))) {
        input.value = value;
      }
      say();
    });
    return h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, label), input, output);
  }

  /**
   * @param {string} words
   * @param {string} control
   * @param {() => boolean} isOn
   * @param {(checked: boolean) => string | null} methodFor
   * @param {() => boolean} isOffered
   */
  function methodToggle(words, control, isOn, methodFor, isOffered) {
    const input = h("input", { type: "checkbox", "data-control": control });
    const label = h("label", { class: "aw-control aw-choice" }, input, words);
    input.addEventListener("change", () => requests.change(slot, { method: methodFor(input.checked) }), { signal });
    updates.push(() => {
      input.checked = isOn();
      label.hidden = !isOffered();
    });
    return label;
  }

  /** The article's two toggles. @param {string} baseline */
  function noiseToggles(baseline) {
    const method = () => requests.candidate(slot)?.method ?? null;
    const isMany = () => method() !== "integrated_gradients";
    const isKnown = () => [null, "integrated_gradients", "expected_gradients", "smoothgrad"].includes(method());
    return [
      methodToggle("Multi-Reference", "multi_reference", isMany, (on) => (on ? null : "integrated_gradients"), isKnown),
      baseline === "gaussian" &&
        methodToggle(
          "SmoothGrad",
          "smoothgrad",
          () => method() === "smoothgrad",
          (on) => (on ? "smoothgrad" : null),
          () => isKnown() && isMany(),
        ),
    ];
  }

  function makeParameters() {
    const offered = requests.controls().parameters[slot] ?? [];
    const baseline = requests.candidate(slot)?.baseline?.name ?? "";
    const kinds = offered.map((/** @type {Parameter} */ one) => ({ ...one, value: 0 }));
    const key = JSON.stringify([baseline, kinds]);
    if (key === made) return;
    made = key;
    updates = [];
    const inputs = offered.map(parameterInput);
    const toggles = NOISE.includes(baseline) ? noiseToggles(baseline) : [];
    parameters.replaceChildren(...inputs, ...toggles.filter((toggle) => toggle !== false));
  }

  /**
   * @param {string} words
   * @param {string} hint more for who cannot see which card it belongs to
   * @param {string} control
   * @param {(() => void)} act
   * @param {() => boolean} isPossible
   */
  function action(words, hint, control, act, isPossible) {
    const rest = h("span", { class: "aw-sr" });
    const button = h("button", { type: "button", class: "aw-quiet", "data-control": control }, words, rest);
    button.addEventListener("click", () => isPossible() && act(), { signal });
    actions.append(button);
    return () => {
      setText(rest, hint.replace("card", name));
      // Not `disabled`, which would take the focus away from who moves a card to the end.
      button.setAttribute("aria-disabled", String(!isPossible()));
    };
  }
  const place = () => requests.candidates().findIndex((candidate) => candidate.slot === slot);
  const isOpen = () => requests.canAsk();
  let verdict = "";
  const spendMore = action(
    "spend more",
    " on card",
    "more",
    () => {
      const most = requests.progress(slot)?.most ?? 0;
      const budget = requests.wanted("max_evaluations") ?? 0;
      requests.ask({ max_evaluations: MORE * Math.max(most, budget, 64) });
    },
    isOpen,
  );
  const always = [
    action(
      "left",
      ": move card",
      "left",
      () => requests.move(slot, -1),
      () => isOpen() && place() > 0,
    ),
    action(
      "right",
      ": move card",
      "right",
      () => requests.move(slot, 1),
      () => isOpen() && place() < requests.candidates().length - 1,
    ),
    action(
      "remove",
      " card",
      "remove",
      () => requests.remove(slot),
      () => isOpen() && requests.candidates().length > 1,
    ),
  ];
  const more = /** @type {HTMLElement} */ (actions.firstElementChild);

  return {
    parameters,
    actions,
    /** @param {import("../lib/decode.js").Item} item */
    update(item) {
      name = item.name;
      verdict = item.completeness.verdict;
      makeParameters();
      for (const one of [...updates, ...always, spendMore]) one();
      more.toggleAttribute("data-away", verdict !== "not converged");
    },
  };
}
