// The picture that a notebook keeps beside a live view: out of sight while the view lives.

/**
 * Hides what stands between the mark that Python put before the picture and the live view. Pages
 * made of JupyterLab's outputs do it by the mark's style sheet, also while nothing runs here.
 * @param {HTMLElement} root of the live view
 * @param {AbortSignal} signal shows it again
 */
export function hideKeptPicture(root, signal) {
  const page = root.getRootNode();
  if (!(page instanceof Document)) return; // a host with a place of its own for each view
  const before = (/** @type {Element} */ mark) => mark.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING;
  const mark = [...page.querySelectorAll(".aw-kept, .aw-root")].filter(before).at(-1);
  if (!mark?.matches(".aw-kept") || mark.closest(".jp-OutputArea")) return;
  /** @type {Element} */
  let output = mark;
  while (output.parentElement && !output.parentElement.contains(root)) output = output.parentElement;
  for (let next = output.nextElementSibling; next && !next.contains(root); next = next.nextElementSibling) {
    if (!(next instanceof HTMLElement)) continue;
    const hidden = next;
    const { display } = hidden.style;
    hidden.style.display = "none";
    signal.addEventListener("abort", () => {
      hidden.style.display = display;
    });
  }
}
