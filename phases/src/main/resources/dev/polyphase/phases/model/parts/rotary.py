  # ---- Positions: rotary embedding of whole heads in the half-split layout (Su et al. 2021).

  # x [batch, heads, seq, head_dim]; cos, sin [seq, head_dim] in x's dtype
  def rotate(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second, = torch.chunk(x, 2, -1)
    turned = torch.cat([torch.neg(second), first], -1)
    return torch.add(torch.mul(x, cos), torch.mul(turned, sin))
