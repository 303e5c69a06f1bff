// The plan of a pipeline, as `polyphase plan --json` has it, as a table with a column a phase.
import { h } from './dom.js';
import { amount, bytes, count, grouped, percent } from './format.js';

export function planTable(plan) {
  const { phases } = plan;
  const types = [...new Set(phases.flatMap((phase) => phase.modules.map(({ type }) => type)))];
  const rows = [
    ['type', (phase) => phase.type],
    ['trained parameters', (phase) => `${phase.trained_parameters_exact ? '' : 'up to '}${amount(phase.trained_parameters)} of ${amount(phase.model_parameters)} (${percent(phase.trained_parameters / phase.model_parameters)})`],
    ...types.map((type) => [type, (phase) => modulesOf(phase, type), 'sub']),
    ['rows', (phase) => rowsOf(phase)],
    ['rows held out', (phase) => grouped(phase.eval_rows)],
    ['steps', (phase) => grouped(phase.steps)],
    ['tokens', (phase) => amount(phase.tokens)],
    ['memory', (phase) => memoryOf(phase)],
    ['places', (phase) => phase.places?.length > 1 && phase.places.map(({ device, blocks, bytes: size }) => `${device}: ${count(blocks, 'block')}${size ? `, ${bytes(size)}` : ''}`).join('; ')],
    ['disk', (phase) => bytes(phase.disk.model_bytes + phase.disk.checkpoints * phase.disk.checkpoint_bytes + phase.disk.best_weights_bytes + phase.disk.rescan_bytes + phase.disk.last_good_bytes + phase.disk.adapter_bytes + phase.disk.other_bytes)],
  ];
  const table = h('table', { class: 'plan', 'data-test': 'plan-table' },
    h('thead', {}, h('tr', {}, h('td'), phases.map(({ name }) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows
      .map(([label, cell, kind]) => [label, phases.map(cell), kind])
      .filter(([, cells]) => cells.some(Boolean))
      .map(([label, cells, kind]) => h('tr', { class: kind }, h('th', { scope: 'row' }, label), cells.map((text) => h('td', {}, text || '–'))))));
  return h('div', { class: 'plan-result' },
    h('p', { class: 'faint' }, computeOf(plan)),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Plan of ${plan.name}` }, table),
    h('p', { class: 'faint' }, diskOf(plan.disk)),
    warningsOf(plan));
}

function computeOf({ compute, device_memory: memory }) {
  const free = memory ? `, ${bytes(memory.available_bytes)} of ${bytes(memory.total_bytes)} free` : '';
  return `${compute.library} on ${compute.device} in ${compute.dtype}${free}: ${compute.reason}.`;
}

function diskOf(disk) {
  const free = disk.free_bytes === null ? '' : `; ${bytes(disk.free_bytes)} are free${disk.fits ? '' : ', which is not enough'}`;
  return `Writes up to ${bytes(disk.needed_bytes)} to ${disk.folder}${free}.`;
}

function modulesOf(phase, type) {
  const found = phase.modules.find((each) => each.type === type);
  if (!found) return null;
  return `${found.exact ? '' : 'up to '}${grouped(found.selected)} of ${grouped(found.of)}${found.always ? ', always' : ''}`;
}

function rowsOf({ data, rows }) {
  const bad = Object.values(data.bad ?? {}).reduce((sum, number) => sum + number, 0);
  const notes = [[data.dropped, 'dropped'], [data.cut, 'cut'], [data.without_loss, 'without loss'], [bad, 'bad'], [data.duplicates, 'twice'], [data.also_held_out, 'also held out']]
    .filter(([number]) => number > 0)
    .map(([number, text]) => `${grouped(number)} ${text}`);
  return `${grouped(rows)}${notes.length ? ` (${notes.join(', ')})` : ''}`;
}

function memoryOf(phase) {
  if (!phase.memory) return null;
  const fits = phase.fits === null ? '' : phase.fits ? ', fits' : ', does not fit';
  return `${bytes(phase.memory.total_bytes)}${fits}`;
}

function warningsOf({ phases, disk }) {
  const warnings = [
    ...phases.flatMap((phase) => [...phase.warnings, ...(phase.remedies?.length ? [`To need less: ${phase.remedies.join('; ')}`] : [])].map((text) => [phase.name, text])),
    ...(disk.warnings ?? []).map((text) => ['disk', text]),
  ];
  return warnings.length === 0
    ? h('p', { class: 'faint', 'data-test': 'plan-warnings' }, 'No warnings.')
    : h('ul', { class: 'warnings', 'data-test': 'plan-warnings' }, warnings.map(([place, text]) => h('li', { class: 'warning' }, h('b', {}, place), ' ', text)));
}
