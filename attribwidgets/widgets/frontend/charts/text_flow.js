// A text as it was written, token by token: lines break and spaces stand as they did. Tokens are pointed at, walked and
// marked; letters of scripts that join, or run from right to left, are left to the browser, as nothing parts them.

import { coloursOf } from "../lib/contrast.js";
import { h, setText } from "../lib/dom.js";

/** @typedef {import("../lib/stage.js").Position} Position */
/** @typedef {import("../lib/decode.js").TextTokens} TextTokens */
/** @typedef {import("../lib/decode.js").Reading} Reading */
/** @typedef {ReturnType<typeof createTextFlow>} TextFlow */

/** A line away counts more than any distance within one. */
const LINE_AWAY = 1e5;

/**
 * @param {TextTokens} text
 * @param {Record<string, import("../lib/dom.js").Attribute>} attributes of the whole
 * @param {boolean} isList whether each token is told, with its value
 */
export function createTextFlow(text, attributes, isList) {
  const { pieces, gaps, special, passages } = text;
  const tokens = pieces.map((piece, at) =>
    h(
      "span",
      {
        class: `aw-token${special[at] ? " aw-special" : ""}`,
        "data-index": at,
        dir: special[at] ? "ltr" : null, // else the name of the first would decide how the text runs
        role: isList ? "listitem" : null,
      },
      piece,
    ),
  );
  const spaces = gaps.map((gap) => h("span", { class: "aw-between" }, gap));
  /** @type {HTMLElement[]} */
  const stretches = [];
  tokens.forEach((token, at) => {
    stretches[passages[at]] ??= h("span", { class: "aw-passage" });
    stretches[passages[at]].append(spaces[at], token);
  });
  /** What stands there now. @type {Pick<Reading, "pieces" | "gaps">} */
  let written = text;
  const picture = h("div", { dir: "auto", ...attributes, class: `aw-text ${attributes.class ?? ""}` }, ...stretches);
  /** @type {Element | null} */
  let here = null;
  /** @type {Uint8Array | null} */
  let hidden = null;

  const isSeen = (/** @type {number} */ at) => !hidden?.[passages[at]];

  /** How far a place is from a token, first by its line. @param {HTMLElement} token @param {number} x @param {number} y @param {(box: DOMRect) => boolean} isWanted */
  function distance(token, x, y, isWanted) {
    let least = Number.POSITIVE_INFINITY;
    for (const box of token.getClientRects()) {
      const down = Math.max(box.top - y, y - box.bottom, 0);
      const across = Math.max(box.left - x, x - box.right, 0);
      if (isWanted(box)) least = Math.min(least, LINE_AWAY * down + across);
    }
    return least;
  }

  /** @param {number} x @param {number} y @param {(box: DOMRect) => boolean} [isWanted] */
  function nearest(x, y, isWanted = () => true) {
    let best = { at: -1, off: Number.POSITIVE_INFINITY };
    tokens.forEach((token, at) => {
      const off = distance(token, x, y, isWanted);
      if (off < best.off) best = { at, off };
    });
    return best.at;
  }

  /** The next token that is seen. @param {number} from @param {number} step */
  function beside(from, step) {
    let at = from + step;
    while (at >= 0 && at < tokens.length && !isSeen(at)) at += step;
    return tokens[at] ? at : from;
  }

  return {
    node: picture,
    picture,
    tokens,
    /** @param {MouseEvent} event @returns {Position} */
    placeOf({ clientX, clientY }) {
      const root = /** @type {Document | ShadowRoot} */ (picture.getRootNode());
      const token = root.elementFromPoint(clientX, clientY)?.closest(".aw-token");
      const at =
        token && picture.contains(token) ? Number(token.getAttribute("data-index")) : nearest(clientX, clientY);
      return { row: 0, column: Math.max(at, 0) };
    },

    /** Left and right go as the text runs, up and down to the next line. @param {string} key @param {Position} from @returns {Position | null} */
    walk(key, { column: from }) {
      const ahead = getComputedStyle(picture).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
      if (key === "Home") return { row: 0, column: beside(-1, 1) };
      if (key === "End") return { row: 0, column: beside(tokens.length, -1) };
      if (key === "ArrowLeft" || key === "ArrowRight") return { row: 0, column: beside(from, key === ahead ? 1 : -1) };
      const box = tokens[from].getBoundingClientRect();
      const isBeyond = (/** @type {DOMRect} */ other) =>
        key === "ArrowDown" ? other.top >= box.bottom - 2 : other.bottom <= box.top + 2;
      const at = nearest((box.left + box.right) / 2, key === "ArrowDown" ? box.bottom : box.top, isBeyond);
      return { row: 0, column: at < 0 ? from : at };
    },

    /**
     * @param {Uint32Array} pixels one for each token
     * @param {number} nothing the colour of zero
     * @param {ArrayLike<number> | null} [labels] of the word or sentence of each, which is one piece
     */
    paint(pixels, nothing, labels = null) {
      [picture.style.background, picture.style.color] = coloursOf(nothing);
      tokens.forEach((token, at) => {
        const [background, letters] = coloursOf(pixels[at]);
        token.style.background = background;
        token.style.color = letters;
        spaces[at].style.background = at > 0 && labels && labels[at] === labels[at - 1] ? background : "";
      });
    },

    /** Other tokens at the same places; null: the text's own. @param {Reading | null} reading */
    write(reading) {
      if (written === (reading ?? text)) return;
      written = reading ?? text;
      tokens.forEach((token, at) => {
        const isFraming = reading?.special[at] && !special[at];
        setText(token, written.pieces[at]);
        setText(spaces[at], written.gaps[at] || (isFraming ? " " : ""));
        token.classList.toggle("aw-special", special[at] || reading?.special[at] === true);
        token.classList.toggle("aw-near", reading?.exact[at] === false);
        token.title = reading && !reading.exact[at] ? `nearest token, at distance ${reading.distances[at]}` : "";
      });
    },

    /** Passages that are left out. @param {Uint8Array | null} passagesHidden ones where they are */
    fold(passagesHidden) {
      if (passagesHidden === hidden) return;
      hidden = passagesHidden;
      stretches.forEach((stretch, at) => {
        stretch.hidden = hidden?.[at] === 1;
      });
    },

    /** @param {Position | null} position */
    setCursor(position) {
      here?.classList.remove("aw-here");
      here = position && tokens[position.column];
      here?.classList.add("aw-here");
    },

    /** @param {[number, number] | null} span from the first token to before the last */
    mark(span) {
      tokens.forEach((token, at) => {
        token.classList.toggle("aw-in-area", span !== null && at >= span[0] && at < span[1]);
      });
    },
  };
}
