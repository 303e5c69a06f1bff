// A stream of server-sent events that outlives a lost network. The browser's own way of
// reconnecting gives up for good after an answer that isn't a stream (a proxy's 502, a restart), so
// this one makes a new EventSource each time and tells the node by `last_event_id` where it was.
import { streamState } from './connection.js';
import { get, url } from './api.js';

const waits = [0.5, 1, 2, 4, 8, 15];
// The node sends a ping each 15 s; a phone that changed its network gets no error, only silence.
const silence = 40_000;

/**
 * Listens until `signal` aborts. `handlers` by the type of event take its data; `opened(again)` is
 * called each time the line stands: where `again`, what was missed has to be read.
 */
export function listen(path, handlers, { signal, opened = () => {} }) {
  let source = null;
  let lastId = null;
  let failures = 0;
  let before = false;
  let retry = null;
  let watchdog = null;

  function open() {
    clearTimeout(retry);
    retry = null;
    source?.close();
    source = new EventSource(url(path, { last_event_id: lastId }));
    const mine = source;
    mine.addEventListener('open', () => {
      failures = 0;
      streamState('live');
      opened(before);
      before = true;
    });
    mine.addEventListener('error', () => mine === source && lost());
    mine.addEventListener('ping', watch);
    for (const [type, handler] of Object.entries(handlers)) {
      mine.addEventListener(type, (event) => {
        if (event.lastEventId) lastId = event.lastEventId;
        if (watchdog) watch();
        handler(JSON.parse(event.data));
      });
    }
  }

  function lost() {
    source?.close();
    source = null;
    clearTimeout(watchdog);
    watchdog = null;
    // The first attempt after a cut mostly succeeds at once; saying so would only flicker.
    if (failures > 0 || !before) streamState(before ? 'reconnecting' : 'connecting');
    else setTimeout(() => source?.readyState !== EventSource.OPEN && !signal.aborted && streamState('reconnecting'), 900);
    if (failures > 1) streamState('reconnecting');
    // A stream doesn't say why it failed; a request does, and leads to the login where that is why.
    if (failures === 1) get('service', { signal }).catch(() => null);
    const wait = waits[Math.min(failures++, waits.length - 1)];
    // Not all pages of a team at the same moment, after the service was restarted.
    retry = setTimeout(open, 1000 * wait * (0.75 + Math.random() / 2));
  }

  function watch() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, silence);
  }

  function rest() {
    clearTimeout(retry);
    retry = null;
    clearTimeout(watchdog);
    watchdog = null;
    source?.close();
    source = null;
  }

  function hurry() {
    if (retry !== null && !document.hidden) open();
  }

  addEventListener('online', hurry, { signal });
  addEventListener('offline', () => source && lost(), { signal });
  document.addEventListener('visibilitychange', hurry, { signal });
  // A page that is left is kept for the way back, and with it a line to the node: six of them, which
  // is as many as a browser has for one address, and the next page waits a minute for its first word.
  addEventListener('pagehide', rest, { signal });
  addEventListener('pageshow', (event) => event.persisted && open(), { signal });
  signal.addEventListener('abort', rest);
  streamState('connecting');
  open();
}
