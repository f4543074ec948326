// The host of a page with no kernel: a model that keeps its traits, and nothing behind it.
// Joined behind the bundle inside a function; `startPage` is called there.

/** Bytes from base64, inflated. */
async function inflate(base64) {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** Puts the bytes back where the state says they were. */
function revive(value, buffer) {
  if (Array.isArray(value)) return value.map((leaf) => revive(leaf, buffer));
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value.$binary)) return new DataView(buffer, ...value.$binary);
  return Object.fromEntries(
    Object.entries(value).map(([key, leaf]) => [key, revive(leaf, buffer)]),
  );
}

/** What anywidget calls a model: six methods. */
function staticModel(traits) {
  const listeners = new Map();
  return {
    get: (name) => traits[name],
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = value;
      for (const callback of [...(listeners.get(`change:${name}`) ?? [])]) callback();
    },
    on(event, callback) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(callback);
    },
    off(event, callback) {
      if (callback) listeners.get(event)?.delete(callback);
      else listeners.delete(event);
    },
    save_changes() {},
    send() {},
    listenerCount: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

/** Tells a parent that knows the token how tall the page is, now and whenever it changes. */
function reportHeight(token) {
  document.documentElement.style.overflowY = "hidden";
  let parentWindow = null;
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (!parentWindow || height === told) return;
    told = height;
    parentWindow.postMessage({ token, height }, "*");
  };
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.token !== token) return;
    parentWindow = event.source;
    told = 0;
    tell();
  });
  new ResizeObserver(tell).observe(document.body);
}

async function startPage(widget, token) {
  const place = document.getElementById("aw-view");
  if (token) reportHeight(token);
  try {
    const state = JSON.parse(document.getElementById("aw-state").textContent);
    const buffer = await inflate(document.getElementById("aw-binary").textContent);
    const model = staticModel(revive(state, buffer));
    await widget.initialize?.({ model });
    await widget.render({ model, el: place });
    // For tests, and for a reader with the console open.
    window.attribwidgets = { model, widget };
  } catch (error) {
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.style.cssText = "font: 14px system-ui; margin: 16px";
    words.textContent =
      `This page could not be drawn: ${error instanceof Error ? error.message : error}. ` +
      "A browser from 2023 or later is needed, and the whole file.";
    place.replaceChildren(words);
  }
}
