  # ---- Shares: the softmax of scores [batch, heads, queries, keys] over the keys, float32.

  def shares(self: __torch__.K, scores: Tensor, w: List[Tensor]) -> Tensor:
    return torch.softmax(scores, -1, 6)
