// What runs now, what waits, what ran, and how the node is.
import { get } from '../api.js';
import { every, h, keyed, replace, setText } from '../dom.js';
import { bytes, figure, grouped, duration, percent } from '../format.js';
import { follow, readQueue, readRuns, readService } from '../live.js';
import { announce } from '../notices.js';
import { actions, bar, changeOf, fact, placeOf, runHref, setActions, setBar, setFact, setSparkline, shareOf, sparkline } from '../runparts.js';
import { badge, busy, setBadge, setTitle } from '../status.js';
import { setTime } from '../time.js';
import { entryItem, setEntry, waiting } from './queue.js';

// Runs that are chosen to be compared outlive the view: one looks at a run and comes back.
const chosen = new Set();

export async function mount(root, _, signal) {
  const running = h('div', { class: 'running', 'data-test': 'running' });
  const idle = h('div', { class: 'card idle', hidden: true, 'data-test': 'idle' },
    h('p', { class: 'big' }, 'Nothing runs'), h('p', { class: 'faint' }, 'The node is free. ', h('a', { href: '#/new' }, 'Start a run'), '.'));
  const queue = h('ol', { class: 'entries', 'data-test': 'queue-short' });
  const queueNote = h('p', { class: 'faint empty', hidden: true }, 'Nothing waits.');
  const node = h('dl', { class: 'facts column', id: 'node', 'data-test': 'node' });
  const runs = runTable();
  let rows = [];

  const columns = h('div', { class: 'columns loading', 'aria-busy': 'true' },
    h('div', { class: 'wide' },
      h('section', { 'aria-labelledby': 'running-title' }, h('h1', { id: 'running-title', class: 'unseen' }, 'Running now'), running, idle),
      runs.section),
    h('div', { class: 'narrow' },
      h('section', { class: 'card', 'aria-labelledby': 'queue-title' },
        h('h2', { id: 'queue-title' }, h('a', { href: '#/queue' }, 'Queue')), queue, queueNote),
      h('section', { class: 'card', 'aria-labelledby': 'node-title' }, h('h2', { id: 'node-title' }, 'Node'), node)));
  replace(root, columns);

  function show() {
    const now = rows.filter((run) => busy(run.status));
    keyed(running, now, (run) => run.id, (run) => runningCard(run, refresh, signal), (card, run) => card.show(run));
    idle.hidden = now.length > 0;
    runs.show(rows);
    const first = now[0];
    setTitle(first ? `${first.name} ${placeOf(first)}` : 'Idle', first ? first.status : null);
  }

  const parts = {
    runs: async () => {
      rows = await readRuns(signal);
      show();
    },
    queue: async () => {
      const entries = waiting(await readQueue(signal));
      keyed(queue, entries.slice(0, 8), (entry) => entry.number, entryItem, setEntry);
      queueNote.hidden = entries.length > 0;
    },
  };
  const refresh = () => Object.values(parts).forEach((part) => part().catch(() => null));

  follow(parts, (row) => {
    const before = rows.find(({ id }) => id === row.id);
    const said = changeOf(before, row);
    if (said) announce(said);
    rows = before ? rows.map((each) => (each === before ? { ...before, ...row } : each)) : [row, ...rows];
    show();
  }, signal);

  const readNode = () => readService(signal).then((service) => showNode(node, service));
  every(30_000, () => readNode().catch(() => null), signal);
  await Promise.all([parts.runs(), parts.queue(), readNode()]);
  columns.classList.remove('loading');
  columns.removeAttribute('aria-busy');
}

function runningCard(first, refresh, signal) {
  const state = badge(first.status, { 'data-test': 'run-state' });
  const name = h('a', { class: 'run-name', href: runHref(first.id) });
  const phase = h('p', { class: 'run-phase' });
  const progress = bar(`Progress of ${first.name}`);
  const step = fact('step', { 'data-test': 'step' });
  const loss = fact('loss', { 'data-test': 'loss' });
  const left = fact('time left');
  const since = fact('running for');
  const speed = fact('tokens/s');
  const buttons = actions(first.id, first.name, refresh);
  const spark = sparkline();
  const time = h('span');
  const message = h('p', { class: 'warning', hidden: true });
  const card = h('article', { class: 'card hero', 'data-run': first.id },
    h('header', {}, state, name, buttons), phase, progress,
    h('div', { class: 'hero-body' }, h('dl', { class: 'facts' }, step, loss, left, since, speed), spark), message);
  setFact(since, time);
  let run = first;

  // A row of a run doesn't have its figures: they are read aside, seldom.
  async function readFigures() {
    const detail = await get(`runs/${encodeURIComponent(run.id)}`, { signal });
    const current = detail.phase_list.find((each) => each.name === run.phase);
    if (!current) return;
    if (run.loss === undefined) setFact(loss, figure(current.figures?.loss));
    if (run.tokens_per_second === undefined) setFact(speed, grouped(Math.round(current.figures?.tokens_per_second ?? NaN) || null));
    const { rows } = await get(`runs/${encodeURIComponent(run.id)}/metrics`, { query: { phase: current.index, after: 0, points: 200 }, signal });
    setSparkline(spark, rows.map((row) => row.loss));
  }
  readFigures().catch(() => null);
  every(8000, () => card.isConnected && readFigures().catch(() => null), signal);

  card.show = (next) => {
    run = next;
    setBadge(state, run.status);
    setText(name, run.name);
    setText(phase, run.phases ? `phase ${Math.min((run.finished_phases ?? 0) + 1, run.phases)} of ${run.phases}${run.phase ? ` · ${run.phase}` : ''}${run.activity ? ` · ${run.activity}` : ''}` : 'starting');
    setBar(progress, shareOf(run));
    setFact(step, run.total_steps ? `${grouped(run.step ?? 0)}/${grouped(run.total_steps)}` : '—');
    if (run.loss !== undefined) setFact(loss, figure(run.loss));
    if (run.tokens_per_second !== undefined) setFact(speed, run.tokens_per_second === null ? '—' : grouped(Math.round(run.tokens_per_second)));
    setFact(left, duration(run.seconds_left));
    setTime(time, run.started, 'for');
    setActions(buttons, run);
    message.hidden = !run.message;
    setText(message, run.message);
  };
  return card;
}

