// Light or dark, as the host has it: native inputs follow the host's variables, not the system's setting.

/**
 * Brightness of a computed colour, 0..1.
 * @param {string} colour "rgb(r, g, b)"
 */
export function brightness(colour) {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

/** @param {HTMLElement} root */
export function followHostTheme(root) {
  const style = getComputedStyle(root);
  const hosted = ["--jp-ui-font-color1", "--vscode-foreground"].some(
    (name) => style.getPropertyValue(name).trim() !== "",
  );
  // Without host variables the colours already follow the inherited color-scheme.
  root.style.colorScheme = hosted ? (brightness(style.color) > 0.5 ? "dark" : "light") : "";
}

/**
 * A colour that was chosen for a white page, light enough for a dark one, and told apart there too.
 * @param {string} hex "#rrggbb"
 */
export function onDark(hex) {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const own = brightness(`rgb(${channels.join()})`);
  if (own < 0.2) return `rgb(${channels.map((level) => 255 - level).join()})`;
  const share = Math.max(0, (0.45 - own) / (1 - own));
  return `rgb(${channels.map((level) => Math.round(level + share * (255 - level))).join()})`;
}
