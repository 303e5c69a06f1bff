  # ---- Positions: rotary embedding in the half-split layout (Su et al. 2021), of whole heads or of their first values.

  # x [batch, heads, seq, head_dim]; cos, sin [seq, rotary_dim] or [batch, 1, seq, rotary_dim] in x's dtype
  def rotate(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    if {{rotary_dim}} < {{head_dim}}:
      x1 = torch.narrow(x, -1, 0, {{rotary_dim}})
    else:
      x1 = x
    first, second, = torch.chunk(x1, 2, -1)
    turned = torch.cat([torch.neg(second), first], -1)
    y = torch.add(torch.mul(x1, cos), torch.mul(turned, sin))
    if {{rotary_dim}} < {{head_dim}}:
      y1 = torch.cat([y, torch.narrow(x, -1, {{rotary_dim}}, torch.sub({{head_dim}}, {{rotary_dim}}))], -1)
    else:
      y1 = y
    return y1

  # q [batch, heads, seq, head_dim]; k [batch, kv_heads, seq, head_dim]
  def turn(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    if {{turns_in_float32}}:
      q0 = torch.to(q, 6)
      k0 = torch.to(k, 6)
    else:
      q0 = q
      k0 = k
    c = torch.type_as(positions[0], q0)
    s = torch.type_as(positions[1], q0)
    q1 = (self).rotate(q0, c, s)
    if torch.gt(torch.len(positions), 2):
      q2 = torch.mul(q1, torch.type_as(positions[2], q0))
    else:
      q2 = q1
    return (torch.type_as(q2, q), torch.type_as((self).rotate(k0, c, s), k))
