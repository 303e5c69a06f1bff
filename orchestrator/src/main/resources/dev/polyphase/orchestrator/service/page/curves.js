// The charts of one run or of several over each other: which phases, smoothing, logarithmic scale.
import { chartsOf, shortName } from './charts.js';
import { Curve } from './curve.js';
import { button, frame, h, setText } from './dom.js';
import { smooth } from './metrics.js';
import { onThemeChange } from './theme.js';

const key = 'polyphase.curves';
// The node looks at its runs about once a second; a little less, or every other look came too soon.
const pace = 900;
// What takes long is drawn less often: this share of a core, but not less than each four seconds.
const share = 0.05;
const slowest = 4000;
let boards = 0;

export class CurveBoard {
  /**
   * @param runs `[{label, metrics}]`; the first one's phases make the axis where there are several
   * @param signal ends it
   */
  constructor(runs, signal) {
    this.runs = runs;
    this.phases = [];
    this.curves = new Map();
    this.selected = 'all';
    this.settings = { log: false, smoothing: 0, ...stored() };
    this.group = { key: `board-${++boards}`, zoomed: null, busy: false, zoom: (range, from) => this.zoom(range, from) };
    this.picker = h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Phases of the curves', 'data-test': 'curve-phases' });
    this.grid = h('div', { class: 'curves', 'data-test': 'curves' });
    this.empty = h('p', { class: 'faint empty' }, 'Curves begin with the first step.');
    this.element = h('div', {}, this.tools(), this.empty, this.grid);
    const observer = new ResizeObserver(() => frame(this, () => this.curves.forEach((curve) => curve.resize())));
    observer.observe(this.grid);
    // Charts out of sight wait until they are scrolled to.
    this.sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        // One that has just been taken away is told of once more.
        const curve = this.curves.get(target.dataset.curve);
        if (curve) curve.inSight = isIntersecting;
      }
      frame(this.sight, () => this.drawWaiting());
    }, { rootMargin: '30% 0px' });
    addEventListener('beforeprint', () => this.curves.forEach((curve) => this.drawOne(curve)), { signal });
    signal.addEventListener('abort', () => {
      observer.disconnect();
      this.sight.disconnect();
      this.curves.forEach((curve) => curve.destroy());
    });
    onThemeChange(() => this.curves.forEach((curve) => curve.refresh()), signal);
    this.nextDraw = 0;
    this.drawSoon = () => {
      // Ten events a second are still one picture a second: what follows is drawn with the next.
      if (this.timer || signal.aborted) return;
      const draw = () => {
        this.timer = null;
        frame(this.group.key, () => !signal.aborted && this.draw());
      };
      const wait = this.nextDraw - performance.now();
      // At once, it is drawn together with whatever else came now.
      if (wait <= 0) draw();
      else this.timer = setTimeout(draw, wait);
    };
  }

  tools() {
    const log = h('input', { type: 'checkbox', 'data-test': 'log-scale' });
    log.checked = this.settings.log;
    log.addEventListener('change', () => this.set({ log: log.checked }));
    const smoothing = h('input', { type: 'range', min: '0', max: '0.98', step: '0.02', 'data-test': 'smoothing', value: String(this.settings.smoothing) });
    const shown = h('output', {}, this.settings.smoothing.toFixed(2));
    smoothing.addEventListener('input', () => {
      setText(shown, Number(smoothing.value).toFixed(2));
      this.set({ smoothing: Number(smoothing.value) });
    });
    this.whole = button('Whole range', () => this.zoom(null, null), { class: 'button small', hidden: true, 'data-test': 'zoom-reset' });
    return h('div', { class: 'tools' }, this.picker,
      h('label', { class: 'tool' }, log, 'Log scale'),
      h('label', { class: 'tool' }, 'Smoothing', smoothing, shown), this.whole);
  }

  set(change) {
    Object.assign(this.settings, change);
    try {
      localStorage.setItem(key, JSON.stringify(this.settings));
    } catch {
      // Kept for this visit only.
    }
    frame(this.group.key, () => this.draw());
  }

  /** The phases to choose from: `[{index, name, total_steps}]`. */
  setPhases(phases) {
    this.picker.hidden = phases.length === 0;
    const differs = (part) => JSON.stringify(phases.map(part)) !== JSON.stringify(this.phases.map(part));
    const renamed = differs(({ name }) => name);
    const longer = differs(({ total_steps: total }) => total ?? null);
    this.phases = phases;
    if (renamed) this.fillPicker();
    // That a phase is a step further is seen when its row comes.
    if (renamed || longer) this.drawSoon();
  }

  fillPicker() {
    const choices = [['all', 'All phases'], ...this.phases.map(({ index, name }) => [String(index), name])];
    this.picker.replaceChildren(...choices.map(([value, text]) => {
      const radio = h('input', { type: 'radio', name: this.group.key, value });
      radio.checked = value === String(this.selected);
      radio.addEventListener('change', () => this.select(value));
      return h('label', {}, radio, h('span', {}, text));
    }));
  }

  /** Shows one phase, or all one after another. */
  select(value) {
    this.selected = value;
    for (const radio of this.picker.querySelectorAll('input')) radio.checked = radio.value === String(value);
    this.group.zoomed = null;
    this.whole.hidden = true;
    frame(this.group.key, () => this.draw());
  }

  zoom(range, from) {
    const zoomed = range !== null;
    this.group.zoomed = range;
    this.whole.hidden = !zoomed;
    this.group.busy = true;
    for (const curve of this.curves.values()) {
      if (curve === from || !curve.plot) continue;
      if (zoomed) curve.plot.setScale('x', range);
      else curve.plot.setData(curve.plot.data, true);
    }
    // uPlot tells of new scales only after this turn.
    setTimeout(() => (this.group.busy = false), 0);
  }

  /** The phases that are chosen. */
  get shown() {
    return this.selected === 'all' ? this.phases : this.phases.filter(({ index }) => String(index) === String(this.selected));
  }

  draw() {
    const began = performance.now();
    const names = new Set();
    const { shown } = this;
    for (const { metrics } of this.runs) {
      for (const { index } of shown) for (const name of metrics.phase(index).columns.keys()) names.add(name);
    }
    const charts = chartsOf(names);
    this.empty.hidden = charts.length > 0;
    const gone = new Set(this.curves.keys());
    charts.forEach(({ id, title, names: mine }, place) => {
      gone.delete(id);
      let curve = this.curves.get(id);
      if (!curve) {
        this.curves.set(id, (curve = new Curve(id, title, this.group)));
        this.sight.observe(curve.element);
      }
      if (this.grid.children[place] !== curve.element) this.grid.insertBefore(curve.element, this.grid.children[place] ?? null);
      curve.names = mine;
      curve.waits = true;
    });
    for (const id of gone) {
      this.sight.unobserve(this.curves.get(id).element);
      this.curves.get(id).destroy();
      this.curves.get(id).element.remove();
      this.curves.delete(id);
    }
    this.drawWaiting();
    const now = performance.now();
    this.nextDraw = began + Math.max(pace, Math.min(slowest, (now - began) / share));
  }

  /** Draws the charts in sight that have something new to show, and those that never showed any. */
  drawWaiting() {
    for (const curve of this.curves.values()) {
      if (curve.waits && (curve.inSight || !curve.data)) this.drawOne(curve);
    }
  }

  drawOne(curve) {
    curve.waits = false;
    curve.draw(this.dataOf(curve.names, this.shown));
  }

  /** The points of some figures, of all runs, phases one after another. */
  dataOf(names, shown) {
    const places = this.places(shown);
    const several = this.runs.length > 1;
    const runName = (label) => (label.length > 24 ? `${label.slice(0, 22)}…` : label);
    // Of two runs what was trained on is compared; what was held out has a table.
    if (several && names.some((name) => !name.startsWith('eval_'))) names = names.filter((name) => !name.startsWith('eval_'));
    const columns = this.runs.flatMap((run, runIndex) => names.map((name, nameIndex) => ({ run, name, runIndex, nameIndex })));
    const xs = [];
    const values = columns.map(() => []);
    const breaks = [];
    shown.forEach(({ index }, place) => {
      const rows = mergedRows(columns, index);
      if (xs.length > 0 && rows.length > 0) {
        breaks.push(xs.length);
        addRow(xs, values, places[place].at - places[place].pad / 2, columns.map(() => null));
      }
      for (const row of rows) addRow(xs, values, places[place].at + row.step, row.values);
    });
    const { log, smoothing } = this.settings;
    const drawn = columns.map(({ run, name, runIndex, nameIndex }, at) => {
      const pair = names.indexOf(name.replace(/^eval_/, ''));
      return {
        label: several ? (names.length > 1 ? `${shortName(name)}, ${runName(run.label)}` : runName(run.label)) : shortName(name),
        // Named once: a run of one figure, or a figure of both runs, trained and held out.
        group: several && names.length === 1 ? runName(run.label) : shortName(name).replace(', held out', ''),
        values: values[at],
        color: several ? runIndex : pair >= 0 ? pair : nameIndex,
        dash: several ? nameIndex : Number(name.startsWith('eval_') && pair >= 0 && pair !== nameIndex),
        faint: false,
      };
    });
    // Held-out figures are few and rates are exact: only what is noisy is smoothed.
    const noisy = drawn.filter((_, at) => !columns[at].name.startsWith('eval_') && columns[at].name !== 'learning_rate');
    const lines = smoothing > 0
      ? [...noisy.map((line) => ({ ...line, faint: true })), ...drawn.map((line) => (noisy.includes(line) ? { ...line, values: smooth(line.values, smoothing, breaks) } : line))]
      : drawn;
    return { x: xs, lines, borders: places, breaks, log: log && values.some((column) => column.some((value) => value > 0)) };
  }

  /** Where each phase begins and ends on the axis; a little room between two keeps them apart. */
  places(shown) {
    const lengths = shown.map(({ index, total_steps: total }) => Math.max(total ?? 0, ...this.runs.map(({ metrics }) => metrics.phase(index).lastStep)));
    const room = Math.max(1, Math.ceil(0.02 * lengths.reduce((sum, length) => sum + length, 0)));
    let sum = 0;
    return shown.map(({ name }, place) => {
      const pad = place > 0 ? room : 0;
      const at = sum + pad;
      sum = at + lengths[place];
      return { at, end: sum, pad, label: shown.length > 1 ? name : '' };
    });
  }
}

function addRow(xs, values, x, row) {
  // uPlot wants an axis that rises.
  const last = xs[xs.length - 1];
  xs.push(xs.length > 0 && x <= last ? last + 0.25 : x);
  row.forEach((value, at) => values[at].push(value));
}

/** The rows of a phase that hold one of these figures, of all runs, by step. */
function mergedRows(columns, index) {
  const rows = new Map();
  columns.forEach(({ run, name }, at) => {
    const { steps, columns: all } = run.metrics.phase(index);
    const column = all.get(name);
    if (!column) return;
    for (let i = 0; i < column.length; i++) {
      if (column[i] === null) continue;
      let row = rows.get(steps[i]);
      if (!row) rows.set(steps[i], (row = { step: steps[i], values: new Array(columns.length).fill(null) }));
      row.values[at] = column[i];
    }
  });
  const list = [...rows.values()];
  // One figure's are in order already.
  if (columns.length > 1) list.sort((one, other) => one.step - other.step);
  return list;
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}
