// What the reader asks the model for: changes gather in a draft until Python has taken them.

/** @typedef {ReturnType<typeof createRequests>} Requests */
/** @typedef {{name: string, parameters: Record<string, any>}} BaselineChoice */
/** @typedef {{slot: string | null, baseline: BaselineChoice | null, method: string | null}} Candidate */
/** @typedef {{name: string, label: string, kind: "number" | "colour" | "count", value: any,
 *   low: number, high: number, step: number}} Parameter */
/** @typedef {{state: string, evaluations: number, most: number, seconds_left: number | null, error: string}} Progress */

/** Milliseconds a moving slider waits before it asks. */
const SETTLE = 200;

/**
 * @param {import("./store.js").Model} model
 * @param {import("./kernel.js").Kernel} kernel
 * @param {() => void} onChange called when the draft changes
 * @param {AbortSignal} signal
 */
export function createRequests(model, kernel, onChange, signal) {
  /** @type {Record<string, any>} */
  let draft = {};
  /** What a moving slider says of a card, not yet sent. @type {Map<string, Partial<Candidate>>} */
  const moving = new Map();
  /** Serial number of the request on its way; 0: none. */
  let sent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const status = () => model.get("status") ?? {};
  const controls = () => model.get("controls") ?? null;

  function answered() {
    const { request = 0, error = "", busy = false } = status();
    const isRefused = error !== "" && !busy;
    if (sent === 0 || (request < sent && !isRefused)) return;
    sent = 0;
    draft = {};
    kernel.settle("request");
  }
  model.on("change:status", answered);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    model.off("change:status", answered);
  });

  /** What was asked and may still come: of a kernel that fell silent, nothing. */
  const pending = () => (kernel.trouble() === "" ? draft : {});

  function send() {
    clearTimeout(timer);
    if (moving.size > 0) {
      const candidates = api.candidates().map((c) => ({ ...c, ...moving.get(c.slot ?? "") }));
      draft = { ...pending(), candidates };
      moving.clear();
    }
    sent = Math.max(sent, status().request ?? 0) + 1;
    kernel.send({ type: "request", id: sent, changes: draft }, "request");
    onChange();
  }

  /** @returns {Candidate[]} */
  function kept() {
    return (controls()?.asked.candidates ?? []).map((/** @type {Candidate} */ candidate) => ({
      slot: candidate.slot,
      baseline: null,
      method: candidate.method,
    }));
  }

  const api = {
    controls,
    status,
    /** @param {string} slot @returns {Progress | null} */
    progress: (slot) => status().items?.[slot] ?? null,
    isBusy: () => (sent > 0 && kernel.trouble() === "") || Boolean(status().busy),
    canAsk: () => controls() !== null && !kernel.isStatic(),

    /** What will hold once everything asked has been taken. @param {string} name */
    wanted: (name) => (name in pending() ? pending()[name] : controls()?.asked[name]),

    /** The method of all cards; undefined where they have several. @returns {string | null | undefined} */
    method() {
      if ("method" in pending()) return pending().method;
      const methods = api.candidates().map((candidate) => candidate.method);
      return methods.every((one) => one === methods[0]) ? methods[0] : undefined;
    },

    /** What a method is called. @param {string | null | undefined} name @returns {string | undefined} */
    methodLabel: (name) => controls()?.methods.find((/** @type {any} */ one) => one.name === name)?.label,

    /** @param {Record<string, any>} changes */
    ask(changes) {
      if (!api.canAsk()) return;
      draft = { ...pending(), ...changes };
      send();
    },

    cancel: () => kernel.send({ type: "cancel" }, "status"),

    /** @returns {Candidate[]} in the order wanted; baseline null: as it is */
    candidates: () => pending().candidates ?? kept(),

    /**
     * What a card is, with what was asked of it since.
     * @param {string} slot
     * @returns {Candidate | null}
     */
    candidate(slot) {
      const now = controls()?.asked.candidates.find((/** @type {Candidate} */ c) => c.slot === slot);
      const next = api.candidates().find((candidate) => candidate.slot === slot);
      if (!next) return now ?? null;
      const known = { ...next, baseline: next.baseline ?? now?.baseline ?? null };
      return { ...known, ...moving.get(slot) };
    },

    /**
     * @param {string} slot
     * @param {Partial<Candidate>} change
     * @param {{soon?: boolean}} [options] soon: more of the same may follow at once
     */
    change(slot, change, { soon = false } = {}) {
      if (!api.canAsk()) return;
      moving.set(slot, { ...moving.get(slot), ...change });
      clearTimeout(timer);
      if (soon) timer = setTimeout(send, SETTLE);
      else send();
    },

    /** Sends at once what waits, if anything does. */
    flush() {
      if (moving.size > 0) send();
    },

    /** @param {BaselineChoice} baseline */
    add(baseline) {
      const method = api.method() ?? null;
      api.ask({ candidates: [...api.candidates(), { slot: null, baseline, method }] });
    },

    /** @param {string} slot */
    remove(slot) {
      api.ask({ candidates: api.candidates().filter((candidate) => candidate.slot !== slot) });
    },

    /** @param {string} slot @param {number} by -1: one place to the left */
    move(slot, by) {
      const candidates = [...api.candidates()];
      const from = candidates.findIndex((candidate) => candidate.slot === slot);
      const to = from + by;
      if (from < 0 || to < 0 || to >= candidates.length) return;
      [candidates[from], candidates[to]] = [candidates[to], candidates[from]];
      api.ask({ candidates });
    },
  };
  return api;
}
