
  def fed(self: __torch__.K, h: Tensor, w: List[Tensor]) -> Tensor:
    return (self).mlp(h, w, {{gate_proj.weight}}, {{up_proj.weight}}, {{down_proj.weight}})
