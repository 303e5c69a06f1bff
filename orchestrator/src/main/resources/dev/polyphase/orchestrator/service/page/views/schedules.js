// Schedules: what is submitted by the clock; add, pause, resume, run now, remove.
import { post, get, remove } from '../api.js';
import { button, h, keyed, replace, setText } from '../dom.js';
import { follow, readService } from '../live.js';
import { attempt, problemList, toast } from '../notices.js';
import { setTitle } from '../status.js';
import { clock, setTime } from '../time.js';
import { draft, field, forgetDraft } from './forms.js';
import { deviceText } from './now.js';

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const examples = [['every night at 22:00', '0 0 22 * * ?'], ['weekdays at 19:30', '0 30 19 ? * MON-FRI'], ['every 6 hours', '0 0 0/6 * * ?'], ['Sundays at 3:00', '0 0 3 ? * SUN']];

export async function mount(root, _, signal) {
  setTitle('Schedules', null);
  const list = h('ul', { class: 'schedules', 'data-test': 'schedules' });
  const none = h('p', { class: 'faint empty', hidden: true }, 'No schedule yet.');
  const add = addForm(() => read().catch(() => null), signal);
  replace(root,
    h('header', { class: 'row view-head' }, h('h1', {}, 'Schedules')),
    h('section', { class: 'card', 'aria-label': 'Schedules' }, list, none), add);

  async function read() {
    const { schedules } = await get('schedules', { signal });
    keyed(list, schedules, (schedule) => schedule.name, (schedule) => scheduleItem(schedule, () => read().catch(() => null)), setItem);
    none.hidden = schedules.length > 0;
  }
  follow({ schedules: read }, null, signal);
  await read();
}

