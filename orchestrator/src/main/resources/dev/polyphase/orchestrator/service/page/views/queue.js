// The queue: what waits and why, what runs, what ended.
import { post } from '../api.js';
import { button, h, keyed, replace, setAttr, setText } from '../dom.js';
import { count } from '../format.js';
import { follow, readQueue } from '../live.js';
import { attempt } from '../notices.js';
import { runHref } from '../runparts.js';
import { badge, busy, setBadge, setTitle } from '../status.js';
import { clock, setTime } from '../time.js';

const verbs = {
  cancel: ['Cancel', 'is taken out of the queue.'],
  stop: ['Stop', 'stops after this step; its state is saved.'],
  resume: ['Resume', 'is in the queue again.'],
};

/** Of all entries those that run or wait, in the order in which they begin. */
export function waiting(entries) {
  return entries
    .filter(({ state }) => busy(state) || state === 'waiting')
    .sort((one, other) => Number(busy(other.state)) - Number(busy(one.state)) || other.priority - one.priority || one.number - other.number);
}

/** Why a queued run waits, or how it ended. */
export function reason(entry) {
  const parts = [];
  if (entry.state === 'waiting') {
    if (entry.not_before && Date.parse(entry.not_before) > Date.now()) parts.push(`tried again at ${clock(entry.not_before)}`);
    if (entry.after) parts.push(`after #${entry.after}`);
  }
  if (entry.message) parts.push(entry.message);
  if (parts.length === 0 && entry.state === 'waiting') parts.push(entry.device ? `for ${entry.device}` : 'for a free device');
  if (entry.attempts > 1) parts.push(`attempt ${entry.attempts}`);
  return parts.join(' · ');
}

/** An entry in the short list of the first view. */
export function entryItem(entry) {
  return h('li', { class: 'entry', 'data-entry': entry.number }, badge(entry.state), h('a', { class: 'entry-name' }), h('span', { class: 'faint entry-why' }));
}

export function setEntry(item, entry) {
  const [state, name, why] = item.children;
  setBadge(state, entry.state);
  setText(name, entry.name);
  setAttr(name, 'href', entry.run_id ? runHref(entry.run_id) : '#/queue');
  setText(why, [`#${entry.number}`, entry.priority ? `priority ${entry.priority}` : null, busy(entry.state) ? entry.device : reason(entry)].filter(Boolean).join(' · '));
}

export async function mount(root, _, signal) {
  setTitle('Queue', null);
  const open = h('ol', { class: 'queue-list', 'data-test': 'queue' });
  const done = h('ol', { class: 'queue-list', 'data-test': 'queue-done' });
  const none = h('p', { class: 'faint empty', hidden: true }, 'Nothing waits and nothing runs. ', h('a', { href: '#/new' }, 'Start a run'), '.');
  const ended = h('details', { class: 'card' }, h('summary', {}, 'Ended'), done);
  ended.open = true;
  replace(root,
    h('header', { class: 'row view-head' }, h('h1', {}, 'Queue'), h('a', { class: 'button strong', href: '#/new', 'data-test': 'new-run' }, 'New run')),
    h('section', { class: 'card', 'aria-label': 'Waiting and running' }, open, none), ended);

  async function read() {
    const entries = await readQueue(signal);
    const live = waiting(entries);
    const rest = entries.filter((entry) => !live.includes(entry)).sort((one, other) => other.number - one.number);
    const create = (entry) => queueItem(entry, () => read().catch(() => null));
    keyed(open, live, (entry) => entry.number, create, setItem);
    keyed(done, rest.slice(0, 100), (entry) => entry.number, create, setItem);
    none.hidden = live.length > 0;
    setText(ended.firstChild, `Ended (${rest.length})`);
    ended.hidden = rest.length === 0;
    setTitle(`Queue: ${count(live.filter(({ state }) => state === 'waiting').length, 'run')} waiting`, live.some(({ state }) => busy(state)) ? 'running' : null);
  }

  follow({ queue: read }, null, signal);
  await read();
}

function queueItem(entry, changed) {
  const act = (verb) => button(verbs[verb][0], async () => {
    const answer = await attempt(() => post(`queue/${entry.number}/${verb}`), `${entry.name} ${verbs[verb][1]}`);
    if (answer !== null) changed();
  }, { class: 'button small', 'data-test': `queue-${verb}-${entry.number}`, 'aria-label': `${verbs[verb][0]} ${entry.name}, number ${entry.number}` });
  return h('li', { class: 'queue-item', 'data-entry': entry.number },
    h('span', { class: 'number' }, `#${entry.number}`),
    badge(entry.state),
    h('a', { class: 'entry-name' }),
    h('span', { class: 'faint details' }),
    h('span', { class: 'faint when' }),
    h('div', { class: 'actions' }, act('cancel'), act('stop'), act('resume')),
    h('p', { class: 'why' }));
}

function setItem(item, entry) {
  const [, state, name, details, when, buttons, why] = item.children;
  setBadge(state, entry.state);
  setText(name, entry.name);
  setAttr(name, 'href', entry.run_id ? runHref(entry.run_id) : null);
  setText(details, [entry.priority ? `priority ${entry.priority}` : null, entry.device].filter(Boolean).join(' · '));
  details.title = entry.pipeline ?? '';
  setTime(when, entry.ended ?? entry.started ?? entry.submitted);
  const [cancel, stop, resume] = buttons.children;
  cancel.hidden = entry.state !== 'waiting';
  stop.hidden = entry.state !== 'running';
  resume.hidden = !['stopped', 'failed', 'cancelled'].includes(entry.state);
  setText(why, busy(entry.state) || entry.state === 'finished' ? entry.message : reason(entry));
  why.hidden = why.textContent === '';
}
