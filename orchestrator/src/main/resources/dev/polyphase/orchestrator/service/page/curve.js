// One chart: uPlot with the page's colours, a readout that follows the pointer, a finger or the
// arrow keys, and borders between phases.
import { h, setText } from './dom.js';
import { figure, grouped } from './format.js';
import { color } from './theme.js';

const palette = 6;
const height = 190;
const wholeSteps = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
const dashes = [undefined, [7, 4], [2, 3]];

export class Curve {
  /**
   * @param id what a test finds it by
   * @param title its heading
   * @param group charts of a group show the same place of the axis and zoom together
   */
  constructor(id, title, group) {
    this.id = id;
    this.group = group;
    this.plot = null;
    this.shape = '';
    /** Set by whoever draws: what is drawn here, whether it is seen, and whether it has something new to show. */
    this.names = [];
    this.inSight = false;
    this.waits = false;
    this.title = h('h3', {}, title);
    this.readout = h('p', { class: 'readout' });
    this.canvas = h('div', { class: 'curve-canvas', tabindex: '0', role: 'img' });
    this.element = h('figure', { class: 'curve', dataset: { curve: id, points: '0', test: `curve-${id}` } },
      h('figcaption', {}, this.title, this.readout), this.canvas);
    this.heading = title;
    this.listen();
  }

  /**
   * Draws. `data`: `{x, lines: [{label, group, values, color, dash, faint}], borders: [{at, end, pad, label}], breaks,
   * log}`; `x` and `values` are of one length, null for no value; `breaks` are the places in them
   * where one phase ends and the next begins. Lines of one `group` share its name in the readout.
   */
  draw(data) {
    const before = this.data;
    this.data = data;
    // Asked for where there is no plot yet only: it has everything laid out that was changed before.
    const width = this.plot ? this.plot.width : this.canvas.clientWidth;
    if (width === 0) return;
    const shape = JSON.stringify([data.log, data.lines.map(({ label, color: index, dash, faint }) => [label, index, dash, faint])]);
    const values = [data.x, ...data.lines.map((line) => (data.log ? line.values.map((value) => (value > 0 ? value : null)) : line.values))];
    if (this.plot && this.shape === shape) {
      if (this.zoomed === this.group.zoomed && sameData(before, data)) return;
      this.plot.setData(values, !this.group.zoomed);
      if (this.group.zoomed) this.plot.redraw();
    } else {
      this.destroy();
      this.shape = shape;
      this.plot = new uPlot(this.options(width), values, this.canvas);
      if (this.group.zoomed) this.plot.setScale('x', this.group.zoomed);
    }
    this.zoomed = this.group.zoomed;
    const drawn = data.lines.filter((line) => !line.faint).reduce((sum, line) => sum + countOf(line.values), 0);
    this.element.dataset.points = String(drawn);
    this.say(this.plot.cursor.idx ?? null);
    this.canvas.setAttribute('aria-label', this.summary());
  }

