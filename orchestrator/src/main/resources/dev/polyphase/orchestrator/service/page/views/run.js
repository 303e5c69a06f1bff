// One run: where it is, its phases, the figure, the curves, and all that was written of it.
import { get } from '../api.js';
import { CurveBoard } from '../curves.js';
import { every, frame, h, keyed, replace, setText } from '../dom.js';
import { listen } from '../events.js';
import { Figure } from '../figure.js';
import { duration, figure, grouped } from '../format.js';
import { readRuns } from '../live.js';
import { LogLines } from '../loglines.js';
import { Metrics } from '../metrics.js';
import { announce } from '../notices.js';
import { actions, bar, changeOf, fact, phaseStrip, placeOf, setActions, setBar, setFact, setPhases, shareOf } from '../runparts.js';
import { badge, busy, setBadge, setTitle } from '../status.js';
import { setTime } from '../time.js';
import { runDetails } from './run-details.js';

export async function mount(root, [id], signal) {
  const path = `runs/${encodeURIComponent(id)}`;
  const read = () => get(path, { signal });
  // The run is read first: of one that isn't there no stream has to be opened.
  let run = await read();

  const metrics = new Metrics((phase, query) => get(`${path}/metrics`, { query: { phase, ...query }, signal }), () => board.drawSoon());
  const board = new CurveBoard([{ label: run.name, metrics }], signal);
  const picture = new Figure(id, run.name, signal);
  const log = new LogLines(id, signal);
  const head = runHead(id, run, () => refresh());
  const strip = phaseStrip((index) => {
    board.select(String(index));
    curves.scrollIntoView({ block: 'start' });
  });
  const warnings = h('ul', { class: 'warnings', 'data-test': 'warnings' });
  const details = runDetails(id, log, signal);
  const curves = h('section', { class: 'card', 'aria-labelledby': 'curves-title' }, h('h2', { id: 'curves-title' }, 'Curves'), board.element);

  replace(root,
    head.element, strip, warnings,
    h('section', { class: 'card', 'aria-labelledby': 'figure-title' }, h('h2', { id: 'figure-title' }, 'Trained and frozen'), picture.element),
    curves, details.element);

  function show() {
    head.show(run);
    strip.hidden = run.phase_list.length === 0;
    setPhases(strip, run.phase_list.map((phase) => (phase.name === run.phase && busy(run.status) ? { ...phase, activity: run.activity } : phase)));
    showWarnings(warnings, run);
    board.setPhases(run.phase_list);
    details.show(run);
  }

  /** Shows with the next picture, together with the rows and lines that come at the same moment. */
  function showSoon() {
    // The title alone can be seen of a tab in the background.
    setTitle(busy(run.status) ? `${run.name} ${placeOf(run)}` : `${run.name} ${run.status}`, run.status);
    frame(root, () => !signal.aborted && show());
  }

  async function refresh() {
    const next = await read();
    // A service that has just come back may not have read the run's folder yet.
    if (next.phase_list.length === 0) next.phase_list = run.phase_list;
    run = next;
    showSoon();
  }

  /** All that the stream would have sent, read at once; what is known already is left out. */
  const catchUp = () => Promise.all([
    ...run.phase_list.filter(({ status }) => !['pending', 'waiting'].includes(status)).map(({ index }) => metrics.catchUp(index)),
    log.catchUp(),
  ]);

  showSoon();
  // Where nothing has begun there is no figure yet; the stream says when there is.
  if (run.phase_list.some(({ status }) => !['pending', 'waiting'].includes(status))) picture.show(null);
  listen(`${path}/events`, {
    state: (row) => {
      const said = changeOf(run, row);
      const other = run.status !== row.status || run.phase !== row.phase || run.finished_phases !== row.finished_phases;
      if (said) announce(said);
      run = { ...run, ...row, phase_list: row.phase_list ?? run.phase_list.map((phase) => (phase.name === row.phase ? { ...phase, step: row.step ?? phase.step, total_steps: row.total_steps ?? phase.total_steps } : phase)) };
      showSoon();
      // A phase's warnings, selection and held-out figures are known at its ends only.
      if (other) refresh().catch(() => null);
    },
    rows: (event) => metrics.take(event),
    lines: (event) => log.take(event),
    figure: ({ etag }) => picture.show(etag),
  }, {
    signal,
    // What came between reading and the stream's beginning is read when it stands.
    opened: (again) => (again ? refresh() : Promise.resolve()).then(catchUp).catch(() => null),
  });
  every(30_000, () => busy(run.status) && refresh().catch(() => null), signal);
  every(2000, () => busy(run.status) && run.phase_list.length === 0 && refresh().then(catchUp).catch(() => null), signal);
  await catchUp();
}

