// What the head of the page says of the line to the node: live, connecting, reconnecting, offline.
// Streams and requests that are tried again report here; the worst of them is shown.
import { setText } from './dom.js';
import { duration } from './format.js';

const troubles = new Map();
let stream = 'connecting';
let lostAt = null;
let timer = null;

/** The state of the stream of events: `connecting`, `live` or `reconnecting`. */
export function streamState(state) {
  stream = state;
  show();
}

/** A request that failed and is tried again, until `recovered` with the same key. */
export function trouble(key, sentence) {
  troubles.set(key, sentence);
  show();
}

export function recovered(key) {
  if (troubles.delete(key)) show();
}

function state() {
  if (!navigator.onLine) return 'offline';
  return stream === 'live' && troubles.size > 0 ? 'reconnecting' : stream;
}

function show() {
  const pill = document.getElementById('connection');
  const banner = document.getElementById('banner');
  const current = state();
  const lost = current === 'reconnecting' || current === 'offline';
  const words = { live: 'live', connecting: 'connecting…', reconnecting: 'reconnecting…', offline: 'offline' };
  pill.dataset.state = current;
  setText(pill.lastElementChild, words[current]);
  if (lost && lostAt === null) {
    lostAt = Date.now();
    timer = setInterval(show, 1000);
  } else if (!lost && lostAt !== null) {
    lostAt = null;
    clearInterval(timer);
  }
  // A short cut is no news; the pill says it.
  const seconds = lost ? (Date.now() - lostAt) / 1000 : 0;
  banner.hidden = seconds < 4;
  if (!banner.hidden) {
    const why = troubles.values().next().value;
    setText(
      banner,
      `${current === 'offline' ? 'This device is offline' : 'The node can’t be reached'}; it is tried again by itself. `
        + `What you see is ${duration(seconds)} old.${why ? ` (${why})` : ''}`);
  }
}

addEventListener('online', show);
addEventListener('offline', show);