  options(width) {
    const ink = color('--faint');
    const rule = color('--grid');
    const axis = { stroke: ink, font: '11px system-ui, sans-serif', ticks: { show: false }, grid: { stroke: rule, width: 1 } };
    return {
      width,
      height,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7, width: 2 },
        drag: { x: true, y: false },
        sync: { key: this.group.key, scales: ['x', null] },
      },
      scales: { x: { time: false }, y: this.data.log ? { distr: 3 } : { range: linear } },
      axes: [
        {
          ...axis, size: 26, gap: 4, space: 56, incrs: wholeSteps,
          splits: (plot, _, min, max, step) => this.ticks(plot, min, max, step),
          values: (_, ticks) => ticks.map((tick) => grouped(Math.round(tick - borderAt(tick, this.data.borders).at))),
        },
        { ...axis, size: 56, gap: 6, space: 34, ...(this.data.log ? { filter: decades, grid: { ...axis.grid, filter: decades } } : {}), values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : figure(tick).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''))) },
      ],
      series: [{}, ...this.data.lines.map((line) => this.series(line))],
      hooks: {
        setCursor: [(plot) => this.say(plot.cursor.idx)],
        setScale: [(plot, key) => key === 'x' && this.zoomedTo(plot)],
        drawClear: [(plot) => this.drawBorders(plot, rule, ink)],
      },
    };
  }

  series(line) {
    const stroke = lineColor(line.color);
    return {
      label: line.label,
      stroke: line.faint ? withAlpha(stroke, 0.28) : stroke,
      width: line.faint ? 1 : 1.75,
      dash: dashes[line.dash % dashes.length],
      // A gap within a phase is only a row without this figure; between phases a line ends.
      gaps: (plot, index) => this.gaps(plot, plot.data[index]),
      points: { show: (plot, index) => !line.faint && countOf(plot.data[index]) < 40, size: 5, fill: stroke, stroke },
    };
  }

  /** Each phase counts its own steps. */
  ticks(plot, min, max, step) {
    const near = (40 * (max - min)) / Math.max(100, plot.width - 70);
    const found = [];
    for (const { at, end } of this.data.borders) {
      for (let tick = Math.max(0, Math.ceil((min - at) / step)) * step + at; tick <= Math.min(max, end); tick += step) {
        if (found.length === 0 || tick - found[found.length - 1] >= near) found.push(tick);
      }
    }
    return found;
  }

  gaps(plot, values) {
    const x = plot.data[0];
    const found = [];
    for (const place of this.data.breaks) {
      let left = place;
      let right = place;
      while (left >= 0 && values[left] === null) left--;
      while (right < x.length && values[right] === null) right++;
      // A pixel more on each side: the line across is as wide as a line.
      if (left >= 0 && right < x.length) found.push([plot.valToPos(x[left], 'x', true) - 1, plot.valToPos(x[right], 'x', true) + 1]);
    }
    return found;
  }

  drawBorders(plot, rule, ink) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillStyle = ink;
    ctx.strokeStyle = ink;
    ctx.globalAlpha = 0.75;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    // The axis left these as it needed them.
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    const places = this.data.borders.map(({ at, pad }) => plot.valToPos(at - pad / 2, 'x', true));
    this.data.borders.forEach(({ label }, index) => {
      const from = places[index];
      const to = places[index + 1] ?? bbox.left + bbox.width;
      if (from > bbox.left + 1 && from < bbox.left + bbox.width) {
        ctx.beginPath();
        ctx.moveTo(from, bbox.top);
        ctx.lineTo(from, bbox.top + bbox.height);
        ctx.stroke();
      }
      const start = Math.max(from, bbox.left);
      if (label && to - start > ctx.measureText(label).width + 10 * devicePixelRatio && start < bbox.left + bbox.width) {
        ctx.fillText(label, start + 5 * devicePixelRatio, bbox.top + 9 * devicePixelRatio);
      }
    });
    ctx.restore();
  }

  zoomedTo(plot) {
    const { min, max } = plot.scales.x;
    const xs = plot.data[0];
    if (min === null || xs.length === 0 || this.group.busy) return;
    const whole = min <= xs[0] && max >= xs[xs.length - 1];
    this.group.zoom(whole ? null : { min, max }, this);
  }

  /** The values at a place, or the last ones. */
  say(index) {
    if (!this.data) return;
    const { x, lines, borders } = this.data;
    const shown = lines.filter((line) => !line.faint);
    const hovered = index !== null && index !== undefined && index < x.length;
    const parts = shown.map((line) => {
      let at = hovered ? index : x.length - 1;
      if (!hovered) while (at > 0 && line.values[at] === null) at--;
      const value = line.values[at];
      return { line, value: value === undefined || value === null ? '–' : figure(value) };
    });
    const key = this.shape;
    if (this.readoutKey !== key) {
      this.readoutKey = key;
      this.values = parts.map(() => h('b'));
      const groups = new Map();
      parts.forEach(({ line }, at) => groups.set(line.group, [...(groups.get(line.group) ?? []), [line, this.values[at]]]));
      this.readout.replaceChildren(h('span', { class: 'at' }), ...[...groups].map(([group, members]) =>
        h('span', { class: 'value', title: members.map(([line]) => line.label).join(', ') }, shown.length > 1 ? group : null, members.map(([line, value]) => [
          shown.length > 1 ? h('i', { class: line.dash ? 'dashed' : null, css: { '--line': lineColor(line.color) }, 'aria-hidden': 'true' }) : null, value, ' ']))));
    }
    const place = hovered ? `${stepAt(x[index], borders)} ` : '';
    setText(this.readout.firstChild, place);
    parts.forEach(({ value }, at) => setText(this.values[at], value));
  }

  summary() {
    const { lines } = this.data;
    const parts = lines.filter((line) => !line.faint).map((line) => {
      const values = line.values.filter((value) => value !== null);
      if (values.length === 0) return `${line.label}: nothing yet`;
      let low = Infinity;
      let high = -Infinity;
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      return `${line.label}: ${values.length} points, from ${figure(values[0])} to ${figure(values[values.length - 1])}, between ${figure(low)} and ${figure(high)}`;
    });
    return `${this.heading}. ${parts.join('; ')}. Arrow keys read single values.`;
  }

  listen() {
    const follow = (event) => {
      const touch = event.touches[0];
      if (!this.plot || !touch) return;
      const box = this.plot.over.getBoundingClientRect();
      this.plot.setCursor({ left: touch.clientX - box.left, top: touch.clientY - box.top });
    };
    this.canvas.addEventListener('touchstart', follow, { passive: true });
    this.canvas.addEventListener('touchmove', follow, { passive: true });
    this.canvas.addEventListener('keydown', (event) => {
      const length = this.data?.x.length ?? 0;
      if (!this.plot || length === 0) return;
      const at = this.plot.cursor.idx ?? length - 1;
      const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: length - 1, PageUp: at - 20, PageDown: at + 20 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      this.readout.setAttribute('aria-live', 'polite');
      const place = this.data.x[Math.min(Math.max(next, 0), length - 1)];
      this.plot.setCursor({ left: this.plot.valToPos(place, 'x'), top: 10 });
    });
    this.canvas.addEventListener('blur', () => {
      this.readout.removeAttribute('aria-live');
      this.plot?.setCursor({ left: -10, top: -10 });
    });
  }

  /** Draws anew, in other colours or another width. */
  refresh() {
    if (!this.data) return;
    this.destroy();
    this.readoutKey = null;
    this.draw(this.data);
  }

  resize() {
    const width = this.canvas.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height });
    else if (!this.plot && this.data) this.draw(this.data);
  }

  destroy() {
    this.plot?.destroy();
    this.plot = null;
  }
}