/** A file's name without its folder and type, which a schedule is called by where nothing else is said. */
function fileName(path) {
  return path.trim().replace(/^.*\//, '').replace(/\.ya?ml$/, '');
}

function scheduleItem({ name }, changed) {
  const path = `schedules/${encodeURIComponent(name)}`;
  const act = (text, test, action, done, kind = 'small') => button(text, async () => {
    if ((await attempt(action, done)) !== null) changed();
  }, { class: `button ${kind}`, 'data-test': `schedule-${test}-${name}`, 'aria-label': `${text}: ${name}` });
  const sure = h('dialog', { class: 'dialog', 'aria-label': `Remove ${name}` },
    h('p', {}, `Remove the schedule ${name}? Runs that it submitted stay.`),
    h('div', { class: 'form-end' },
      h('button', { type: 'button', class: 'button', on: { click: () => sure.close() } }, 'Keep it'),
      act('Remove', 'remove-sure', () => remove(path).then(() => (sure.close(), true)), `${name} is removed.`, 'danger')));
  return h('li', { class: 'schedule', 'data-schedule': name },
    h('div', { class: 'schedule-name' }, h('b', {}, name), h('span', { class: 'tag' })),
    h('p', { class: 'faint' }),
    h('p', { class: 'next' }, h('span'), h('span', { class: 'faint' }), h('span', { class: 'faint' })),
    h('div', { class: 'actions' },
      act('Run now', 'run', () => post(`${path}/run`).then(() => true), `${name} is submitted.`),
      act('Pause', 'pause', () => post(`${path}/pause`).then(() => true), `${name} rests.`),
      act('Resume', 'resume', () => post(`${path}/resume`).then(() => true), `${name} goes on.`),
      button('Remove', () => sure.showModal(), { class: 'button small', 'data-test': `schedule-remove-${name}`, 'aria-label': `Remove: ${name}` })),
    sure);
}

function setItem(item, schedule) {
  const [head, what, next, buttons] = item.children;
  setText(head.children[1], schedule.paused ? 'paused' : '');
  head.children[1].hidden = !schedule.paused;
  setText(what, [schedule.pipeline, `${schedule.cron} ${schedule.timezone}`, schedule.set?.length ? schedule.set.join(' ') : null, schedule.device,
    schedule.missed === 'skip' ? 'missed times are skipped' : 'missed times are caught up once'].filter(Boolean).join(' · '));
  const [relative, there, mine] = next.children;
  if (schedule.next && !schedule.paused) {
    setTime(relative, schedule.next);
    setText(there, `${clock(schedule.next, schedule.timezone)} in ${schedule.timezone}`);
    setText(mine, here === schedule.timezone ? '' : `${clock(schedule.next)} here`);
  } else {
    setText(relative, schedule.paused ? 'rests' : 'no time to come');
    setText(there, '');
    setText(mine, '');
  }
  const [, pause, resume] = buttons.children;
  pause.hidden = schedule.paused;
  resume.hidden = !schedule.paused;
}

function addForm(added, signal) {
  const pipeline = h('input', { id: 'schedule-pipeline', name: 'pipeline', required: true, list: 'schedule-pipelines', spellcheck: 'false', autocapitalize: 'off', 'data-test': 'schedule-pipeline' });
  const known = h('datalist', { id: 'schedule-pipelines' });
  const name = h('input', { id: 'schedule-name', name: 'name', spellcheck: 'false', autocapitalize: 'off', placeholder: 'the file’s', 'data-test': 'schedule-name' });
  const cron = h('input', { id: 'schedule-cron', name: 'cron', required: true, spellcheck: 'false', placeholder: '0 0 22 * * ?', 'data-test': 'schedule-cron' });
  const zone = h('input', { id: 'schedule-zone', name: 'timezone', list: 'zones', value: here, spellcheck: 'false', 'data-test': 'schedule-zone' });
  const zones = h('datalist', { id: 'zones' }, (Intl.supportedValuesOf?.('timeZone') ?? []).map((each) => h('option', { value: each })));
  const missed = h('select', { id: 'schedule-missed', name: 'missed', 'data-test': 'schedule-missed' }, h('option', { value: 'once' }, 'caught up once'), h('option', { value: 'skip' }, 'skipped'));
  const set = h('textarea', { id: 'schedule-set', name: 'set', rows: '2', spellcheck: 'false', placeholder: 'name=nightly-{date}', 'data-test': 'schedule-set' });
  const priority = h('input', { id: 'schedule-priority', name: 'priority', type: 'number', value: '0' });
  const device = h('select', { id: 'schedule-device', name: 'device' }, h('option', { value: '' }, 'any that is free'));
  const output = h('input', { id: 'schedule-output', name: 'output', spellcheck: 'false', placeholder: 'output_dir of the pipeline' });
  const problems = h('div', { 'aria-live': 'polite' });
  const submit = h('button', { type: 'submit', class: 'button strong', 'data-test': 'schedule-add' }, 'Add the schedule');
  const form = h('form', { class: 'card', 'data-test': 'schedule-form' },
    h('h2', {}, 'Add a schedule'),
    h('div', { class: 'fields' }, field('Pipeline', pipeline), field('Name', name)),
    h('div', { class: 'fields' }, field('When (cron)', cron, 'Seconds first: second minute hour day month weekday.'), field('Time zone', zone), field('Times missed while the service was down', missed)),
    h('div', { class: 'suggestions' }, examples.map(([text, value]) => h('button', { type: 'button', class: 'suggestion', on: { click: () => {
      cron.value = value;
      cron.dispatchEvent(new Event('input', { bubbles: true }));
    } } }, text))),
    field('Settings that replace the pipeline’s', set, 'One KEY=VALUE a line; {date} in name or output_dir is the day.'),
    h('div', { class: 'fields' }, field('Priority', priority), field('Device', device), field('Folder of runs', output)),
    known, zones, problems, h('div', { class: 'form-end' }, submit));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problems.replaceChildren();
    try {
      const answer = await post('schedules', {
        pipeline: pipeline.value.trim(), name: name.value.trim() || fileName(pipeline.value), cron: cron.value.trim(), timezone: zone.value.trim() || null, missed: missed.value,
        set: set.value.split('\n').map((line) => line.trim()).filter(Boolean), priority: Number(priority.value) || 0, device: device.value || null, output: output.value.trim() || null,
      }, { signal });
      toast(`${answer?.name ?? 'The schedule'} is added.`);
      form.reset();
      forgetDraft('schedule');
      added();
    } catch (failure) {
      if (failure.name !== 'AbortError') replace(problems, failure.problems ? problemList(failure.problems) : h('p', { class: 'problem' }, failure.message));
    } finally {
      submit.disabled = false;
    }
  });
  draft('schedule', form, signal);
  get('pipelines', { signal }).then(({ pipelines }) => known.append(...pipelines.map((each) => h('option', { value: each.path }, each.name ?? '')))).catch(() => null);
  readService(signal).then((service) => device.append(...(service.devices ?? []).map((each) => h('option', { value: typeof each === 'string' ? each.split(/\s/)[0] : each.id ?? each.device }, deviceText(each))))).catch(() => null);
  return form;
}
