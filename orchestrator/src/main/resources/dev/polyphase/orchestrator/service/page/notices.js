// Short sentences about what was done or went wrong, and what only a screen reader says.
import { h, setText } from './dom.js';

/** Shows a sentence at the lower edge for a while; `tone` is `plain` or `failed`. */
export function toast(sentence, tone = 'plain') {
  const node = h('p', { class: 'toast', dataset: { tone, test: 'toast' } }, sentence);
  const holder = document.getElementById('toasts');
  while (holder.childElementCount > 3) holder.firstElementChild.remove();
  holder.append(node);
  setTimeout(() => node.remove(), tone === 'failed' ? 12000 : 5000);
}

/** Says a change of state aloud. */
export function announce(sentence) {
  setText(document.getElementById('announce'), sentence);
}

/** The problems of an answer as a list: where, and what is wrong there. */
export function problemList(problems) {
  return h(
    'ul',
    { class: 'problems', 'data-test': 'problems' },
    problems.map((problem) =>
      h('li', {}, problem.place ? h('code', {}, problem.place) : null, h('span', {}, problem.sentence))));
}

/** Runs what a button asks for and says how it went; gives its answer, or null where it failed. */
export async function attempt(action, done) {
  try {
    const answer = await action();
    if (done) toast(done);
    return answer;
  } catch (failure) {
    if (failure.name !== 'AbortError') toast(failure.message, 'failed');
    return null;
  }
}
