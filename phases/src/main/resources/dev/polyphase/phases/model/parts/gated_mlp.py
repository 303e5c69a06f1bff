  # ---- MLP: a gate and what it lets through (Shazeer 2020, eq. 6).

  # x, the result [batch, seq, hidden]. An MLP says nothing of its own.
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor], said: List[Tensor]) -> Tensor:
    gate, up, = (self).gates(x, w)
    return (self).project(torch.mul((self).activated(gate), up), w, {{down_proj}})
