// Parts that several views show of a run: its progress, its phases, what can be done with it.
import { post } from './api.js';
import { button, h, keyed, s, setAttr, setText } from './dom.js';
import { duration, grouped } from './format.js';
import { attempt } from './notices.js';
import { busy, setBadge, badge, word } from './status.js';

export const runHref = (id) => `#/run/${encodeURIComponent(id)}`;

/** A bar that says how far something is, or only that it goes on. */
export function bar(label) {
  return h('div', { class: 'progress', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' }, h('i'));
}

export function setBar(node, share) {
  const known = share !== null && share !== undefined && Number.isFinite(share);
  node.classList.toggle('endless', !known);
  setAttr(node, 'aria-valuenow', known ? Math.round(100 * share) : null);
  node.firstChild.style.setProperty('width', known ? `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%` : '');
}

/** How far a run is in the phase that it is in; null where that isn't known. */
export function shareOf(run) {
  if (run.activity) {
    const [, done, all] = /(\d[\d,]*)\/(\d[\d,]*)/.exec(run.activity) ?? [];
    return all ? Number(done.replaceAll(',', '')) / Number(all.replaceAll(',', '')) : null;
  }
  return run.total_steps ? (run.step ?? 0) / run.total_steps : null;
}

/** Where a run is, in a few words. */
export function placeOf(run) {
  if (run.status === 'finished') return `${grouped(run.phases)} of ${grouped(run.phases)} phases`;
  if (!run.phase) return run.phases ? `${run.finished_phases ?? 0} of ${run.phases} phases` : '';
  const at = Math.min((run.finished_phases ?? 0) + 1, run.phases || Infinity);
  const step = run.total_steps ? `, step ${grouped(run.step ?? 0)}/${grouped(run.total_steps)}` : '';
  return `${run.phases ? `phase ${at} of ${run.phases}, ` : ''}${run.phase}${run.activity ? `, ${run.activity}` : step}`;
}

/** Buttons to stop and to resume a run; `setActions` shows those that make sense. */
export function actions(id, name, changed) {
  const path = `runs/${encodeURIComponent(id)}`;
  const act = (verb, done) => async () => {
    const answer = await attempt(() => post(`${path}/${verb}`), done);
    if (answer !== null) changed();
  };
  return h('div', { class: 'actions' },
    button('Stop after this step', act('stop', `${name} stops after this step; its state is saved.`), { class: 'button', 'data-test': 'stop', title: 'The step at hand is finished and the state saved; it can be resumed.' }),
    button('Resume', act('resume', `${name} is in the queue again.`), { class: 'button strong', 'data-test': 'resume', title: 'Goes on from the state that was saved, when its turn comes.' }));
}

export function setActions(node, run) {
  const [stop, resume] = node.children;
  stop.hidden = !(run.status === 'running' || (run.status === 'waiting' && run.queue_number));
  resume.hidden = !(['interrupted', 'failed'].includes(run.status) && !run.alive);
}

/**
 * The phases of a run beside each other, each as wide as another, filled as far as it is.
 *
 * @param chosen called with a phase's index where it is pressed; null where they only show
 */
export function phaseStrip(chosen) {
  return Object.assign(h('ol', { class: 'phases', 'data-test': 'phases' }), { chosen });
}

export function setPhases(strip, phases) {
  keyed(strip, phases, (phase) => phase.index, (phase) => {
    const content = [
      h('span', { class: 'phase-name' }), h('span', { class: 'phase-type' }), badge('pending'), h('span', { class: 'phase-step' }), bar(`Progress of ${phase.name}`)];
    return h('li', { 'data-test': `phase-${phase.index}` },
      strip.chosen
        ? h('button', { type: 'button', class: 'phase', title: 'Show its curves', on: { click: () => strip.chosen(phase.index) } }, content)
        : h('div', { class: 'phase' }, content));
  }, (item, phase) => {
    const [name, type, state, step, progress] = item.firstChild.children;
    setText(name, phase.name);
    setText(type, phase.type);
    setBadge(state, phase.status);
    item.dataset.state = phase.status;
    const steps = phase.total_steps ? `${grouped(phase.step ?? 0)}/${grouped(phase.total_steps)}` : '';
    setText(step, phase.activity ?? (phase.status === 'finished' && phase.seconds ? `${grouped(phase.step ?? phase.total_steps)} steps · ${duration(phase.seconds)}` : steps));
    const share = phase.status === 'finished' ? 1 : busy(phase.status) && phase.activity ? shareOf(phase) : phase.total_steps ? (phase.step ?? 0) / phase.total_steps : 0;
    setBar(progress, share);
  });
}

/** A line of few values without axes. */
export function sparkline() {
  const line = s('polyline', { fill: 'none' });
  return s('svg', { class: 'spark', viewBox: '0 0 200 40', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line);
}

export function setSparkline(svg, values) {
  const finite = values.filter((value) => typeof value === 'number' && Number.isFinite(value));
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  const points = finite.map((value, at) => `${((200 * at) / Math.max(1, finite.length - 1)).toFixed(1)},${(37 - (34 * (value - low)) / span).toFixed(1)}`);
  svg.firstChild.setAttribute('points', points.join(' '));
}

/** A labelled figure. */
export function fact(label, props = {}) {
  return h('div', { class: 'fact', ...props }, h('dt', {}, label), h('dd'));
}

export function setFact(node, value) {
  const holder = node.lastChild;
  if (value instanceof Node) {
    if (holder.firstChild !== value) holder.replaceChildren(value);
  } else setText(holder, value);
}

/** What changed of a run since it was shown last, as a sentence to be said; null where nothing did. */
export function changeOf(before, after) {
  if (!before) return null;
  if (before.status !== after.status) return `${after.name}: ${word(after.status)}.`;
  if (before.phase !== after.phase && after.phase) return `${after.name}: phase ${after.phase}.`;
  return null;
}
