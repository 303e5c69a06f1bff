  # ---- Queries, keys and values of x [batch, seq, hidden], as three projections give them.
  # q [batch, seq, heads * head_dim]; k, v [batch, seq, kv_heads * head_dim]

  def queries_keys_values(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    q = (self).project(x, w, {{q_proj}})
    k = (self).project(x, w, {{k_proj}})
    v = (self).project(x, w, {{v_proj}})
    return (q, k, v)

  # Whether the gradients of queries, of keys and of values are wanted for their projections' sake.
  def trains_queries_keys_values(self: __torch__.K, trained: List[int]) -> Tuple[bool, bool, bool]:
    q = (self).trains_projection(trained, {{q_proj}})
    k = (self).trains_projection(trained, {{k_proj}})
    v = (self).trains_projection(trained, {{v_proj}})
    return (q, k, v)

  def attention_reads(self: __torch__.K, trained: List[int]) -> bool:
    return torch.__or__((self).reads(trained, {{q_proj}}), torch.__or__((self).reads(trained, {{k_proj}}), (self).reads(trained, {{v_proj}})))

  # of_q, of_k, of_v: whether there is a gradient of queries, of keys, of values. The gradient of x [tokens, hidden], if it is wanted, in a list.
  def queries_keys_values_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, gv: Tensor, of_q: bool, of_k: bool, of_v: bool, x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, found: List[Optional[Tensor]]) -> List[Tensor]:
    gx = annotate(List[Tensor], [])
    if of_q:
      _0 = (self).project_vjp(gq, x, trained, wanted, gx, found, w, {{q_proj}})
    if of_k:
      _1 = (self).project_vjp(gk, x, trained, wanted, gx, found, w, {{k_proj}})
    if of_v:
      _2 = (self).project_vjp(gv, x, trained, wanted, gx, found, w, {{v_proj}})
    return gx
