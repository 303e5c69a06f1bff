
  # ---- Losses of pairs, each [P], for P pairs. b is beta and e label_smoothing.
  # p: 0 scores [2, P], of the chosen and of the rejected completions; 1 log-ratios log(policy/reference) [2, P]; 2 and 3 log-probabilities of
  # policy and reference [2, P]; 4 tokens of the completions [2, P].
  # The scores are the log-ratios, or what an f-divergence other than the reverse Kullback-Leibler divergence makes of them.

  # How much the chosen scores above the rejected.
  def preference(self: __torch__.K, scores: Tensor) -> Tensor:
    return torch.sub(torch.select(scores, 0, 0), torch.select(scores, 0, 1))

  # -(1-e) log s(x) - e log s(-x)
  def smoothed(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.sub(torch.mul(torch.log_sigmoid(x), {{minus_kept}}), torch.mul(torch.log_sigmoid(torch.neg(x)), {{label_smoothing}}))

  # DPO (Rafailov et al. 2023, eq. 7); smoothed, cDPO (Mitchell 2023).
  def sigmoid(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return (self).smoothed(torch.mul((self).preference(p[0]), {{beta}}))

  # SLiC (Zhao et al. 2023), RSO (Liu et al. 2024).
  def hinge(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return torch.relu(torch.rsub(torch.mul((self).preference(p[0]), {{beta}}), 1))

  # IPO (Azar et al. 2023, eq. 17) of scores by token.
  def ipo(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return torch.square(torch.sub((self).preference(torch.div(p[0], p[4])), {{half_inverse_beta}}))

  # EXO (Ji et al. 2024, eq. 16) for two completions: the divergence of what the policy prefers from the smoothed judgement.
  def exo_pair(self: __torch__.K, p: List[Tensor]) -> Tensor:
    x = torch.mul((self).preference(p[0]), {{beta}})
    y = torch.neg(x)
    chosen = torch.mul(torch.sigmoid(x), torch.sub(torch.log_sigmoid(x), {{log_kept}}))
    rejected = torch.mul(torch.sigmoid(y), torch.sub(torch.log_sigmoid(y), {{log_smoothing}}))
    return torch.add(chosen, rejected)

  # NCA (Chen et al. 2024, eq. 11).
  def nca_pair(self: __torch__.K, p: List[Tensor]) -> Tensor:
    rewards = torch.mul(p[1], {{beta}})
    against = torch.sum(torch.log_sigmoid(torch.neg(rewards)), [0])
    return torch.neg(torch.add(torch.log_sigmoid(torch.select(rewards, 0, 0)), torch.mul(against, 0.5)))

  # Robust DPO (Chowdhury et al. 2024, eq. 12).
  def robust(self: __torch__.K, p: List[Tensor]) -> Tensor:
    x = torch.mul((self).preference(p[0]), {{beta}})
    clean = torch.mul(torch.log_sigmoid(x), {{minus_kept}})
    flipped = torch.mul(torch.log_sigmoid(torch.neg(x)), {{label_smoothing}})
    return torch.div(torch.add(clean, flipped), {{unsmoothed}})

  # BCO (Jung et al. 2024) of pairs, without its running mean.
  def bco_pair(self: __torch__.K, p: List[Tensor]) -> Tensor:
    rewards = torch.mul(p[1], {{beta}})
    return torch.neg(torch.add(torch.log_sigmoid(torch.select(rewards, 0, 0)), torch.log_sigmoid(torch.neg(torch.select(rewards, 0, 1)))))

  # SPPO (Wu et al. 2024, eq. 4.7), where the chosen completion wins for certain.
  def sppo_hard(self: __torch__.K, p: List[Tensor]) -> Tensor:
    chosen = torch.square(torch.sub(torch.select(p[1], 0, 0), {{half_inverse_beta}}))
    rejected = torch.square(torch.add(torch.select(p[1], 0, 1), {{half_inverse_beta}}))
    return torch.add(chosen, rejected)

  def sorted(self: __torch__.K, x: Tensor) -> Tensor:
    values, _0, = torch.sort(x, 0, False)
    return values

  # AOT (Melnyk et al. 2024) of pairs: the policy's preferences against the reference's, each in order of size, over all pairs of the step.
  def aot(self: __torch__.K, p: List[Tensor]) -> Tensor:
    margins = torch.sub((self).sorted((self).preference(p[2])), (self).sorted((self).preference(p[3])))
    return (self).smoothed(torch.mul(margins, {{beta}}))

  # AOT of completions: the chosen ones' log-ratios against the rejected ones', each in order of size.
  def aot_unpaired(self: __torch__.K, p: List[Tensor]) -> Tensor:
    margins = torch.sub((self).sorted(torch.select(p[1], 0, 0)), (self).sorted(torch.select(p[1], 0, 1)))
    return (self).smoothed(torch.mul(margins, {{beta}}))

  # APO (D'Oosterlinck et al. 2024, eq. 7): chosen completions are better than what the model says.
  def apo_zero(self: __torch__.K, p: List[Tensor]) -> Tensor:
    s = torch.sigmoid(torch.mul(p[1], {{beta}}))
    return torch.rsub((self).preference(s), 1)

  # APO (eq. 8): chosen completions are worse than what the model says.
  def apo_down(self: __torch__.K, p: List[Tensor]) -> Tensor:
    chosen = torch.sigmoid(torch.mul(torch.select(p[1], 0, 0), {{beta}}))
    return torch.add(chosen, torch.sigmoid(torch.mul((self).preference(p[1]), {{minus_beta}})))

  # DiscoPOP (Lu et al. 2024, eq. 5).
  def discopop(self: __torch__.K, p: List[Tensor]) -> Tensor:
    x = torch.mul((self).preference(p[0]), {{beta}})
    share = torch.sigmoid(torch.div(x, {{discopop_tau}}))
    logistic = torch.mul(torch.neg(torch.log_sigmoid(x)), torch.rsub(share, 1))
    return torch.add(logistic, torch.mul(torch.exp(torch.neg(x)), share))

  # DPO of scores by token, as TRL has it.
  def sigmoid_norm(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return torch.neg(torch.log_sigmoid(torch.mul((self).preference(torch.div(p[0], p[4])), {{beta}})))

  # CPO (Xu et al. 2024, eq. 3), of log-probabilities without a reference.
  def cpo_sigmoid(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return (self).smoothed(torch.mul((self).preference(p[2]), {{beta}}))

  def cpo_hinge(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return torch.relu(torch.rsub(torch.mul((self).preference(p[2]), {{beta}}), 1))

  # By token.
  def cpo_ipo(self: __torch__.K, p: List[Tensor]) -> Tensor:
    return torch.square(torch.sub((self).preference(torch.div(p[2], p[4])), {{half_inverse_beta}}))

  # SimPO (Meng et al. 2024, eq. 6): log-probabilities by token, and a margin gamma.
  def simpo(self: __torch__.K, p: List[Tensor]) -> Tensor:
    x = torch.mul((self).preference(torch.div(p[2], p[4])), {{beta}})
    return (self).smoothed(torch.sub(x, {{gamma}}))

  # AlphaPO (Gupta et al. 2025): SimPO of rewards (1 - p^-alpha) / alpha, p the geometric mean of a completion's tokens' probabilities.
  def alphapo(self: __torch__.K, p: List[Tensor]) -> Tensor:
    rewards = torch.div(torch.rsub(torch.exp(torch.mul(torch.div(p[2], p[4]), {{minus_alpha}})), 1), {{alpha}})
    return (self).smoothed(torch.sub(torch.mul((self).preference(rewards), {{beta}}), {{gamma}}))

  # ORPO's second part (Hong et al. 2024, eq. 7): the odds of completions, of log-probabilities by token.
  def orpo(self: __torch__.K, p: List[Tensor]) -> Tensor:
    mean = torch.div(p[2], p[4])
    log_odds = (self).preference(torch.sub(mean, (self).log1mexp(mean)))
    return torch.mul(torch.log_sigmoid(log_odds), {{minus_beta}})

  # ---- f-divergences (Wang et al. 2023): the derivative of f at the ratio whose logarithm x is. For the reverse Kullback-Leibler divergence it is x
  # itself but for a constant that no loss sees.
  def reverse_kl(self: __torch__.K, x: Tensor) -> Tensor:
    return x

  def forward_kl(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.neg(torch.expm1(torch.neg(x)))

  def js_divergence(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.add(torch.log_sigmoid(x), 0.693147180559945309)

  # With the exponent bounded as in TRL, where it would be infinite in float32.
  def alpha_divergence(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.div(torch.expm1(torch.clamp(torch.mul(x, {{divergence_exponent}}), None, 80.)), {{divergence_exponent}})

  # ---- The loss of a phase.
  # logps, reference, lengths [2, P]; nll [P]: the chosen completions' negative log-likelihoods, scaled so that their mean over pairs is that over tokens;
  # on_policy [2, P]: WPO's weights.
  def losses(self: __torch__.K, logps: Tensor, nll: Tensor, reference: Tensor, lengths: Tensor, on_policy: Tensor) -> Tensor:
    ratios = torch.sub(logps, reference)
    p = [(self).{{divergence}}(ratios), ratios, logps, reference, lengths]
    found = torch.mul(nll, {{nll_weight}})
{{terms}}
    return torch.mul(found, torch.mul(torch.select(on_policy, 0, 0), torch.select(on_policy, 0, 1)))

  # The losses, and the slopes of their sum: of logps [2, P], of nll [P].
  def vjp(self: __torch__.K, logps: Tensor, nll: Tensor, reference: Tensor, lengths: Tensor, on_policy: Tensor) -> List[Tensor]:
    logps1 = torch.requires_grad_(torch.detach(logps), True)
    nll1 = torch.requires_grad_(torch.detach(nll), True)
    losses = (self).losses(logps1, nll1, reference, lengths, on_policy)
    found = torch.grad([torch.sum(losses)], [logps1, nll1], None, None, False, True)
    slopes = [torch.detach(losses)]
    for i in range(torch.len(found)):
      slope = found[i]
      if torch.__isnot__(slope, None):
        _0 = torch.append(slopes, unchecked_cast(Tensor, slope))
      else:
        if torch.eq(i, 0):
          _1 = torch.append(slopes, torch.zeros_like(logps))
        else:
          _2 = torch.append(slopes, torch.zeros_like(nll))
    return slopes
