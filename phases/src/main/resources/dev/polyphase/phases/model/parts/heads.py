  # ---- Heads: queries and keys of all heads side by side, head by head.
  # q [batch, seq, heads * head_dim] -> [batch, seq, heads, head_dim]; k [batch, seq, kv_heads * head_dim] -> [batch, seq, kv_heads, head_dim]

  def heads(self: __torch__.K, q: Tensor, k: Tensor, w: List[Tensor], of_q: bool, of_k: bool, kept: List[Tensor]) -> Tuple[Tensor, Tensor]:
    return ((self).split_heads(q, {{heads}}), (self).split_heads(k, {{kv_heads}}))

  # Whether norms of queries and of keys are trained.
  def trains_heads(self: __torch__.K, trained: List[int]) -> Tuple[bool, bool]:
    return (False, False)

  # of_q, of_k: whether there is a gradient of queries, of keys; of_projected_q, of_projected_k: whether that of what heads was given is wanted.
  def heads_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, w: List[Tensor], trained: List[int], of_q: bool, of_k: bool, of_projected_q: bool, of_projected_k: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tuple[Tensor, Tensor]:
    return (gq, gk)
