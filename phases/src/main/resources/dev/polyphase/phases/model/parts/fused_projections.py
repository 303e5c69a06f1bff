  # ---- Queries, keys and values of x [batch, seq, hidden], as one projection gives them side by side.
  # q [batch, seq, heads * head_dim]; k, v [batch, seq, kv_heads * head_dim]

  def queries_keys_values(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    keys = torch.mul({{kv_heads}}, {{head_dim}})
    q, k, v, = torch.split_with_sizes((self).project(x, w, {{qkv_proj}}), [torch.mul({{heads}}, {{head_dim}}), keys, keys], -1)
    return (q, k, v)

  # Whether the gradients of queries, of keys and of values are wanted for their projection's sake.
  def trains_queries_keys_values(self: __torch__.K, trained: List[int]) -> Tuple[bool, bool, bool]:
    all = (self).trains_projection(trained, {{qkv_proj}})
    return (all, all, all)

  def attention_reads(self: __torch__.K, trained: List[int]) -> bool:
    return (self).reads(trained, {{qkv_proj}})

  # The gradients of queries, keys and values are wanted all or none. The gradient of x [tokens, hidden], if it is wanted, in a list.
  def queries_keys_values_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, gv: Tensor, of_q: bool, of_k: bool, of_v: bool, x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, found: List[Optional[Tensor]]) -> List[Tensor]:
    gx = annotate(List[Tensor], [])
    if of_v:
      _0 = (self).project_vjp(torch.cat([gq, gk, gv], -1), x, trained, wanted, gx, found, w, {{qkv_proj}})
    return gx