function runHead(id, first, changed) {
  const state = badge(first.status, { id: 'run-state', 'data-test': 'run-state' });
  const name = h('h1', { id: 'run-name' });
  const buttons = actions(id, first.name, changed);
  const compare = compareMenu(id);
  const message = h('p', { class: 'message', hidden: true, 'data-test': 'message' });
  const progress = bar('Progress of the phase');
  const where = fact('now', { 'data-test': 'where' });
  const step = fact('step', { 'data-test': 'step' });
  const loss = fact('loss', { 'data-test': 'loss' });
  const queued = fact('in the queue');
  const left = fact('time left');
  const started = fact('started');
  const lasted = fact('updated');
  const startedTime = h('span');
  const updatedTime = h('span');
  const folder = h('p', { class: 'faint folder' });
  setFact(started, startedTime);
  setFact(lasted, updatedTime);

  function show(run) {
    setBadge(state, run.status);
    setText(name, run.name);
    setActions(buttons, run);
    setText(message, run.message);
    message.hidden = !run.message;
    message.dataset.tone = run.status;
    const current = run.phase_list.find((phase) => phase.name === run.phase);
    where.hidden = step.hidden = loss.hidden = run.phase_list.length === 0;
    queued.hidden = run.status !== 'waiting' || !run.queue_number;
    setFact(queued, `number ${run.queue_number}`);
    setFact(where, placeOf({ ...run, activity: null, total_steps: null }) + (run.activity ? ` · ${run.activity}` : '') || '—');
    // A run that rests has no step of its own, its phase has.
    const { step: at, total_steps: total } = run.total_steps ? run : current ?? run;
    setFact(step, total ? `${grouped(at ?? 0)}/${grouped(total)}` : '—');
    setFact(loss, figure(run.loss ?? current?.figures?.loss));
    left.hidden = !busy(run.status);
    setFact(left, duration(run.seconds_left));
    setTime(startedTime, run.started);
    setTime(updatedTime, run.updated);
    progress.hidden = !busy(run.status);
    setBar(progress, shareOf(run));
    setText(folder, run.folder);
  }

  const element = h('header', { class: 'card run-head', 'data-run': id },
    h('div', { class: 'run-title' }, name, state, h('div', { class: 'run-buttons' }, buttons, compare)),
    message, h('dl', { class: 'facts' }, queued, where, step, loss, left, started, lasted), progress, folder);
  return { element, show };
}

/** A menu of the other runs; choosing one compares. */
function compareMenu(id) {
  const menu = h('select', { class: 'compare-menu', 'aria-label': 'Compare with another run', 'data-test': 'compare-with' }, h('option', { value: '' }, 'Compare with…'));
  const fill = async () => {
    menu.removeEventListener('focus', fill);
    menu.removeEventListener('pointerdown', fill);
    const rows = (await readRuns()).filter((run) => run.id !== id);
    menu.append(...rows.slice(0, 100).map((run) => h('option', { value: run.id }, run.name)));
  };
  menu.addEventListener('focus', fill);
  menu.addEventListener('pointerdown', fill);
  menu.addEventListener('change', () => {
    if (menu.value) location.hash = `#/compare/${encodeURIComponent(id)}/${encodeURIComponent(menu.value)}`;
  });
  return menu;
}

function showWarnings(list, run) {
  const all = [
    ...(run.warnings ?? []).map((text) => ['', text]),
    ...run.phase_list.flatMap((phase) => (phase.warnings ?? []).map((text) => [phase.name, text])),
  ];
  const seen = new Set();
  const items = all.filter(([, text]) => !seen.has(text) && seen.add(text));
  keyed(list, items, ([place, text]) => `${place} ${text}`, ([place, text]) => h('li', { class: 'warning' }, place ? h('b', {}, place) : null, place ? ' ' : null, text), () => {});
  list.hidden = items.length === 0;
}
