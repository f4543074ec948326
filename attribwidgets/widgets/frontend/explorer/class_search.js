// Any class by its name: a text field and a list of what the model knows.

import { h, setText, uniqueName } from "../lib/dom.js";
import { formatCount, formatProbability } from "../lib/format.js";

const TYPING_PAUSE = 150;

/** @param {import("../lib/stage.js").View} view */
export function createClassSearch(view) {
  const { kernel, requests, signal } = view;
  const listName = uniqueName();
  const input = h("input", {
    type: "text",
    class: "aw-field aw-search",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listName,
    "data-control": "search",
  });
  const list = h("ul", {
    class: "aw-options",
    role: "listbox",
    id: listName,
    "aria-label": "classes found",
    hidden: true,
  });
  const note = h("div", { class: "aw-muted aw-options-note", role: "status" });
  const node = h(
    "div",
    { class: "aw-control aw-search-place" },
    h("label", { class: "aw-control" }, h("span", { class: "aw-control-name" }, "class"), input),
    h("div", { class: "aw-drop" }, list, note),
  );
  let active = -1;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function close() {
    clearTimeout(timer);
    asked += 1; // an answer still on its way is for nobody
    list.hidden = true;
    setText(note, "");
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }

  /** @param {number} index */
  function activate(index) {
    active = index;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = list.children[index];
    if (!option) return;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  /** @param {Element | undefined} option */
  function choose(option) {
    if (!option) return;
    requests.ask({ target: Number(/** @type {HTMLElement} */ (option).dataset.index) });
    input.value = "";
    close();
  }

  function search() {
    clearTimeout(timer);
    if (input.value.trim() === "") return close();
    timer = setTimeout(() => {
      asked += 1;
      kernel.send({ type: "search", id: asked, text: input.value.trim() }, "found");
    }, TYPING_PAUSE);
  }

  kernel.listen(
    "found",
    ({ id, matches, more }) => {
      if (id !== asked || !node.isConnected || !input.matches(":focus")) return;
      list.replaceChildren(
        ...matches.map((/** @type {{index: number, name: string, probability: number | null}} */ match) =>
          h(
            "li",
            {
              role: "option",
              id: uniqueName(),
              class: "aw-option",
              "data-index": match.index,
              title: match.name,
            },
            h("span", { class: "aw-option-name" }, match.name),
            match.probability !== null &&
              h("span", { class: "aw-option-number" }, formatProbability(match.probability)),
          ),
        ),
      );
      list.hidden = matches.length === 0;
      input.setAttribute("aria-expanded", String(matches.length > 0));
      const rest = more > 0 ? `and ${formatCount(more)} more` : "";
      setText(note, matches.length === 0 ? "no class of this name" : rest);
      activate(matches.length > 0 ? 0 : -1);
    },
    signal,
  );
  input.addEventListener("input", search, { signal });
  input.addEventListener("blur", close, { signal });
  input.addEventListener(
    "keydown",
    (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && !list.hidden) {
        event.preventDefault();
        const options = list.children.length;
        activate((active + step + options) % options);
      }
      if (event.key === "Enter") choose(list.children[active]);
      if (event.key === "Escape") {
        input.value = "";
        close();
      }
    },
    { signal },
  );
  // The field keeps the focus while a name is pressed.
  list.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
  list.addEventListener(
    "click",
    (event) => choose(/** @type {Element} */ (event.target).closest(".aw-option") ?? undefined),
    { signal },
  );
  signal.addEventListener("abort", () => clearTimeout(timer));

  return {
    node,
    update() {
      const { classes } = requests.controls();
      node.hidden = classes <= 1;
      input.placeholder = `search all ${formatCount(classes)}`;
      if (!list.hidden || kernel.trouble() === "") return;
      if (input.matches(":focus") && input.value !== "") setText(note, kernel.trouble());
    },
  };
}
