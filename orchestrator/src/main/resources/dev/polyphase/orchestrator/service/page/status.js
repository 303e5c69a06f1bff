// The states of runs, phases and queued runs: a word, a glyph beside the colour, a favicon.
import { h, setText } from './dom.js';

const states = {
  waiting: ['waiting', '○', 'waiting'],
  pending: ['not begun', '○', 'waiting'],
  begun: ['begun', '●', 'running'],
  running: ['running', '●', 'running'],
  stopping: ['stopping', '◐', 'stopped'],
  interrupted: ['interrupted', '■', 'stopped'],
  stopped: ['stopped', '■', 'stopped'],
  finished: ['finished', '✓', 'finished'],
  failed: ['failed', '✕', 'failed'],
  cancelled: ['cancelled', '–', 'waiting'],
  unknown: ['unknown', '?', 'waiting'],
};

function known(state) {
  return states[state] ?? states.unknown;
}

export function word(state) {
  return known(state)[0];
}

/** The colour's name of a state, also that of its icon. */
export function tone(state) {
  return known(state)[2];
}

export function badge(state, props = {}) {
  const node = h('span', { ...props, class: 'state' }, h('i', { 'aria-hidden': 'true' }), h('b'));
  setBadge(node, state);
  return node;
}

export function setBadge(node, state) {
  node.dataset.state = state;
  node.dataset.tone = tone(state);
  setText(node.firstChild, known(state)[1]);
  setText(node.lastChild, known(state)[0]);
}

/** Whether a process works on it. */
export function busy(state) {
  return state === 'running' || state === 'stopping';
}

/** Says the state of what is looked at in the document's title and icon. */
export function setTitle(text, state) {
  const title = text ? `${text} · Polyphase` : 'Polyphase';
  if (document.title !== title) document.title = title;
  const icon = document.getElementById('favicon');
  const href = `assets/icons/${state ? tone(state) : 'idle'}.svg`;
  if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}
