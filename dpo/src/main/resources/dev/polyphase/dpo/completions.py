# Task: the loss of preferences
# Completions of one forward pass, or of all of a step's. What every preference loss has stands first; the losses themselves are the files behind it.
# Shapes: n targets, in any order; C completions. of_target int64 [n]: the completion that a target belongs to. weights, nll_weights float64 [n]: how much
# a target counts in its completion's log-probability, and in its negative log-likelihood. Everything of completions is float64.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # Adds values float64 [n] to zeros [C], of each device with what adds in one order every time.
  def by_completion(self: __torch__.K, zeros: Tensor, of_target: Tensor, values: Tensor) -> Tensor:
    if {{on_gpu}}:
      added = torch.index_put_(zeros, annotate(List[Optional[Tensor]], [of_target]), values, True)
    else:
      added = torch.index_add_(zeros, 0, of_target, values)
    return added

  # log_probs float32 [n] -> the sums by completion [C], as many as count has.
  def sums(self: __torch__.K, log_probs: Tensor, of_target: Tensor, weights: Tensor, count: Tensor) -> Tensor:
    zeros = torch.zeros([int(count)], dtype=7, device=torch.device("{{device}}"))
    return (self).by_completion(zeros, of_target, torch.mul(torch.to(log_probs, 7), weights))

  # The weight of each completion in WPO (Zhou et al. 2024, eq. 2): the geometric mean of its tokens' probabilities, each over that which the policy's own
  # distribution gives it. squares float32 [n]: the logarithm of the sum of squared probabilities; lengths [C].
  def on_policy(self: __torch__.K, log_probs: Tensor, squares: Tensor, of_target: Tensor, lengths: Tensor) -> Tensor:
    aligned = torch.sub(torch.to(log_probs, 7), torch.to(squares, 7))
    return torch.exp(torch.div((self).by_completion(torch.zeros_like(lengths), of_target, aligned), lengths))

  # The negative log-likelihoods of the first completions [count], times scale (float64 []).
  def nll(self: __torch__.K, log_probs: Tensor, of_target: Tensor, nll_weights: Tensor, completions: Tensor, count: Tensor, scale: Tensor) -> Tensor:
    found = (self).sums(log_probs, of_target, nll_weights, completions)
    return torch.mul(torch.narrow(found, 0, 0, int(count)), torch.neg(float(scale)))

  # From the slopes of completions, of_logps [C] and, of the first ones, of_nll, to those of targets: float32 [n], divided by divisor. scale: as in nll.
  def spread(self: __torch__.K, of_logps: Tensor, of_nll: Tensor, scale: Tensor, of_target: Tensor, weights: Tensor, nll_weights: Tensor, divisor: Tensor) -> Tensor:
    likelihood = torch.mul(torch.cat([of_nll, torch.zeros_like(of_logps)]), float(scale))
    slopes = torch.sub(torch.mul(torch.index_select(of_logps, 0, of_target), weights), torch.mul(torch.index_select(likelihood, 0, of_target), nll_weights))
    return torch.to(torch.div(slopes, float(divisor)), 6)

  # log(1 - exp(x)) for x below 0 (Maechler 2012), either way where it keeps its digits.
  def log1mexp(self: __torch__.K, x: Tensor) -> Tensor:
    near = torch.log(torch.neg(torch.expm1(torch.clamp(x, -0.693147180559945, None))))
    far = torch.log1p(torch.neg(torch.exp(torch.clamp(x, None, -0.693147180559945))))
    return torch.where(torch.gt(x, -0.693147180559945), near, far)
