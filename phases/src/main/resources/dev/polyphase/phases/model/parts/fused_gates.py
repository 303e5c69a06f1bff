  # ---- Gate and what it lets through, as one projection gives them side by side: both [batch, seq, intermediate].

  def gates(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor]:
    gate, up, = torch.chunk((self).project(x, w, {{gate_up_proj}}), 2, -1)
    return (gate, up)
