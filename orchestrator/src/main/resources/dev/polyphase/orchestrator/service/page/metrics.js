// The rows of metrics.jsonl of one run as columns, phase by phase. Rows come twice over: from GET,
// thinned, and from the stream of events, which may have lost some or send some again. A phase
// therefore knows how many rows of its file it has seen (`next`), and takes only what follows.

// Beyond these the older half is thinned: a week of steps must not fill a phone's memory.
const most = 12_000;
const notFigures = new Set(['step', 'epoch', 'num_tokens']);

export class Metrics {
  /**
   * @param read `(phase, query) => Promise<{rows, next, from}>`, the rows of a phase from the node
   * @param changed called after rows came, with the phase's index
   */
  constructor(read, changed) {
    this.read = read;
    this.changed = changed;
    this.phases = new Map();
    this.reading = new Map();
  }

  phase(index) {
    let phase = this.phases.get(index);
    if (!phase) this.phases.set(index, (phase = new PhaseRows()));
    return phase;
  }

  /** Reads what the node has beyond what is known; one request a phase at a time. */
  catchUp(index) {
    const running = this.reading.get(index);
    if (running) return running;
    const work = this.readOn(index).finally(() => this.reading.delete(index));
    this.reading.set(index, work);
    return work;
  }

  async readOn(index) {
    const known = this.phase(index).next;
    const answer = await this.read(index, { after: known, points: 2000 });
    const phase = this.phase(index);
    const from = answer.from ?? known;
    // A run that went back to a checkpoint has fewer rows than were shown.
    if (answer.next < phase.next || from < known) {
      phase.clear();
      if (from > 0) {
        const all = await this.read(index, { after: 0, points: 2000 });
        phase.add(all.rows, all.next);
        this.changed(index);
        return;
      }
    }
    phase.add(answer.rows, answer.next);
    this.changed(index);
  }

  /** Takes a `rows` event: adds what is new, reads what is missing. */
  take({ phase: index, rows, next, from = next - rows.length }) {
    const phase = this.phase(index);
    if (this.reading.has(index)) {
      // What is being read may hold these rows or end before them: ask again after it.
      this.reading.get(index).then(() => this.phase(index).next < next && this.catchUp(index)).catch(() => null);
    } else if (from === 0 && rows.length === next && phase.next > 0) {
      // The file was begun anew and is sent as a whole.
      phase.clear();
      phase.add(rows, next);
      this.changed(index);
    } else if (next < phase.next || from > phase.next) {
      this.catchUp(index).catch(() => null);
    } else if (next > phase.next) {
      phase.add(rows.slice(rows.length - (next - phase.next)), next);
      this.changed(index);
    }
  }

  /** The names of all figures, in the order in which they came. */
  names() {
    const names = new Set();
    for (const phase of this.phases.values()) for (const name of phase.columns.keys()) names.add(name);
    return names;
  }
}

/** The rows of one phase: `steps` and, by name, `columns` of the same length with null for none. */
export class PhaseRows {
  constructor() {
    this.clear();
  }

  clear() {
    this.next = 0;
    this.steps = [];
    this.columns = new Map();
  }

  get lastStep() {
    return this.steps.length ? this.steps[this.steps.length - 1] : 0;
  }

  add(rows, next) {
    for (const row of rows) this.addRow(row);
    this.next = next;
    if (this.steps.length > most) this.thin();
  }

  addRow(row) {
    // Held-out figures are a row of their own after the step's: one place on the axis for both.
    const last = this.steps.length - 1;
    if (last >= 0 && row.step < this.steps[last]) this.forget(row.step);
    const same = this.steps.length > 0 && row.step === this.lastStep;
    if (!same) {
      this.steps.push(row.step);
      for (const column of this.columns.values()) column.push(null);
    }
    for (const [name, value] of Object.entries(row)) {
      if (notFigures.has(name)) continue;
      let column = this.columns.get(name);
      if (!column) this.columns.set(name, (column = new Array(this.steps.length).fill(null)));
      column[this.steps.length - 1] = typeof value === 'number' && Number.isFinite(value) ? value : null;
    }
  }

  /** Steps that are taken once more replace what they were the first time. */
  forget(step) {
    let keep = this.steps.length;
    while (keep > 0 && this.steps[keep - 1] >= step) keep--;
    this.steps.length = keep;
    for (const column of this.columns.values()) column.length = keep;
  }

  thin() {
    const half = this.steps.length >> 1;
    const heldOut = [...this.columns].filter(([name]) => name.startsWith('eval_')).map(([, column]) => column);
    const keeps = (at) => at > half || at % 2 === 0 || heldOut.some((column) => column[at] !== null);
    for (const [name, column] of this.columns) this.columns.set(name, column.filter((_, at) => keeps(at)));
    this.steps = this.steps.filter((_, at) => keeps(at));
  }
}

/**
 * A weighted mean that follows the values, `weight` of it the past, and begins anew at each of
 * `breaks`; gaps stay gaps.
 */
export function smooth(values, weight, breaks) {
  let mean = 0;
  let mass = 0;
  return values.map((value, at) => {
    if (breaks.includes(at)) mean = mass = 0;
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return mean / mass;
  });
}
