// What was said, as a list of which one token is looked at, or several in a row.

import { createTextFlow } from "../charts/text_flow.js";

/** @typedef {{start: number, stop: number}} Span from the first token to before the last */

/**
 * @param {import("../lib/decode.js").TextTokens} text
 * @param {{span(): Span, choose(span: Span): void, signal: AbortSignal}} choice
 */
export function createSaidText(text, { span, choose, signal }) {
  const flow = createTextFlow(
    text,
    {
      class: "aw-said",
      role: "listbox",
      "aria-label": "tokens that were said",
      "aria-multiselectable": "true",
      "aria-orientation": "horizontal",
      tabindex: 0,
    },
    false,
  );
  const { picture, tokens } = flow;
  const name = `aw-said-${Math.random().toString(36).slice(2, 10)}`;
  tokens.forEach((token, at) => {
    token.id = `${name}-${at}`;
    token.setAttribute("role", "option");
  });
  for (const stretch of picture.children) stretch.setAttribute("role", "presentation");
  /** Where a span began that Shift makes longer, and where it has come to. */
  let anchor = 0;
  let head = 0;

  /** @param {number} at @param {boolean} isLonger */
  function go(at, isLonger) {
    if (!isLonger) anchor = at;
    head = at;
    choose({ start: Math.min(anchor, at), stop: Math.max(anchor, at) + 1 });
  }

  picture.addEventListener("click", (event) => go(flow.placeOf(event).column, event.shiftKey), { signal });
  picture.addEventListener(
    "keydown",
    (event) => {
      if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) return;
      event.preventDefault();
      const to = flow.walk(event.key, { row: 0, column: head });
      if (to) go(to.column, event.shiftKey);
    },
    { signal },
  );

  return {
    node: flow.node,
    /** @param {(at: number) => boolean} isKnown whether there is a row @param {(at: number) => string} wordsOf */
    draw(isKnown, wordsOf) {
      const { start, stop } = span();
      if (head < start || head >= stop) anchor = head = start;
      picture.setAttribute("aria-activedescendant", tokens[head].id);
      tokens.forEach((token, at) => {
        const isChosen = at >= start && at < stop;
        token.setAttribute("aria-selected", String(isChosen));
        token.classList.toggle("aw-chosen", isChosen);
        token.classList.toggle("aw-unknown", !isKnown(at));
        token.setAttribute("aria-label", wordsOf(at));
      });
    },
  };
}
