  # ---- Heads: queries, keys and values of x [batch, seq, hidden], head by head.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

  def heads(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q, k, v, = (self).queries_keys_values(x, w)
    return ((self).split_heads(q, {{heads}}), (self).split_heads(k, {{kv_heads}}), (self).split_heads(v, {{kv_heads}}))
