// Times, said relative to now and, in the title, absolute. The node's clock counts, not this
// device's: a laptop that is five minutes late would show runs that began in the future.
import { h, setText } from './dom.js';
import { duration } from './format.js';

let ahead = 0;

/** Takes the clock of an answer's `Date` header over; it knows whole seconds only. */
export function setClock(date) {
  const difference = Date.parse(date) - Date.now();
  if (Number.isFinite(difference)) ahead = Math.abs(difference) < 2000 ? 0 : difference;
}

export function now() {
  return Date.now() + ahead;
}

export function absolute(iso, zone) {
  const options = { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' };
  return new Date(iso).toLocaleString(undefined, zone ? { ...options, timeZone: zone } : options);
}

/** Only the time of today, else the day too. */
export function clock(iso, zone) {
  const options = zone ? { timeZone: zone } : {};
  const date = new Date(iso);
  const day = date.toLocaleDateString(undefined, options);
  const time = date.toLocaleTimeString(undefined, { ...options, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return day === new Date(now()).toLocaleDateString(undefined, options)
    ? time
    : `${date.toLocaleDateString(undefined, { ...options, weekday: 'short', day: 'numeric', month: 'short' })} ${time}`;
}

function relative(iso) {
  const seconds = (now() - Date.parse(iso)) / 1000;
  if (Math.abs(seconds) < 3) return 'now';
  // One unit is enough of what is past; what is to come is waited for.
  return seconds > 0 ? `${duration(seconds).split(' ').slice(0, 2).join(' ')} ago` : `in ${duration(-seconds)}`;
}

function elapsed(iso) {
  return duration((now() - Date.parse(iso)) / 1000);
}

/** A `<time>` that goes on by itself; `how` is `ago` or `for`. */
export function timeNode(iso, how = 'ago') {
  if (!iso) return h('span', { class: 'faint' }, '—');
  const node = h('time', { datetime: iso, title: absolute(iso), dataset: { how } });
  tick(node);
  return node;
}

/** Changes what a holder shows only where the time is another. */
export function setTime(holder, iso, how = 'ago') {
  const shown = holder.firstElementChild;
  if (iso && shown?.getAttribute('datetime') === iso && shown.dataset.how === how) return;
  holder.replaceChildren(timeNode(iso, how));
}

function tick(node) {
  const iso = node.getAttribute('datetime');
  setText(node, node.dataset.how === 'for' ? elapsed(iso) : relative(iso));
}

setInterval(() => {
  if (!document.hidden) document.querySelectorAll('time[data-how]').forEach(tick);
}, 1000);
