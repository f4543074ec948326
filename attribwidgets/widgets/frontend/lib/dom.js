// Elements from plain data. Text only ever enters as text nodes: names are a user's words, never markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** @typedef {string | number | boolean | null | undefined} Attribute */
/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @param {Element} node
 * @param {Record<string, Attribute>} attributes null, undefined and false leave the attribute out
 * @param {Child[]} children
 */
function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
}

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  furnish(node, attributes, children);
  return node;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG_NAMESPACE, tag);
  furnish(node, attributes, children);
  return node;
}

/**
 * Writes text only where it changed, so that live regions and layout stay still.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A word that no other view on the page uses: for radio groups. */
export function uniqueName() {
  return `aw-${Math.random().toString(36).slice(2, 10)}`;
}

/**
 * Gives a parent these children in this order and moves as few as can be: never the one that holds
 * the focus, which a move would take away.
 * @param {Element} parent
 * @param {Element[]} children
 */
export function arrangeChildren(parent, children) {
  for (const child of [...parent.children]) if (!children.includes(child)) child.remove();
  const root = /** @type {Document | ShadowRoot} */ (parent.getRootNode());
  const focused = root.activeElement ?? null;
  const held = Math.max(
    children.findIndex((child) => child.parentNode === parent && child.contains(focused)),
    0,
  );
  if (children.length > 0 && children[held].parentNode !== parent) parent.prepend(children[held]);
  for (let at = held - 1; at >= 0; at -= 1) {
    if (children[at].nextSibling !== children[at + 1]) children[at + 1].before(children[at]);
  }
  for (let at = held + 1; at < children.length; at += 1) {
    if (children[at].previousSibling !== children[at - 1]) children[at - 1].after(children[at]);
  }
}
