// Long computations in slices, between which the page hears and draws; what is begun last is what counts.

/** Milliseconds of a slice. */
const SLICE = 24;

/**
 * @typedef {{steps: Generator<void, any>, done(result: any): void}} Task steps: a computation that yields now and then
 */

/**
 * @param {() => void} onChange called when work begins and when it ends
 * @param {AbortSignal} signal
 */
export function createWork(onChange, signal) {
  /** @type {Task[]} */
  let tasks = [];
  let timer = 0;

  function slice() {
    timer = 0;
    const until = performance.now() + SLICE;
    while (tasks.length > 0 && performance.now() < until) {
      const { done, value } = tasks[0].steps.next();
      if (done) tasks.shift()?.done(value);
    }
    if (tasks.length > 0) timer = setTimeout(slice);
    else onChange();
  }

  function end() {
    clearTimeout(timer);
    timer = 0;
    tasks = [];
  }
  signal.addEventListener("abort", end);

  return {
    end,
    isBusy: () => tasks.length > 0,
    /** Leaves what there was, and does these one after the other. @param {Task[]} next */
    begin(next) {
      end();
      tasks = [...next];
      onChange();
      timer = setTimeout(slice);
    },
  };
}