/** A little more than the values; of equal ones as much above as below. */
function linear(_, min, max) {
  if (min === null) return [0, 1];
  if (min === max) return [min - (Math.abs(min) / 10 || 1), max + (Math.abs(max) / 10 || 1)];
  return uPlot.rangeNum(min, max, 0.1, true);
}

/** Whether two pictures of the same lines would be alike: a figure that no row had since. */
function sameData(one, other) {
  const same = (some, others) => some.length === others.length && some.every((value, at) => value === others[at]);
  return same(one.x, other.x) && same(one.breaks, other.breaks)
    && JSON.stringify(one.borders) === JSON.stringify(other.borders)
    && one.lines.every(({ values }, at) => same(values, other.lines[at].values));
}

function countOf(values) {
  return values.reduce((sum, value) => sum + (value !== null && value !== undefined), 0);
}

/** Of a logarithmic axis' places those worth a line: 1, 2 and 5 of few decades, else the decades. */
function decades(plot, places) {
  const { min, max } = plot.scales.y;
  const digits = max / min < 2000 ? [1, 2, 5] : [1];
  return places.map((place) => (digits.includes(Math.round(place / 10 ** Math.floor(Math.log10(place) + 1e-9))) ? place : null));
}

/** The phase that an x of phases one after another lies in. */
function borderAt(x, borders) {
  let found = borders[0];
  for (const border of borders) if (border.at <= x) found = border;
  return found;
}

/** Where an x lies, as `step 12` or `alignment, step 12`. */
function stepAt(x, borders) {
  const { at, label } = borderAt(x, borders);
  const step = `step ${grouped(Math.floor(x - at))}`;
  return label ? `${label}, ${step}` : step;
}

function lineColor(index) {
  return color(`--curve-${(index % palette) + 1}`);
}

function withAlpha(hex, alpha) {
  return hex + Math.round(255 * alpha).toString(16).padStart(2, '0');
}
