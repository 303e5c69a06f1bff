  # ---- MLP: a gate and what it lets through (Shazeer 2020, eq. 6).

  def trains_mlp(self: __torch__.K, trained: List[int]) -> bool:
    return torch.__or__((self).trains_gates(trained), (self).trains_projection(trained, {{down_proj}}))

  # x, the result [batch, seq, hidden]. An MLP says nothing of its own. Kept are gate and up, and where no gradient goes through them their product.
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor], said: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor]) -> Tensor:
    gate, up, = (self).gates(x, w)
    through = torch.__or__(wanted, (self).trains_gates(trained))
    if through:
      _0 = torch.append(kept, gate)
      _1 = torch.append(kept, up)
    product = torch.mul_((self).activated(gate), up)
    if torch.__and__(torch.__not__(through), (self).reads(trained, {{down_proj}})):
      _2 = torch.append(kept, product)
    return (self).project(product, w, {{down_proj}})

  # of_outputs is experts'; g: the gradient of the result; x as it was, where mlp_reads says so. That of x, if it is wanted, else g.
  def mlp_vjp(self: __torch__.K, g: Tensor, of_outputs: List[Tensor], x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tensor:
    gx = g
    if torch.__or__(wanted, (self).trains_gates(trained)):
      up = torch.pop(kept, -1)
      gate = torch.pop(kept, -1)
      active = (self).activated(gate)
      products = annotate(List[Tensor], [])
      if (self).reads(trained, {{down_proj}}):
        _0 = torch.append(products, torch.mul(active, up))
      else:
        _1 = torch.append(products, active)
      sums = annotate(List[Tensor], [])
      _2 = (self).project_vjp(g, torch.pop(products, -1), trained, True, sums, found, w, {{down_proj}})
      gp = torch.reshape(torch.pop(sums, -1), torch.size(active))
      gu = torch.mul_(active, gp)
      gxs = (self).gates_vjp((self).activated_vjp_(torch.mul_(gp, up), gate), gu, x, w, trained, wanted, found)
      if wanted:
        gx = torch.reshape(gxs[0], torch.size(g))
    else:
      product = g
      if (self).reads(trained, {{down_proj}}):
        product = torch.pop(kept, -1)
      _3 = (self).project_vjp(g, product, trained, False, annotate(List[Tensor], []), found, w, {{down_proj}})
    return gx
