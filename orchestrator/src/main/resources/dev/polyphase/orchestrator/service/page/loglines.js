// The lines of log.jsonl: follows the tail unless scrolled, filtered by level and text.
import { get } from './api.js';
import { button, frame, h, setText } from './dom.js';
import { absolute } from './time.js';

const kept = 5000;
const shown = 800;
// Taking the first away moves all others, so it is done for many at once.
const tooMany = shown + 200;
const levels = ['info', 'warn', 'error'];

export class LogLines {
  constructor(id, signal) {
    this.path = `runs/${encodeURIComponent(id)}/log`;
    this.signal = signal;
    this.next = 0;
    this.lines = [];
    this.fresh = [];
    this.following = true;
    this.missed = 0;
    this.filter = h('input', { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter lines of the log', 'data-test': 'log-filter', spellcheck: 'false' });
    this.level = h('select', { 'aria-label': 'Level from', 'data-test': 'log-level' },
      h('option', { value: '0' }, 'all levels'), h('option', { value: '1' }, 'warnings and errors'), h('option', { value: '2' }, 'errors'));
    this.down = button('', () => this.toTail(), { class: 'button small down', hidden: true, 'data-test': 'log-tail' });
    this.list = h('ol', { class: 'log', tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': 'Log', 'data-test': 'log' });
    this.element = h('div', { class: 'log-frame' }, h('div', { class: 'tools' }, this.filter, this.level), this.list, this.down);
    this.filter.addEventListener('input', () => frame(this, () => this.showAll()));
    this.level.addEventListener('change', () => this.showAll());
    // Lines that nobody sees, below the screen or in a tab that is not open, wait.
    this.inSight = false;
    const sight = new IntersectionObserver((entries) => {
      this.inSight = entries[entries.length - 1].isIntersecting;
      if (this.inSight) frame(this.list, () => this.showFresh());
    }, { rootMargin: '30% 0px' });
    sight.observe(this.list);
    signal.addEventListener('abort', () => sight.disconnect());
    this.list.addEventListener('scroll', () => {
      this.following = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 24;
      if (this.following) this.said(0);
    }, { passive: true });
  }

  /** Reads what the node has beyond what is known. */
  catchUp() {
    if (!this.reading) this.reading = this.readOn().finally(() => (this.reading = null));
    return this.reading;
  }

  async readOn() {
    for (;;) {
      const query = this.next === 0 ? { tail: shown, limit: 2000, after: null } : { after: this.next, limit: 2000 };
      const answer = await get(this.path, { query, signal: this.signal });
      const went = answer.next > this.next;
      if (answer.next < this.next) this.clear();
      this.add(answer.lines, answer.next);
      if (!went || answer.lines.length < 2000) return;
    }
  }

  /** Takes a `lines` event. */
  take({ lines, next, from }) {
    if (this.reading) this.reading.then(() => this.next < next && this.catchUp()).catch(() => null);
    else if (from === 0 && this.next > 0) {
      // The file was begun anew and is sent as a whole.
      this.clear();
      this.add(lines, next);
    } else if (next > this.next && (from === undefined || from === this.next)) this.add(lines, next);
    else if (next !== this.next) this.catchUp().catch(() => null);
  }

  clear() {
    this.lines = [];
    this.fresh = [];
    this.list.replaceChildren();
  }

  add(lines, next) {
    this.next = next;
    if (lines.length === 0) return;
    this.lines.push(...lines);
    if (this.lines.length > kept) this.lines.splice(0, this.lines.length - kept);
    this.fresh = [...this.fresh, ...lines].slice(-shown);
    if (this.inSight) frame(this.list, () => this.showFresh());
  }

  passes(line) {
    const text = this.filter.value.trim().toLowerCase();
    if (levels.indexOf(line.level) < Number(this.level.value)) return false;
    return !text || `${line.phase ?? ''} ${line.event ?? ''} ${sentence(line)}`.toLowerCase().includes(text);
  }

  showFresh() {
    const lines = this.fresh.filter((line) => this.passes(line)).slice(-shown);
    this.fresh = [];
    if (lines.length === 0) return;
    this.list.append(...lines.map(item));
    if (this.list.childElementCount > tooMany) {
      while (this.list.childElementCount > shown) this.list.firstElementChild.remove();
    }
    if (this.following) this.list.scrollTop = this.list.scrollHeight;
    else this.said(this.missed + lines.length);
  }

  showAll() {
    this.fresh = [];
    this.list.replaceChildren(...this.lines.filter((line) => this.passes(line)).slice(-shown).map(item));
    this.toTail();
  }

  toTail() {
    this.following = true;
    this.list.scrollTop = this.list.scrollHeight;
    this.said(0);
  }

  said(missed) {
    this.missed = missed;
    this.down.hidden = missed === 0;
    setText(this.down, `${missed} new ↓`);
  }
}

/** What a line says; a line of figures alone says its event and these. */
function sentence(line) {
  if (line.message) return line.message;
  const figures = Object.entries(line)
    .filter(([name, value]) => !['time', 'level', 'run', 'phase', 'step', 'event', 'message'].includes(name) && typeof value !== 'object')
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(5)) : value}`);
  return [String(line.event ?? '').replaceAll('_', ' '), ...figures].join(' · ');
}

function item(line) {
  const time = line.time ? new Date(line.time).toLocaleTimeString(undefined, { hourCycle: 'h23' }) : '';
  return h('li', { dataset: { level: line.level ?? 'info' } },
    h('time', { datetime: line.time, title: line.time ? absolute(line.time) : null }, time),
    line.level && line.level !== 'info' ? h('b', { class: 'level' }, line.level === 'warn' ? 'warning' : line.level) : null,
    line.phase ? h('span', { class: 'of' }, line.step === undefined || line.step === null ? line.phase : `${line.phase} ${line.step}`) : null,
    h('span', { class: 'says' }, sentence(line)));
}
