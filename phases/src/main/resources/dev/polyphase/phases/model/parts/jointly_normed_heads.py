  # ---- Heads: queries, keys and values of x [batch, seq, hidden], head by head, queries and keys normed before over all heads of a token.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

  def heads(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q, k, v, = (self).queries_keys_values(x, w)
    q1 = (self).norm(q, w[{{q_norm.weight}}])
    k1 = (self).norm(k, w[{{k_norm.weight}}])
    return ((self).split_heads(q1, {{heads}}), (self).split_heads(k1, {{kv_heads}}), (self).split_heads(v, {{kv_heads}}))
