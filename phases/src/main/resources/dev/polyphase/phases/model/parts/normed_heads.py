  # ---- Heads: queries and keys of all heads side by side, head by head, normed before: each head or all of a token together, in {{norms_of_queries}} and {{norms_of_keys}} parts.
  # q [batch, seq, heads * head_dim] -> [batch, seq, heads, head_dim]; k [batch, seq, kv_heads * head_dim] -> [batch, seq, kv_heads, head_dim]

  def heads(self: __torch__.K, q: Tensor, k: Tensor, w: List[Tensor], of_q: bool, of_k: bool, kept: List[Tensor]) -> Tuple[Tensor, Tensor]:
    q1 = (self).normed_heads((self).split_heads(q, {{norms_of_queries}}), w, {{q_norm.weight}}, of_q, kept)
    k1 = (self).normed_heads((self).split_heads(k, {{norms_of_keys}}), w, {{k_norm.weight}}, of_k, kept)
    return ((self).split_heads(q1, {{heads}}), (self).split_heads(k1, {{kv_heads}}))

  def normed_heads(self: __torch__.K, x: Tensor, w: List[Tensor], norm: int, wanted: bool, kept: List[Tensor]) -> Tensor:
    y, scale, = (self).norm(x, w[norm])
    if wanted:
      _0 = torch.append(kept, x)
      _1 = torch.append(kept, scale)
    return y

  # Whether norms of queries and of keys are trained.
  def trains_heads(self: __torch__.K, trained: List[int]) -> Tuple[bool, bool]:
    return ((self).trains(trained, {{q_norm.weight}}), (self).trains(trained, {{k_norm.weight}}))

  # of_q, of_k: whether there is a gradient of queries, of keys; of_projected_q, of_projected_k: whether that of what heads was given is wanted.
  def heads_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, w: List[Tensor], trained: List[int], of_q: bool, of_k: bool, of_projected_q: bool, of_projected_k: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tuple[Tensor, Tensor]:
    gk1 = (self).normed_heads_vjp(gk, {{norms_of_keys}}, w, {{k_norm.weight}}, trained, of_k, of_projected_k, kept, found)
    gq1 = (self).normed_heads_vjp(gq, {{norms_of_queries}}, w, {{q_norm.weight}}, trained, of_q, of_projected_q, kept, found)
    return (gq1, gk1)

  def normed_heads_vjp(self: __torch__.K, g: Tensor, parts: int, w: List[Tensor], norm: int, trained: List[int], there: bool, wanted: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tensor:
    gx = g
    if there:
      scale = torch.pop(kept, -1)
      x = torch.pop(kept, -1)
      gx = (self).norm_vjp_at((self).split_heads(g, parts), x, scale, w, norm, trained, wanted, found, annotate(List[Tensor], []))
    return gx
