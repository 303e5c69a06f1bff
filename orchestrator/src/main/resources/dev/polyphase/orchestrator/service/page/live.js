// The node as a whole: what it runs, the queue, the schedules. Views read a part of it and are
// called again when the node says that the part changed.
import { get } from './api.js';
import { every } from './dom.js';
import { listen } from './events.js';

/**
 * Keeps parts up to date until `signal` aborts. `parts` by the name of a change (`runs`, `queue`,
 * `schedules`): functions that read and show; `run` takes the rows of running runs as they go on.
 */
export function follow(parts, run, signal) {
  const pending = new Map();

  function refresh(name) {
    // While one answer is under way one more is asked for at most.
    const state = pending.get(name);
    if (state) {
      state.again = true;
      return;
    }
    const mine = { again: false };
    pending.set(name, mine);
    Promise.resolve(parts[name]())
      .catch((failure) => failure.name !== 'AbortError' && console.warn(failure.message))
      .finally(() => {
        pending.delete(name);
        if (mine.again && !signal.aborted) refresh(name);
      });
  }

  const all = () => Object.keys(parts).forEach(refresh);
  listen('events', {
    change: (changes) => Object.keys(parts).filter((name) => changes[name]).forEach(refresh),
    run: (row) => run?.(row),
  }, { signal, opened: (again) => again && all() });
  // Should a change get lost, it is seen a minute later.
  every(60_000, all, signal);
}

export const readRuns = (signal) => get('runs', { signal }).then(({ runs }) => runs);
export const readQueue = (signal) => get('queue', { signal }).then(({ entries }) => entries);
export const readService = (signal) => get('service', { signal });