function runTable() {
  const body = h('tbody', { 'data-test': 'runs' });
  const compare = h('button', { type: 'button', class: 'button', 'data-test': 'compare', disabled: true }, 'Compare two');
  const more = h('button', { type: 'button', class: 'button quiet small', hidden: true, 'data-test': 'all-runs' });
  const empty = h('p', { class: 'faint empty', hidden: true }, 'No run yet.');
  let all = false;
  let last = [];
  const section = h('section', { class: 'card', 'aria-labelledby': 'runs-title' },
    h('header', { class: 'row' }, h('h2', { id: 'runs-title' }, 'Runs'), compare),
    h('table', { class: 'runs' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Compare')), h('th', { scope: 'col' }, 'Run'), h('th', { scope: 'col' }, 'State'), h('th', { scope: 'col' }, 'Where'), h('th', { scope: 'col' }, 'Changed'))),
      body), empty, more);

  function setCompare() {
    const ready = chosen.size === 2;
    compare.disabled = !ready;
    setText(compare, ready ? 'Compare' : chosen.size === 1 ? 'Choose one more' : 'Compare two');
    for (const box of body.querySelectorAll('input')) box.disabled = ready && !box.checked;
  }

  function create(run) {
    const box = h('input', { type: 'checkbox', 'aria-label': `Compare ${run.name}`, 'data-test': `compare-${run.id}` });
    box.checked = chosen.has(run.id);
    box.addEventListener('change', () => {
      if (box.checked) chosen.add(run.id);
      else chosen.delete(run.id);
      setCompare();
    });
    return h('tr', { 'data-run': run.id },
      h('td', { class: 'check' }, h('label', {}, box)),
      h('td', { class: 'name' }, h('a', { href: runHref(run.id), title: run.folder, 'data-test': `run-${run.id}` })),
      h('td', { class: 'where-state' }, badge(run.status)), h('td', { class: 'where' }), h('td', { class: 'when' }));
  }

  function update(row, run) {
    const [, name, state, where, when] = row.children;
    setText(name.firstChild, run.name);
    setBadge(state.firstChild, run.status);
    setText(where, ['failed', 'interrupted'].includes(run.status) && run.message ? run.message : placeOf(run));
    where.title = where.textContent;
    setTime(when, run.updated ?? run.started);
  }

  compare.addEventListener('click', () => (location.hash = `#/compare/${[...chosen].map(encodeURIComponent).join('/')}`));
  more.addEventListener('click', () => {
    all = true;
    show(last);
  });

  function show(rows) {
    last = rows;
    const shown = all ? rows : rows.slice(0, 15);
    keyed(body, shown, (run) => run.id, create, update);
    for (const id of [...chosen]) if (!rows.some((run) => run.id === id)) chosen.delete(id);
    empty.hidden = rows.length > 0;
    more.hidden = shown.length === rows.length;
    setText(more, `All ${rows.length} runs`);
    setCompare();
  }

  return { section, show };
}

function showNode(list, service) {
  const { disk } = service;
  const used = disk?.total_bytes ? 1 - disk.free_bytes / disk.total_bytes : null;
  const entries = [
    ['Devices', service.devices?.length ? service.devices.map(deviceText).join(', ') : '—'],
    ['Disk', disk ? `${bytes(disk.free_bytes)} free of ${bytes(disk.total_bytes)}` : '—', used],
    ['Folder', service.folder],
    ['Database', { h2: 'H2', postgresql: 'PostgreSQL' }[service.database] ?? service.database],
    ['Version', service.version],
    ['Up for', null, undefined, service.started],
  ];
  keyed(list, entries, ([label]) => label, ([label, , share]) => h('div', { class: 'fact' }, h('dt', {}, label), h('dd'), share === undefined || share === null ? null : bar('Disk in use')),
    (item, [label, value, share, started]) => {
      if (started) setTime(item.children[1], started, 'for');
      else setText(item.children[1], value);
      item.children[1].title = value ?? '';
      if (item.children[2] && share !== null) {
        setBar(item.children[2], share);
        item.children[2].classList.toggle('full', share > 0.92);
        item.children[2].title = `${percent(share)} in use`;
      }
      item.dataset.fact = label;
    });
}

/** A device is a text, or has a name and memory. */
export function deviceText(device) {
  return typeof device === 'string' ? device : [device.id ?? device.device, device.name, device.total_bytes ? bytes(device.total_bytes) : null].filter(Boolean).join(' ');
}
