  # ---- Positions: rotary embedding in the half-split layout (Su et al. 2021), of whole heads or of their first values.

  # x [batch, seq, heads, head_dim]; cos, sin [..., seq, 1, rotary_dim] in x's dtype, of the first half of a head's values sin times -1: the other half
  # of a turned pair is x's values rolled by a half. back: turns the other way, which is what turns gradients; there nothing is rounded between.
  def rotate(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, back: bool) -> Tensor:
    if {{rotary_dim}} < {{head_dim}}:
      x1 = torch.narrow(x, -1, 0, {{rotary_dim}})
    else:
      x1 = x
    others = torch.roll(x1, [torch.floordiv({{rotary_dim}}, 2)], [-1])
    direct = torch.mul(x1, cos)
    if back:
      y = torch.addcmul_(direct, others, sin, value=-1)
    else:
      if torch.eq(ops.prim.dtype(x), 6):
        y = torch.addcmul_(direct, others, sin)
      else:
        y = torch.add_(direct, torch.mul_(others, sin))
    if {{rotary_dim}} < {{head_dim}}:
      y1 = torch.cat([y, torch.narrow(x, -1, {{rotary_dim}}, torch.sub({{head_dim}}, {{rotary_dim}}))], -1)
    else:
      y1 = y
    return y1

  # What is on positions, for x's dtype and shape.
  def of_heads(self: __torch__.K, table: Tensor, x: Tensor) -> Tensor:
    if torch.eq(torch.dim(table), 4):
      t = torch.transpose(table, 1, 2)
    else:
      t = torch.unsqueeze(table, 1)
    return torch.type_as(t, x)

  # q [batch, seq, heads, head_dim]; k [batch, seq, kv_heads, head_dim]
  def turn(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    if {{turns_in_float32}}:
      q0 = torch.to(q, 6)
      k0 = torch.to(k, 6)
    else:
      q0 = q
      k0 = k
    c = (self).of_heads(positions[0], q0)
    s = (self).of_heads(positions[1], q0)
    q1 = (self).rotate(q0, c, s, False)
    if torch.gt(torch.len(positions), 2):
      q2 = torch.mul_(q1, (self).of_heads(positions[2], q0))
    else:
      q2 = q1
    return (torch.type_as(q2, q), torch.type_as((self).rotate(k0, c, s, False), k))

  # of_q, of_k: whether there is a gradient of queries, of keys.
  def turn_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, of_q: bool, of_k: bool, positions: List[Tensor]) -> Tuple[Tensor, Tensor]:
    gq1 = gq
    gk1 = gk
    if {{turns_in_float32}}:
      like = torch.to(gq, 6)
    else:
      like = gq
    c = (self).of_heads(positions[0], like)
    s = (self).of_heads(positions[1], like)
    if of_q:
      if torch.gt(torch.len(positions), 2):
        gq0 = torch.mul(like, (self).of_heads(positions[2], like))
      else:
        gq0 = like
      gq1 = torch.type_as((self).rotate(gq0, c, s, True), gq)
    if of_k:
      gk1 = torch.type_as((self).rotate(torch.type_as(gk, like), c, s, True), gk)
    return (gq1, gk1)
