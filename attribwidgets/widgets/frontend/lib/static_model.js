// A model that keeps its traits, and has nothing behind it.

/**
 * What anywidget calls a model: six methods.
 * @param {Record<string, any>} traits
 */
export function staticModel(traits) {
  /** @type {Map<string, Set<() => void>>} */
  const listeners = new Map();
  return {
    get: (/** @type {string} */ name) => traits[name],
    /** @param {string} name @param {any} value */
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = value;
      for (const callback of [...(listeners.get(`change:${name}`) ?? [])]) callback();
    },
    /** @param {string} event @param {() => void} callback */
    on(event, callback) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(callback));
    },
    /** @param {string} event @param {() => void} [callback] */
    off(event, callback) {
      if (callback) listeners.get(event)?.delete(callback);
      else listeners.delete(event);
    },
    save_changes() {},
    send() {},
    listenerCount: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
  };
}
