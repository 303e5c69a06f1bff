  # ---- Heads: queries, keys and values of x [batch, seq, hidden], as three projections give them, queries and keys normed head by head.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

  def heads(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q = (self).split_heads((self).project(x, w, {{q_proj}}), {{heads}})
    k = (self).split_heads((self).project(x, w, {{k_proj}}), {{kv_heads}})
    v = (self).split_heads((self).project(x, w, {{v_proj}}), {{kv_heads}})
    q1 = (self).norm(q, w[{{q_norm.weight}}])
    k1 = (self).norm(k, w[{{k_norm.weight}}])
    return (q1, k1, v)
