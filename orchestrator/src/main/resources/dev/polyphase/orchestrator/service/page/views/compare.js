// Two runs over each other: their curves, what each phase selected, and settings that differ.
import { get } from '../api.js';
import { CurveBoard } from '../curves.js';
import { every, h, replace, setText } from '../dom.js';
import { figure } from '../format.js';
import { follow } from '../live.js';
import { Metrics } from '../metrics.js';
import { placeOf, runHref } from '../runparts.js';
import { selectionPairs } from '../selection.js';
import { badge, busy, setBadge, setTitle } from '../status.js';

export async function mount(root, ids, signal) {
  const path = (id) => `runs/${encodeURIComponent(id)}`;
  const readRun = (id) => get(path(id), { signal });
  const runs = await Promise.all(ids.map(readRun));
  const labels = distinctLabels(runs);
  setTitle(`${labels[0]} and ${labels[1]}`, null);

  const metrics = ids.map((id) => new Metrics((phase, query) => get(`${path(id)}/metrics`, { query: { phase, ...query }, signal }), () => board.drawSoon()));
  const board = new CurveBoard(metrics.map((each, at) => ({ label: labels[at], metrics: each })), signal);
  const heads = runs.map((run, at) => runHead(run, labels[at], at));
  const selections = h('div', { 'data-test': 'compare-selections' }, h('p', { class: 'faint empty' }, 'Reading…'));
  const settings = h('div', { class: 'scroll', 'data-test': 'compare-settings' });
  const finals = h('div', { class: 'scroll', 'data-test': 'compare-figures' });

  replace(root,
    h('header', { class: 'row view-head' }, h('h1', {}, 'Compare')),
    h('div', { class: 'pair' }, heads.map(({ element }) => element)),
    h('section', { class: 'card', 'aria-labelledby': 'c-curves' }, h('h2', { id: 'c-curves' }, 'Curves'), board.element),
    h('section', { class: 'card', 'aria-labelledby': 'c-figures' }, h('h2', { id: 'c-figures' }, 'Held-out figures'), finals),
    h('section', { class: 'card', 'aria-labelledby': 'c-selections' }, h('h2', { id: 'c-selections' }, 'Selections'), selections),
    h('section', { class: 'card', 'aria-labelledby': 'c-settings' }, h('h2', { id: 'c-settings' }, 'Settings that differ'), settings));

  function show() {
    runs.forEach((run, at) => heads[at].show(run));
    board.setPhases(commonPhases(runs));
    replace(settings, settingsTable(runs, labels));
    replace(finals, heldOutTable(runs, labels));
  }

  const readRows = () => Promise.all(runs.flatMap((run, at) =>
    run.phase_list.filter(({ status }) => !['pending', 'waiting'].includes(status)).map(({ index }) => metrics[at].catchUp(index))));

  async function refresh() {
    (await Promise.all(ids.map(readRun))).forEach((run, at) => (runs[at] = run));
    show();
  }
  const readReports = () => Promise.all(ids.map((id) => get(`${path(id)}/report`, { signal })))
    .then((reports) => replace(selections, selectionPairs(reports, labels)));

  show();
  follow({ runs: () => Promise.all([refresh(), readReports()]) }, (row) => {
    const at = ids.indexOf(row.id);
    if (at < 0) return;
    runs[at] = { ...runs[at], ...row };
    heads[at].show(runs[at]);
  }, signal);
  every(4000, () => runs.some(({ status }) => busy(status)) && readRows().catch(() => null), signal);
  await Promise.all([
    readRows(),
    readReports().catch((failure) => {
      if (failure.name !== 'AbortError') replace(selections, h('p', { class: 'faint' }, failure.message));
    }),
  ]);
}

