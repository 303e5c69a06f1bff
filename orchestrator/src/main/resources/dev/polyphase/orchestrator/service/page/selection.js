// What two runs selected, side by side: a row a module type, a column a layer, in each cell the one
// run above the other. Where they differ a mark stands below, so that colour isn't needed for it.
import { h, s } from './dom.js';
import { count } from './format.js';

const cell = 13;
const gap = 2;
const left = 118;
const rowHeight = 2 * cell + 14;

/** How wide the picture of these phases is, at most. */
function widest(phases) {
  const layers = phases.flat().flatMap((phase) => phase?.modules ?? []).map(({ layer }) => layer ?? 0);
  return left + (layers.reduce((most, layer) => Math.max(most, layer), 0) + 2) * (cell + gap);
}

/** All phases of two reports (`report.json`). */
export function selectionPairs(reports, labels) {
  const length = Math.max(...reports.map(({ phases }) => phases.length));
  const phases = Array.from({ length }, (_, at) => reports.map((report) => report.phases[at] ?? null));
  return [
    h('p', { class: 'legend' },
      h('span', { class: 'key on' }, 'trained'), h('span', { class: 'key off' }, 'frozen'), h('span', { class: 'key differs' }, 'differs'),
      h('span', { class: 'faint' }, `above ${labels[0]}, below ${labels[1]}`)),
    h('div', { class: 'selections', css: { '--wide': `${widest(phases)}px` } }, phases.map((pair) => phasePair(pair, labels))),
  ];
}

function phasePair(pair, labels) {
  const name = [...new Set(pair.filter(Boolean).map((phase) => phase.name))].join(' / ');
  const selections = pair.map(selectionOf);
  if (selections.every((map) => map.size === 0)) return h('div', {}, h('h3', {}, name), h('p', { class: 'faint' }, 'Neither chose its modules yet.'));
  const modules = new Map();
  pair.forEach((phase) => phase?.modules?.forEach((module) => modules.set(module.module, module)));
  const differing = [...modules.keys()].filter((module) => selections.every((map) => map.has(module)) && selections[0].get(module) !== selections[1].get(module));
  const both = selections.every((map) => map.size > 0);
  const [one, other] = selections.map((map) => [...map.values()].filter(Boolean).length);
  const says = both
    ? `${differing.length} of ${count(modules.size, 'module')} differ; ${labels[0]} trains ${one}, ${labels[1]} trains ${other}`
    : `only ${labels[selections[0].size > 0 ? 0 : 1]} chose its modules yet`;
  const only = (at) => differing.filter((module) => selections[at].get(module));
  return h('div', { class: 'selection', 'data-test': 'selection-pair', 'data-differs': differing.length },
    h('h3', {}, name, ' ', h('small', { class: 'faint' }, says)),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Selections of ${name}` }, picture([...modules.values()], selections, differing, `${name}: ${says}`)),
    differing.length > 0
      ? h('details', {}, h('summary', {}, 'Modules that differ'), h('div', { class: 'pair' }, labels.map((label, at) =>
        h('div', {}, h('h4', {}, `trained by ${label} only`), h('ul', { class: 'modules' }, only(at).map((module) => h('li', {}, h('code', {}, module))))))))
      : null);
}

/** Whether each module of a phase is trained, by its name. */
function selectionOf(phase) {
  return new Map((phase?.modules ?? []).map(({ module, selected }) => [module, selected]));
}

function picture(modules, selections, differing, label) {
  const types = [...new Set(modules.map(({ type }) => type))].sort();
  const layers = [...new Set(modules.map(({ layer }) => layer))].filter((layer) => layer !== null && layer !== undefined).sort((one, other) => one - other);
  const columns = layers.length + (modules.some(({ layer }) => layer === null || layer === undefined) ? 1 : 0);
  const width = left + columns * (cell + gap) + 4;
  const height = 18 + types.length * rowHeight;
  const differs = new Set(differing);
  const marks = [];
  for (const module of modules) {
    const column = module.layer === null || module.layer === undefined ? layers.length : layers.indexOf(module.layer);
    const x = left + column * (cell + gap);
    const y = 18 + types.indexOf(module.type) * rowHeight;
    selections.forEach((map, at) => {
      const selected = map.get(module.module);
      const rect = s('rect', { class: selected === undefined ? 'none' : selected ? 'on' : 'off', x, y: y + at * (cell + 1), width: cell, height: cell, rx: 1.5 });
      if (selected) marks.push(s('circle', { class: 'dot', cx: x + cell / 2, cy: y + at * (cell + 1) + cell / 2, r: 1.8 }));
      rect.append(s('title', {}, `${module.module}: ${selected === undefined ? 'not known' : selected ? 'trained' : 'frozen'}`));
      marks.splice(marks.length - (selected ? 1 : 0), 0, rect);
    });
    if (differs.has(module.module)) marks.push(s('rect', { class: 'differs', x, y: y + 2 * cell + 3, width: cell, height: 3 }));
  }
  const step = layers.length > 24 ? 8 : 4;
  return s('svg', { class: 'selection-picture', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    types.map((type, at) => s('text', { x: left - 8, y: 18 + at * rowHeight + cell + 4, 'text-anchor': 'end' }, type)),
    layers.filter((layer) => layer % step === 0).map((layer) => s('text', { class: 'faint', x: left + layers.indexOf(layer) * (cell + gap) + cell / 2, y: 11, 'text-anchor': 'middle' }, String(layer))),
    marks);
}
