  # ---- What all updates do with masters and gradients. With {{halves}} True a list of masters has the upper halves of all and behind them the lower ones.

  # g: a gradient, float32 as it is to be taken, or of 16 bits and still to be scaled -> float32
  def scaled(self: __torch__.K, g: Tensor, scale: float) -> Tensor:
    if torch.eq(ops.prim.dtype(g), 6):
      y = g
    else:
      y = torch.mul_(torch.to(g, 6), scale)
    return y

  # The lower half of the i-th master; where they are whole the master again.
  def lower(self: __torch__.K, masters: List[Tensor], i: int) -> Tensor:
    if {{halves}}:
      x = masters[torch.add(i, torch.floordiv(torch.len(masters), 2))]
    else:
      x = masters[i]
    return x

  # A master of a whole tensor: float32.
  def master(self: __torch__.K, upper: Tensor, lower: Tensor) -> Tensor:
    if {{halves}}:
      x = (self).joined(upper, lower)
    else:
      x = upper
    return x

  # Puts x, from master, back into the halves.
  def keep(self: __torch__.K, x: Tensor, upper: Tensor, lower: Tensor) -> Tensor:
    if {{halves}}:
      y = (self).halve(x, upper, lower)
    else:
      y = x
    return y
