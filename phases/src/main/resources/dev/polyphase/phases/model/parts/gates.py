  # ---- Gate and what it lets through, as two projections give them: both [batch, seq, intermediate].

  def gates(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor]:
    gate = (self).project(x, w, {{gate_proj}})
    up = (self).project(x, w, {{up_proj}})
    return (gate, up)

  def trains_gates(self: __torch__.K, trained: List[int]) -> bool:
    return torch.__or__((self).trains_projection(trained, {{gate_proj}}), (self).trains_projection(trained, {{up_proj}}))

  def mlp_reads(self: __torch__.K, trained: List[int]) -> bool:
    return torch.__or__((self).reads(trained, {{gate_proj}}), (self).reads(trained, {{up_proj}}))

  # The gradient of x [tokens, hidden], if it is wanted, in a list.
  def gates_vjp(self: __torch__.K, gg: Tensor, gu: Tensor, x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, found: List[Optional[Tensor]]) -> List[Tensor]:
    gx = annotate(List[Tensor], [])
    _0 = (self).project_vjp(gg, x, trained, wanted, gx, found, w, {{gate_proj}})
    _1 = (self).project_vjp(gu, x, trained, wanted, gx, found, w, {{up_proj}})
    return gx
