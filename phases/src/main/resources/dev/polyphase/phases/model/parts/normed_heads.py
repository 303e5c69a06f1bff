  # ---- Heads: queries, keys and values of x [batch, seq, hidden], head by head, queries and keys normed so.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

  def heads(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q, k, v, = (self).queries_keys_values(x, w)
    q1 = (self).norm((self).split_heads(q, {{heads}}), w[{{q_norm.weight}}])
    k1 = (self).norm((self).split_heads(k, {{kv_heads}}), w[{{k_norm.weight}}])
    return (q1, k1, (self).split_heads(v, {{kv_heads}}))
