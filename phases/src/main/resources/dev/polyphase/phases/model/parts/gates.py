  # ---- Gate and what it lets through, as two projections give them: both [batch, seq, intermediate].

  def gates(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor]:
    gate = (self).project(x, w, {{gate_proj}})
    up = (self).project(x, w, {{up_proj}})
    return (gate, up)
