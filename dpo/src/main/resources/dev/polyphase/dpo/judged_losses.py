
  # ---- Losses of single completions, each [N]. desirable [N]: 1 where a completion is, else 0.
  # KTO (Ethayarajh et al. 2024, eq. 7): a completion's log-ratio against kl, what the policy has moved from the reference in general.
  def kto(self: __torch__.K, ratios: Tensor, desirable: Tensor, kl: Tensor) -> Tensor:
    sign = torch.sub(torch.mul(desirable, 2), 1)
    return torch.sigmoid(torch.mul(torch.mul(torch.sub(kl, ratios), sign), {{beta}}))

  # APO (D'Oosterlinck et al. 2024, eq. 7) of single completions.
  def apo_zero_unpaired(self: __torch__.K, ratios: Tensor, desirable: Tensor, kl: Tensor) -> Tensor:
    sign = torch.sub(torch.mul(desirable, 2), 1)
    return torch.sigmoid(torch.mul(torch.mul(ratios, sign), {{minus_beta}}))

  # The losses [N], and the slopes of their sum, of logps [N]. kl: float64 [], at least 0.
  def vjp(self: __torch__.K, logps: Tensor, reference: Tensor, desirable: Tensor, kl: Tensor) -> List[Tensor]:
    logps1 = torch.requires_grad_(torch.detach(logps), True)
    weights = torch.add(torch.mul(desirable, {{desirable_weight}}), torch.mul(torch.rsub(desirable, 1), {{undesirable_weight}}))
    losses = torch.mul((self).{{loss}}(torch.sub(logps1, reference), desirable, kl), weights)
    found = torch.grad([torch.sum(losses)], [logps1], None, None, False, False)
    return [torch.detach(losses), unchecked_cast(Tensor, found[0])]

  # How far the policy has moved from the reference, of log-probabilities of completions after prompts that are not theirs: float64 [], not below 0.
  def moved(self: __torch__.K, logps: Tensor, reference: Tensor) -> Tensor:
    return torch.clamp(torch.mean(torch.sub(logps, reference)), 0., None)
