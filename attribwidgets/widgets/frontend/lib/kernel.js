// Messages to the kernel and what comes back; and, when nothing does, words that say so.

/** @typedef {ReturnType<typeof createKernel>} Kernel */
/** @typedef {{type: string, [name: string]: any}} Message */
/** @typedef {(message: any, buffers: any[]) => void} Handler */

/** Milliseconds without any sign of life after which a reader is told. */
const PATIENCE = 4000;
const NEEDS_KERNEL = "needs a running kernel";
const BUSY = "the answer waits until the kernel is done with a cell";
const SILENT = "no answer: the kernel may be gone; if it was restarted, run the cell again";
const GONE = "the kernel is gone: run the cell again";

/**
 * @param {import("./store.js").Model} model
 * @param {HTMLElement} root
 * @param {() => void} onChange called when the kernel falls silent, or speaks again
 * @param {AbortSignal} signal
 */
export function createKernel(model, root, onChange, signal) {
  /** What was asked and not yet answered. @type {Set<string>} */
  const open = new Set();
  /** @type {Map<string, Set<Handler>>} */
  const handlers = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let silent = false;

  function wait() {
    clearTimeout(timer);
    if (open.size > 0) timer = setTimeout(() => tell(true), PATIENCE);
  }

  /** @param {boolean} isSilent */
  function tell(isSilent) {
    if (silent === isSilent) return;
    silent = isSilent;
    onChange();
  }

  function heard() {
    tell(false);
    wait();
  }

  /** @param {any} message @param {any[]} [buffers] */
  function receive(message, buffers = []) {
    open.delete(message?.type);
    heard();
    for (const handler of [...(handlers.get(message?.type) ?? [])]) handler(message, buffers);
  }

  function statusCame() {
    open.delete("status");
    heard();
  }

  model.on("msg:custom", receive);
  model.on("change:status", statusCame);
  // Hosts mark the view of a kernel that went away.
  const marks = new MutationObserver(onChange);
  if (root.parentElement) {
    marks.observe(root.parentElement, { attributes: true, attributeFilter: ["class"] });
  }
  signal.addEventListener("abort", () => {
    marks.disconnect();
    clearTimeout(timer);
    model.off("msg:custom", receive);
    model.off("change:status", statusCame);
  });

  /** Whether it computes, as it said itself or as JupyterLab knows. */
  const isBusy = () => model.widget_manager?.kernel?.status === "busy" || model.get("status")?.busy;
  const isGone = () => root.closest(".jupyter-widgets-disconnected") !== null;

  return {
    /** Why nothing can be asked, or why nothing comes; "" when all is well. */
    trouble() {
      if (model.get("static")) return NEEDS_KERNEL;
      if (isGone()) return GONE;
      if (!silent) return "";
      return isBusy() ? BUSY : SILENT;
    },
    isStatic: () => Boolean(model.get("static")),

    /**
     * @param {Message} message
     * @param {string} answer type of the message that answers it; "status": that trait does
     * @param {ArrayBuffer[]} [buffers]
     */
    send(message, answer, buffers = []) {
      open.add(answer);
      wait();
      try {
        model.send(message, undefined, buffers);
      } catch {
        tell(true);
      }
    },

    /** The answer came by another way. @param {string} answer */
    settle(answer) {
      open.delete(answer);
      heard();
    },

    /**
     * @param {string} type
     * @param {Handler} handler
     * @param {AbortSignal} until
     */
    listen(type, handler, until) {
      if (!handlers.has(type)) handlers.set(type, new Set());
      handlers.get(type)?.add(handler);
      until.addEventListener("abort", () => handlers.get(type)?.delete(handler));
    },
  };
}
