  # ---- Positions: none but the order that causal attention gives (Kazemnejad et al. 2023).

  # q [batch, seq, heads, head_dim]; k [batch, seq, kv_heads, head_dim]
  def turn(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    return (q, k)

  def turn_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, of_q: bool, of_k: bool, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    return (gq, gk)
