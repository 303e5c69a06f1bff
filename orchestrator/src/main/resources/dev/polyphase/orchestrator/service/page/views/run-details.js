// What is below a run's curves: log, console, held-out figures, what each phase is to do, settings.
import { get, post } from '../api.js';
import { button, every, h, replace, replaceOther, setText } from '../dom.js';
import { amount, duration, figure, grouped } from '../format.js';
import { readQueue } from '../live.js';
import { attempt, problemList, toast } from '../notices.js';
import { planTable } from '../plantable.js';
import { busy, word } from '../status.js';
import { tabs } from '../tabs.js';

export function runDetails(id, log, signal) {
  const path = `runs/${encodeURIComponent(id)}`;
  const console = consoleText(path, signal);
  const heldOut = h('div', { class: 'scroll' });
  const plan = planPart(path, signal);
  const settings = settingsPart(path, signal);
  const element = h('section', { class: 'card', 'aria-label': 'Details' },
    tabs('Details of the run', [
      { id: 'log', text: 'Log', panel: log.element },
      { id: 'console', text: 'Console', panel: console.element, opened: console.read },
      { id: 'held-out', text: 'Held out', panel: heldOut },
      { id: 'plan', text: 'Plan', panel: plan.element },
      { id: 'settings', text: 'Settings', panel: settings.element, opened: settings.read },
    ]));

  function show(run) {
    console.live = busy(run.status);
    const measured = run.phase_list.map(({ name, held_out: each }) => [name, each]);
    replaceOther(heldOut, measured, () => heldOutTable(run.phase_list));
    plan.show(run);
    settings.show(run);
  }
  return { element, show };
}

/** What the process wrote to its terminal; read while it is looked at. */
function consoleText(path, signal) {
  const text = h('pre', { class: 'console', tabindex: '0', role: 'region', 'aria-label': 'Console of the run', 'data-test': 'console' });
  const part = { element: text, live: false, read };
  let reading = false;

  async function read() {
    if (reading) return;
    reading = true;
    try {
      const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 24;
      setText(text, (await get(`${path}/console`, { signal, as: 'text' })) || 'Nothing was written.');
      if (follows) text.scrollTop = text.scrollHeight;
    } catch (failure) {
      if (failure.status === 404) setText(text, 'This run has no console of its own: it was not started from the queue.');
    } finally {
      reading = false;
    }
  }
  every(3000, () => part.live && text.offsetParent !== null && read(), signal);
  return part;
}

function heldOutTable(phases) {
  const rows = phases.flatMap((phase) => (phase.held_out ?? []).map((each) => [phase.name, each]));
  if (rows.length === 0) return h('p', { class: 'faint empty' }, 'Nothing was measured on held-out rows yet.');
  return h('table', { class: 'plain', 'data-test': 'held-out' },
    h('thead', {}, h('tr', {}, ['phase', 'figure', 'before', 'after', 'change'].map((text, at) => h('th', { scope: 'col', class: at > 1 ? 'number' : null }, text)))),
    h('tbody', {}, rows.map(([phase, { name, before, after }], at) =>
      h('tr', {},
        h('th', { scope: 'row' }, at > 0 && rows[at - 1][0] === phase ? '' : phase), h('td', {}, name),
        h('td', { class: 'number' }, figure(before)), h('td', { class: 'number' }, figure(after)),
        h('td', { class: 'number' }, typeof before === 'number' && typeof after === 'number' ? `${after > before ? '+' : ''}${figure(after - before)}` : '')))));
}

/** What the phases are to do and did; the plan itself is made anew on demand, as a run doesn't keep it. */
function planPart(path, signal) {
  const table = h('div', { class: 'scroll' });
  const result = h('div', { 'aria-live': 'polite' });
  let number = null;
  const make = button('Make the plan', async () => {
    replace(result, h('p', { class: 'faint' }, 'Planning: all checks of a run are made, and nothing is trained…'));
    try {
      const folder = await folderOf(number, signal);
      if (!folder) {
        replace(result, h('p', { class: 'faint' }, 'This run was not started from the queue: what relative paths in its pipeline start from is not known here. polyphase plan makes its plan on the node.'));
        return;
      }
      const yaml = await get(`${path}/pipeline`, { signal, as: 'text' });
      replace(result, planTable(await post('plan', { yaml, folder, set: [] }, { signal, patience: 600_000 })));
    } catch (failure) {
      replace(result, failure.problems ? problemList(failure.problems) : h('p', { class: 'problem' }, failure.message));
    }
  }, { class: 'button small', 'data-test': 'run-plan' });
  const rows = [
    ['type', (phase) => phase.type],
    ['state', (phase) => word(phase.status)],
    ['trains', (phase) => phase.targeting],
    ['trained values', (phase) => phase.trained_values && amount(phase.trained_values)],
    ['steps', (phase) => (phase.total_steps ? grouped(phase.total_steps) : phase.step && grouped(phase.step))],
    ['tokens', (phase) => phase.tokens && amount(phase.tokens)],
    ['time', (phase) => phase.seconds && duration(phase.seconds)],
  ];
  return {
    element: h('div', {}, table, h('div', { class: 'tools' }, make), result),
    show({ phase_list: phases, queue_number: queued }) {
      number = queued;
      const names = phases.map(({ name }) => name);
      const cells = rows.map(([, cell]) => phases.map((phase) => cell(phase) || '–'));
      replaceOther(table, [names, cells], () => h('table', { class: 'plan' },
        h('thead', {}, h('tr', {}, h('td'), names.map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, rows.map(([label], at) => h('tr', {}, h('th', { scope: 'row' }, label), cells[at].map((text) => h('td', {}, text)))))));
    },
  };
}

/** The folder of the file that a run of the queue was submitted from; null where there is none. */
async function folderOf(number, signal) {
  const entry = (await readQueue(signal)).find((each) => each.number === number);
  return entry?.pipeline ? entry.pipeline.replace(/\/[^/]*$/, '') || '/' : null;
}

/** The pipeline as it was run, and the settings it came to. */
function settingsPart(path, signal) {
  const yaml = h('pre', { class: 'yaml', tabindex: '0', role: 'region', 'aria-label': 'Pipeline as run', 'data-test': 'pipeline' });
  const copy = button('Copy', async () => {
    const done = await attempt(() => copyText(yaml));
    if (done) toast('The pipeline is on the clipboard.');
  }, { class: 'button small', 'data-test': 'copy-pipeline' });
  let wanted = true;

  async function read() {
    if (!wanted) return;
    wanted = false;
    try {
      setText(yaml, await get(`${path}/pipeline`, { signal, as: 'text' }));
    } catch (failure) {
      wanted = true;
      if (failure.name !== 'AbortError') setText(yaml, failure.message);
    }
  }
  return { element: h('div', {}, h('div', { class: 'tools' }, h('span', { class: 'faint' }, 'The pipeline as run, with its defaults.'), copy), yaml), read, show() {} };
}

/** The clipboard is there on https and localhost only; elsewhere the text is selected and copied. */
async function copyText(holder) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(holder.textContent);
    return true;
  }
  getSelection().selectAllChildren(holder);
  return document.execCommand('copy');
}
