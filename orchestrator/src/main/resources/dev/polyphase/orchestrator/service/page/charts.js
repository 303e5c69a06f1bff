// Which figures are drawn together, and what they are called. A name that isn't here, of an
// objective to come, gets a chart of its own.

const charts = [
  { id: 'loss', title: 'Loss', test: (name) => name === 'loss' },
  { id: 'held_out', title: 'Held-out loss', test: (name) => /^eval_loss($|\/)/.test(name) },
  { id: 'learning_rate', title: 'Learning rate', test: (name) => name === 'learning_rate' },
  { id: 'grad_norm', title: 'Gradient norm', test: (name) => name === 'grad_norm' },
  { id: 'tokens_per_second', title: 'Tokens a second', test: (name) => name === 'tokens_per_second' },
  { id: 'loss_by_dataset', title: 'Loss by dataset', test: (name) => name.startsWith('loss/') },
  { id: 'rewards', title: 'Rewards', test: (name) => /^(eval_)?rewards\/(?!accuracies|ties)/.test(name) },
  { id: 'accuracies', title: 'Reward accuracy and ties', test: (name) => /^(eval_)?rewards\/(accuracies|ties)$/.test(name) },
  { id: 'logps', title: 'Log-probabilities', test: (name) => /^(eval_)?logps\//.test(name) },
  { id: 'logits', title: 'Mean logits', test: (name) => /^(eval_)?logits\//.test(name) },
  { id: 'nll_loss', title: 'Negative log-likelihood', test: (name) => /^(eval_)?nll_loss$/.test(name) },
  { id: 'log_odds', title: 'Log odds', test: (name) => /^(eval_)?log_odds_/.test(name) },
  { id: 'kl', title: 'KL to the reference', test: (name) => /^(eval_)?kl$/.test(name) },
];
// How long an evaluation took is in the log.
const notDrawn = new Set(['eval_runtime', 'eval_samples_per_second', 'eval_steps_per_second']);

/** The charts for these names: `{id, title, names}`; the first five are always there. */
export function chartsOf(names) {
  const rest = new Set([...names].filter((name) => !notDrawn.has(name)));
  const found = [];
  for (const { id, title, test } of charts) {
    const mine = [...rest].filter(test);
    mine.forEach((name) => rest.delete(name));
    // What is trained before what is held out, so that a pair has the same colour in every phase.
    mine.sort((one, other) => Number(one.startsWith('eval_')) - Number(other.startsWith('eval_')));
    if (mine.length > 0) found.push({ id, title, names: mine });
  }
  for (const name of rest) found.push({ id: name.replace(/[^a-z0-9]+/gi, '_'), title: name, names: [name] });
  return found;
}

/** A figure's name within its chart: `chosen` of `rewards/chosen`. */
export function shortName(name) {
  if (name === 'eval_loss') return 'all rows';
  const bare = name.replace(/^eval_/, '');
  const short = bare.includes('/') ? bare.slice(bare.indexOf('/') + 1) : bare;
  return name.startsWith('eval_') && !name.startsWith('eval_loss') ? `${short}, held out` : short;
}
