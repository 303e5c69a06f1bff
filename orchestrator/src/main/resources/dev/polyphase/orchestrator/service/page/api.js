// Requests to the node. Reading is tried again until the view is left; what changes something is
// sent once, because an answer that got lost doesn't tell whether it was done.
import { recovered, trouble } from './connection.js';
import { setClock } from './time.js';

const waits = [1, 2, 4, 8, 15];
const timeout = 30_000;

/** An answer that says no: its sentences, and the status. */
export class Refused extends Error {
  constructor(status, problems) {
    super(problems.map(({ place, sentence }) => (place ? `${place}: ${sentence}` : sentence)).join(' '));
    this.name = 'Refused';
    this.status = status;
    this.problems = problems;
  }
}

/** No answer at all. */
export class Unreachable extends Error {
  constructor(sentence) {
    super(sentence);
    this.name = 'Unreachable';
  }
}

/** `api/…` with a query; relative, so that a proxy may put the page below a path of its own. */
export function url(path, query = {}) {
  const entries = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return `api/${path}${entries.length ? `?${new URLSearchParams(entries)}` : ''}`;
}

/** Reads; `as` is `json` or `text`. */
export async function get(path, { query, signal, as = 'json' } = {}) {
  const address = url(path, query);
  try {
    for (let tries = 0; ; tries++) {
      try {
        return await once(address, { signal }, as);
      } catch (failure) {
        if (!passes(failure)) throw failure;
        trouble(address, failure.message);
        await pause(1000 * waits[Math.min(tries, waits.length - 1)], signal);
      }
    }
  } finally {
    recovered(address);
  }
}

/** Changes something. The answer's JSON, or null where there is none. */
export function post(path, body = {}, { signal, method = 'POST', patience = timeout } = {}) {
  const options = { method, signal, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  return once(url(path), options, 'json', patience);
}

export function remove(path) {
  return post(path, {}, { method: 'DELETE' });
}

async function once(address, options, as, patience = timeout) {
  const control = new AbortController();
  const stop = () => control.abort();
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, patience);
  try {
    const answer = await fetch(address, { ...options, signal: control.signal, credentials: 'same-origin', cache: 'no-cache' });
    setClock(answer.headers.get('Date'));
    if (!answer.ok) throw await refusal(answer);
    if (answer.status === 204) return null;
    return as === 'text' ? await answer.text() : await answer.json();
  } catch (failure) {
    if (failure instanceof Refused) throw failure;
    if (options.signal?.aborted) throw new DOMException('The view was left.', 'AbortError');
    if (failure.name === 'AbortError') throw new Unreachable(`No answer within ${patience / 1000} s.`);
    if (failure instanceof SyntaxError) throw new Unreachable('The answer was cut off.');
    throw new Unreachable('The node did not answer.');
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
  }
}

async function refusal(answer) {
  let problems = null;
  try {
    problems = (await answer.json()).problems;
  } catch {
    // A proxy's page, or nothing.
  }
  if (!Array.isArray(problems) || problems.length === 0) {
    problems = [{ place: null, sentence: `The node answered ${answer.status} ${answer.statusText}.` }];
  }
  const refused = new Refused(answer.status, problems);
  if (answer.status === 401) dispatchEvent(new CustomEvent('unauthorized'));
  return refused;
}

/** Whether trying again can help: a line that was cut, a service that is just starting. */
function passes(failure) {
  return failure instanceof Unreachable || (failure instanceof Refused && [429, 502, 503, 504].includes(failure.status));
}

/** Waits, less where the network comes back meanwhile. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener('online', end);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(new DOMException('The view was left.', 'AbortError'));
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener('online', end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
