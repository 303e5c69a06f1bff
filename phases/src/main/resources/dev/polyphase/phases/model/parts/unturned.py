  # ---- Positions: none but the order that causal attention gives (Kazemnejad et al. 2023).

  # q [batch, heads, seq, head_dim]; k [batch, kv_heads, seq, head_dim]
  def turn(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    return (q, k)
