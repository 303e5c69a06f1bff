// A new run: the pipeline, what replaces its settings, its plan, and off it goes.
import { get, post } from '../api.js';
import { h, replace, setText } from '../dom.js';
import { readQueue, readService } from '../live.js';
import { problemList, toast } from '../notices.js';
import { planTable } from '../plantable.js';
import { runHref } from '../runparts.js';
import { streamState } from '../connection.js';
import { busy, setTitle } from '../status.js';
import { draft, field } from './forms.js';
import { deviceText } from './now.js';

export async function mount(root, _, signal) {
  setTitle('New run', null);
  streamState('live');
  const known = h('datalist', { id: 'known-pipelines' });
  const path = h('input', { id: 'pipeline', name: 'pipeline', list: 'known-pipelines', 'data-test': 'pipeline-path', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', placeholder: 'pipelines/quickstart/quickstart.yaml' });
  const yaml = h('textarea', { id: 'yaml', name: 'yaml', rows: '16', 'data-test': 'pipeline-yaml', spellcheck: 'false', autocapitalize: 'off', placeholder: 'name: …\nbase_model: …\nphases:\n  - …' });
  const folder = h('input', { id: 'folder', name: 'folder', 'data-test': 'folder', spellcheck: 'false', autocapitalize: 'off' });
  const set = h('textarea', { id: 'set', name: 'set', rows: '3', 'data-test': 'overrides', spellcheck: 'false', autocapitalize: 'off', placeholder: 'defaults.learning_rate=1.0e-5' });
  const output = h('input', { id: 'output', name: 'output', 'data-test': 'output', spellcheck: 'false', autocapitalize: 'off', placeholder: 'output_dir of the pipeline' });
  const priority = h('input', { id: 'priority', name: 'priority', type: 'number', step: '1', value: '0', 'data-test': 'priority' });
  const after = h('select', { id: 'after', name: 'after', 'data-test': 'after' }, h('option', { value: '' }, 'nothing'));
  const device = h('select', { id: 'device', name: 'device', 'data-test': 'device' }, h('option', { value: '' }, 'any that is free'));
  const kinds = ['file', 'text'].map((value) => h('input', { type: 'radio', name: 'kind', value, 'data-test': `kind-${value}` }));
  kinds[0].checked = true;
  const fromFile = h('div', {}, field('Pipeline', path, 'A YAML file on the node, as seen from the service’s folder.'), h('div', { class: 'suggestions' }), known);
  const fromText = h('div', {}, field('YAML', yaml), field('Folder', folder, 'What relative paths in it start from.'));
  const planButton = h('button', { type: 'button', class: 'button', 'data-test': 'plan' }, 'Plan');
  const submitButton = h('button', { type: 'submit', class: 'button strong', 'data-test': 'submit' }, 'Submit');
  const result = h('section', { class: 'card result', 'aria-live': 'polite', 'aria-label': 'Plan', 'data-test': 'result' });
  const form = h('form', { class: 'card', 'data-test': 'new-form', novalidate: true },
    h('fieldset', { class: 'segments' }, h('legend', { class: 'unseen' }, 'Where the pipeline is'),
      h('label', {}, kinds[0], h('span', {}, 'A file')), h('label', {}, kinds[1], h('span', {}, 'Paste YAML'))),
    fromFile, fromText,
    field('Settings that replace the pipeline’s', set, 'One KEY=VALUE a line.'),
    h('div', { class: 'fields' }, field('Priority', priority, 'Higher begins first.'), field('After', after), field('Device', device)),
    field('Folder of the run', output, 'Empty for the pipeline’s own.'),
    h('div', { class: 'form-end' }, planButton, submitButton));

  const note = () => replace(result, h('h2', {}, 'Plan'), h('p', { class: 'faint' }, 'Plan makes all checks of a run and says what each phase trains, and what it needs of memory, disk and time. Nothing is trained.'));
  const switchKind = () => {
    fromFile.hidden = kinds[1].checked;
    fromText.hidden = kinds[0].checked;
  };
  kinds.forEach((kind) => kind.addEventListener('change', switchKind));

  /** What is asked for; sentences for what is missing are the page's own, all others the node's. */
  function request() {
    const body = kinds[0].checked ? { pipeline: path.value.trim() } : { yaml: yaml.value, folder: folder.value.trim() };
    body.set = set.value.split('\n').map((line) => line.trim()).filter(Boolean);
    if (kinds[0].checked && !body.pipeline) return [path, 'Choose a pipeline or type its path.'];
    if (kinds[1].checked && !body.yaml.trim()) return [yaml, 'Paste a pipeline.'];
    return [null, body];
  }

  function fail(failure, title) {
    if (failure.name === 'AbortError') return;
    replace(result, h('h2', {}, title), failure.problems ? problemList(failure.problems) : h('p', { class: 'problem', 'data-test': 'problems' }, failure.message));
    result.scrollIntoView({ block: 'nearest' });
  }

  async function ask(work) {
    const [missing, body] = request();
    if (missing) {
      replace(result, h('h2', {}, 'Something is missing'), h('ul', { class: 'problems', 'data-test': 'problems' }, h('li', {}, h('span', {}, body))));
      missing.focus();
      return;
    }
    planButton.disabled = submitButton.disabled = true;
    try {
      await work(body);
    } finally {
      planButton.disabled = submitButton.disabled = false;
    }
  }

  let planning = null;
  planButton.addEventListener('click', () => ask(async (body) => {
    const control = new AbortController();
    signal.addEventListener('abort', () => control.abort());
    const since = Date.now();
    const line = h('p', { class: 'faint' }, 'Checking files, rows and settings…');
    const stop = h('button', { type: 'button', class: 'button small', on: { click: () => control.abort() } }, 'Leave it');
    replace(result, h('h2', {}, 'Planning'), line, stop);
    planning = setInterval(() => setText(line, `Checking files, rows and settings… ${Math.round((Date.now() - since) / 1000)} s`), 1000);
    try {
      const plan = await post('plan', body, { signal: control.signal, patience: 600_000 });
      replace(result, h('h2', {}, `Plan of ${plan.name}`), planTable(plan));
    } catch (failure) {
      if (control.signal.aborted) note();
      else fail(failure, 'It can’t be planned');
    } finally {
      clearInterval(planning);
    }
  }));
  signal.addEventListener('abort', () => clearInterval(planning));

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask(async (body) => {
      const more = { output: output.value.trim() || null, priority: Number(priority.value) || 0, after: after.value ? Number(after.value) : null, device: device.value || null };
      try {
        const entry = await post('queue', { ...body, ...more }, { signal });
        toast(`${entry.name} is number ${entry.number} in the queue.`);
        location.hash = entry.run_id ? runHref(entry.run_id).slice(1) : '#/queue';
      } catch (failure) {
        fail(failure, 'It was not submitted');
      }
    });
  });

  note();
  replace(root, h('header', { class: 'row view-head' }, h('h1', {}, 'New run')), h('div', { class: 'columns new' }, form, result));
  draft('new', form, signal);
  switchKind();

  await Promise.all([
    get('pipelines', { signal }).then(({ pipelines }) => showKnown(known, fromFile.children[1], pipelines, path)),
    readQueue(signal).then((entries) => after.append(...entries
      .filter(({ state }) => busy(state) || state === 'waiting')
      .map(({ number, name }) => h('option', { value: number }, `#${number} ${name}`)))),
    readService(signal).then((service) => {
      device.append(...(service.devices ?? []).map((each) => h('option', { value: typeof each === 'string' ? each.split(/\s/)[0] : each.id ?? each.device }, deviceText(each))));
      if (!folder.value) folder.value = service.folder ?? '';
    }),
  ]);
}

/** The pipelines that the node found: as suggestions of the field, and as buttons for a finger. */
function showKnown(list, holder, pipelines, path) {
  list.append(...pipelines.map((pipeline) => h('option', { value: pipeline.path }, pipeline.name ?? '')));
  holder.append(...pipelines.slice(0, 12).map((pipeline) =>
    h('button', {
      type: 'button', class: 'suggestion', title: pipeline.path, 'data-test': 'suggestion',
      on: {
        click: () => {
          path.value = pipeline.path;
          path.dispatchEvent(new Event('input', { bubbles: true }));
        },
      },
    }, pipeline.name || pipeline.path)));
}
