  # ---- The norm's weight: what is normed is rounded, then multiplied by it.

  def normed(self: __torch__.K, x: Tensor, scale: Tensor, weight: Tensor) -> Tensor:
    return torch.mul_(torch.mul(x, scale, out=torch.empty_like(x)), torch.type_as(weight, x))

  def factor(self: __torch__.K, weight: Tensor, x: Tensor) -> Tensor:
    return torch.to(torch.type_as(weight, x), 6)
