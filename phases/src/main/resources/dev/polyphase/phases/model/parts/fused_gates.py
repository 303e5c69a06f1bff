  # ---- Gate and what it lets through, as one projection gives them side by side: both [batch, seq, intermediate].

  def gates(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tuple[Tensor, Tensor]:
    gate, up, = torch.chunk((self).project(x, w, {{gate_up_proj}}), 2, -1)
    return (gate, up)

  def trains_gates(self: __torch__.K, trained: List[int]) -> bool:
    return (self).trains_projection(trained, {{gate_up_proj}})

  def mlp_reads(self: __torch__.K, trained: List[int]) -> bool:
    return (self).reads(trained, {{gate_up_proj}})

  # The gradient of x [tokens, hidden], if it is wanted, in a list.
  def gates_vjp(self: __torch__.K, gg: Tensor, gu: Tensor, x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, found: List[Optional[Tensor]]) -> List[Tensor]:
    gx = annotate(List[Tensor], [])
    _0 = (self).project_vjp(torch.cat([gg, gu], -1), x, trained, wanted, gx, found, w, {{gate_up_proj}})
    return gx
