  # ---- Queries, keys and values of x [batch, seq, hidden], as one projection gives them side by side.
  # q [batch, seq, heads * head_dim]; k, v [batch, seq, kv_heads * head_dim]

  def queries_keys_values(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    keys = torch.mul({{kv_heads}}, {{head_dim}})
    q, k, v, = torch.split_with_sizes((self).project(x, w, {{qkv_proj}}), [torch.mul({{heads}}, {{head_dim}}), keys, keys], -1)
    return (q, k, v)
