  # ---- Queries, keys and values of x [batch, seq, hidden], as three projections give them.
  # q [batch, seq, heads * head_dim]; k, v [batch, seq, kv_heads * head_dim]

  def queries_keys_values(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q = (self).project(x, w, {{q_proj}})
    k = (self).project(x, w, {{k_proj}})
    v = (self).project(x, w, {{v_proj}})
    return (q, k, v)
