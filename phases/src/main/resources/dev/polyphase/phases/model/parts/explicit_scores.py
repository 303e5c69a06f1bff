  # ---- Scores: scaled products of queries and keys, capped (Bello et al. 2016) or with a head's sink (Xiao et al. 2023), which no fused attention knows.

  # Whether keys and values are there once for each query head.
  def repeats(self: __torch__.K, dtype: int) -> bool:
    return {{heads_per_group}} > 1

  # The scores [batch, heads, queries, keys] are there whole, as masked ones too. The softmax is in float32.
  def attend(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, w: List[Tensor]) -> Tensor:
    scores = torch.mul(torch.matmul(q, torch.transpose(k, 2, 3)), {{score_scale}})
    if {{score_cap}} > 0.:
      capped = torch.mul(torch.tanh(torch.div(scores, {{score_cap}})), {{score_cap}})
    else:
      capped = scores
    unseen = torch.logical_not((self).seen(torch.size(q, 2), torch.size(k, 2)))
    masked = torch.masked_fill(capped, unseen, -inf)
    shares = (self).shares(masked, w)
    return torch.matmul(torch.type_as(shares, v), v)
