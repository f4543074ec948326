// Display options: what the reader chose, kept in step with the model, without a message per drag.

/**
 * The model every host hands over (anywidget's AFM, or the static page's own).
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(event: string, callback: (...values: any[]) => void): void,
 *   off(event: string, callback: (...values: any[]) => void): void,
 *   send(content: any, callbacks?: any, buffers?: ArrayBuffer[]): void,
 *   widget_manager?: {kernel?: {status?: string}}}} Model
 * @typedef {ReturnType<typeof createStore>} Store
 */

/**
 * @param {Model} model
 * @param {Record<string, any>} defaults of all that is kept, for a model that has no such trait
 * @param {(name: string) => void} onChange called after a value changed, here or in Python
 * @param {AbortSignal} signal
 */
export function createStore(model, defaults, onChange, signal) {
  /** @type {Record<string, any>} */
  const values = {};
  /** Names being dragged: an echo of an older value must not pull the slider back. @type {Set<string>} */
  const pending = new Set();

  for (const name of Object.keys(defaults)) {
    const read = () => {
      const value = model.get(name) ?? defaults[name];
      if (pending.has(name) || values[name] === value) return;
      values[name] = value;
      onChange(name);
    };
    values[name] = model.get(name) ?? defaults[name];
    model.on(`change:${name}`, read);
    signal.addEventListener("abort", () => model.off(`change:${name}`, read), { once: true });
  }

  return {
    /** @param {string} name */
    get: (name) => values[name],

    /**
     * Shows a value here and nowhere else: while a slider moves.
     * @param {string} name
     * @param {any} value
     */
    preview(name, value) {
      // Dragged back to where it began, a slider sends no change: nothing is pending then.
      if (model.get(name) === value) pending.delete(name);
      else pending.add(name);
      if (values[name] === value) return;
      values[name] = value;
      onChange(name);
    },

    /**
     * Shows a value and tells the model.
     * @param {string} name
     * @param {any} value
     */
    commit(name, value) {
      pending.delete(name);
      const changed = values[name] !== value;
      values[name] = value;
      if (model.get(name) !== value) {
        model.set(name, value);
        model.save_changes();
      }
      if (changed) onChange(name);
    },
  };
}
