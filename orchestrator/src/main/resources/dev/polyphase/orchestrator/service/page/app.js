// The page's frame: which view the address asks for, the login where the node wants one.
import { get, post, Refused } from './api.js';
import { h, replace } from './dom.js';
import { setTitle } from './status.js';
import { startTheme } from './theme.js';
import * as compare from './views/compare.js';
import * as login from './views/login.js';
import * as now from './views/now.js';
import * as plan from './views/new.js';
import * as queue from './views/queue.js';
import * as run from './views/run.js';
import * as schedules from './views/schedules.js';

const routes = [
  [/^$/, 'now', now],
  [/^run\/([^/]+)$/, 'now', run],
  [/^compare\/([^/]+)\/([^/]+)$/, 'now', compare],
  [/^queue$/, 'queue', queue],
  [/^schedules$/, 'schedules', schedules],
  [/^new$/, 'new', plan],
];

const main = document.getElementById('main');
let leave = () => {};
let signingIn = false;

/** The parts of an address behind the `#/`, without its query. */
function address() {
  return location.hash.replace(/^#\/?/, '').split('?')[0];
}

function show(focus) {
  const path = address();
  const [, name, view] = routes.find(([pattern]) => pattern.test(path)) ?? [];
  for (const link of document.querySelectorAll('.nav a')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const parameters = view ? path.match(routes.find(([, , each]) => each === view)[0]).slice(1).map(decodeURIComponent) : [];
  mount(view ?? missing, parameters);
  scrollTo(0, 0);
  if (focus) main.focus({ preventScroll: true });
}

/** Puts a view in the place of the one before, whose requests and streams end. */
function mount(view, parameters) {
  leave();
  const control = new AbortController();
  leave = () => control.abort();
  main.replaceChildren();
  setTitle('', null);
  Promise.resolve(view.mount(main, parameters, control.signal)).catch((failure) => {
    if (failure.name === 'AbortError' || control.signal.aborted || failure.status === 401) return;
    if (!(failure instanceof Refused)) console.error(failure);
    replace(
      main,
      h('section', { class: 'card notice', 'data-test': 'failure' },
        h('h1', {}, failure.status === 404 ? 'Not found' : 'This view can’t be shown'),
        h('p', {}, failure.message),
        h('p', {}, h('a', { href: '#/' }, 'What runs now'))));
  });
}

const missing = {
  mount(root) {
    replace(root, h('section', { class: 'card notice' }, h('h1', {}, 'Not found'), h('p', {}, 'There is no such view. ', h('a', { href: '#/' }, 'What runs now'))));
  },
};

/** Asks for the token, then shows again what was asked for. */
function signIn() {
  if (signingIn) return;
  signingIn = true;
  mount(login, [
    () => {
      signingIn = false;
      signOut.hidden = false;
      show(true);
    },
  ]);
}

const signOut = document.getElementById('sign-out');
signOut.addEventListener('click', async () => {
  await post('logout').catch(() => null);
  signOut.hidden = true;
  signIn();
});
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
startTheme(document.getElementById('theme'));
addEventListener('unauthorized', signIn);
addEventListener('hashchange', () => !signingIn && show(true));
show(false);
get('service')
  .then((service) => (signOut.hidden = !service.token_required))
  .catch(() => null);