/** Names to tell two runs by: with the folder where the names are equal. */
function distinctLabels(runs) {
  if (runs[0].name !== runs[1].name) return runs.map(({ name }) => name);
  return runs.map(({ name, folder }, at) => {
    const end = folder.split('/').filter(Boolean).slice(-2).join('/');
    return runs[0].folder.endsWith(end) && runs[1].folder.endsWith(end) ? `${name} ${'AB'[at]}` : end;
  });
}

/** Phases side by side are those at the same place. */
function commonPhases(runs) {
  const [one, other] = runs.map((run) => run.phase_list);
  const length = Math.max(one.length, other.length);
  return Array.from({ length }, (_, index) => {
    const [a, b] = [one[index], other[index]];
    const name = a && b && a.name !== b.name ? `${a.name} / ${b.name}` : (a ?? b).name;
    return { index, name, total_steps: Math.max(a?.total_steps ?? 0, b?.total_steps ?? 0) };
  });
}

function runHead(first, label, at) {
  const state = badge(first.status);
  const where = h('p', { class: 'faint' });
  const element = h('article', { class: 'card compare-head', css: { '--line': `var(--curve-${at + 1})` } },
    h('header', { class: 'row' }, h('i', { class: 'swatch', 'aria-hidden': 'true' }), h('a', { class: 'run-name', href: runHref(first.id) }, label), state),
    where, h('p', { class: 'faint folder' }, first.folder));
  return {
    element,
    show(run) {
      setBadge(state, run.status);
      setText(where, placeOf(run));
    },
  };
}

function settingsTable(runs, labels) {
  const all = runs.map(settingsOf);
  const keys = [...new Set(all.flatMap((map) => [...map.keys()]))].filter((key) => all[0].get(key) !== all[1].get(key));
  if (keys.length === 0) return h('p', { class: 'faint empty' }, 'All settings are equal.');
  return h('table', { class: 'plain' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'setting'), labels.map((label) => h('th', { scope: 'col' }, label)))),
    h('tbody', {}, keys.map((key) => h('tr', {}, h('th', { scope: 'row' }, h('code', {}, key)), all.map((map) => h('td', { class: 'value-cell' }, map.has(key) ? map.get(key) : '–'))))));
}

/** All settings of a run, those of phases under the phase's place. */
function settingsOf(run) {
  const map = new Map();
  flatten(map, '', run.settings ?? {});
  run.phase_list.forEach((phase, at) => flatten(map, `phases[${at}].`, phase.settings ?? {}));
  return map;
}

function flatten(map, prefix, value) {
  for (const [key, entry] of Object.entries(value)) {
    if (entry !== null && typeof entry === 'object') flatten(map, `${prefix}${key}.`, entry);
    else map.set(prefix + key, String(entry));
  }
}

function heldOutTable(runs, labels) {
  const rows = new Map();
  runs.forEach((run, at) => run.phase_list.forEach((phase, index) => {
    for (const { name, before, after } of phase.held_out ?? []) {
      const key = `${index} ${name}`;
      if (!rows.has(key)) rows.set(key, { phase: phase.name, name, values: [null, null] });
      rows.get(key).values[at] = { before, after };
    }
  }));
  if (rows.size === 0) return h('p', { class: 'faint empty' }, 'Neither run was measured on held-out rows yet.');
  return h('table', { class: 'plain' },
    h('thead', {}, h('tr', {}, ['phase', 'figure', ...labels, 'difference'].map((text, at) => h('th', { scope: 'col', class: at > 1 ? 'number' : null }, text)))),
    h('tbody', {}, [...rows.values()].map(({ phase, name, values: [one, other] }) => {
      const both = typeof one?.after === 'number' && typeof other?.after === 'number';
      return h('tr', {}, h('th', { scope: 'row' }, phase), h('td', {}, name),
        [one, other].map((each) => h('td', { class: 'number', title: each ? `before ${figure(each.before)}` : null }, figure(each?.after))),
        h('td', { class: 'number' }, both ? `${other.after > one.after ? '+' : ''}${figure(other.after - one.after)}` : ''));
    })));
}
