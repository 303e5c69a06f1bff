// The login, where the node is reached from elsewhere and wants a token.
import { post } from '../api.js';
import { h, replace } from '../dom.js';
import { streamState } from '../connection.js';
import { setTitle } from '../status.js';

export function mount(root, [entered]) {
  setTitle('Sign in', null);
  streamState('connecting');
  const token = h('input', { id: 'token', name: 'token', type: 'password', autocomplete: 'current-password', required: true, 'data-test': 'token', 'aria-describedby': 'token-help token-problem', spellcheck: 'false' });
  const problem = h('p', { id: 'token-problem', class: 'problem', role: 'alert', 'data-test': 'login-problem' });
  const enter = h('button', { class: 'button strong', type: 'submit', 'data-test': 'login' }, 'Sign in');
  const form = h('form', { class: 'card login' },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'faint', id: 'token-help' }, 'The token is in the file that the service was started with (--token-file).'),
    h('label', { for: 'token' }, 'Token'),
    token,
    problem,
    enter);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.textContent = '';
    enter.disabled = true;
    try {
      await post('login', { token: token.value });
      entered();
    } catch (failure) {
      problem.textContent = failure.status === 401 || failure.status === 403 ? 'That is not the token.' : failure.message;
      token.select();
    } finally {
      enter.disabled = false;
    }
  });
  replace(root, form);
  token.focus();
}
